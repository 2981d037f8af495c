"""Every kind of mistake in a scenario folder is found, with its file, its line and how to fix it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml
from PIL import Image

import consult.scenarios
from consult.scenarios import ScenarioError, UnknownNameError, load_scenario
from consult.scenarios.case_generator import TooFewCardsError
from consult.scenarios.checks.folder import check_folder

DERM34 = Path(consult.scenarios.__file__).parent / "derm34"


def worded(*words):
    """Five phrasings for each value, and as many of a child."""
    starts = ("I have {}", "there is {}", "I noticed {}", "I came with {}", "what bothers me is {}")
    return {
        word: {"phrasings": [start.format(word) for start in starts], "child": child("found", word)} for word in words
    }


def child(verb, word):
    return [f"my {who} {verb} {word}" for who in ("mum", "dad", "granny", "teacher", "sister")]


def no(topic):
    """Five phrasings of having none."""
    words = ("no {}", "never any {}", "without {}", "not one {}", "{} is nothing I have")
    return {"none": True, "phrasings": [text.format(topic) for text in words], "child": child("knows no", topic)}


def tables():
    """A valid scenario with tables."""
    times = ["for {duration}", "since {duration}", "{duration} now", "about {duration}", "roughly {duration}"]
    ages = ["I am {age}", "aged {age}", "my age is {age}", "I turned {age}", "{age} years old"]
    own = {
        "complaint": {"bumps": 1},
        "site": {"arm": 2, "cheek": 1},
        "morphology": {"wheals": 1},
        "sensation": {"itch": 3, "pain": 1},
        "duration": {"days": 1, "years": 1},
        "course": {"stable": 1, "growing": 1},
        "food": {"fish": 1, "none": 1},
        "age": {"child": 1, "adult": 1},
    }
    values = {
        "complaint": worded("bumps", "redness"),
        "site": {
            "arm": {**worded("arm")["arm"], "view": "skin"},
            "cheek": {**worded("cheek")["cheek"], "view": "face"},
        },
        "morphology": {
            "wheals": {"views": ["skin", "face"], "finding": "raised wheals"},
            "scaly_patch": {"views": ["skin", "face"], "finding": "a scaly patch"},
        },
        "sensation": worded("itch", "pain"),
        "duration": {
            "days": {"unit": "days", "low": 2, "high": 6},
            "years": {"unit": "years", "low": 2, "high": 9},
        },
        "course": worded("stable", "growing"),
        "food": {
            "fish": {
                "items": ["cod", "carp", "eel", "tuna", "trout"],
                "phrasings": [f"{verb} {{item}}" for verb in ("I ate", "I tried", "I cooked", "I had", "I bought")],
                "child": child("gave me", "{item}"),
            },
            "none": no("food"),
        },
        "age": {"child": {"low": 4, "high": 11}, "adult": {"low": 18, "high": 59}},
        "illness": {**worded("asthma", "gout"), "none": no("illness")},
        "medicine": {**worded("inhaler"), "none": no("medicine")},
        "alarm": {
            "none": no("alarm"),
            "fever": {**worded("fever")["fever"], "urgency": "urgent"},
        },
    }
    asked = ("site", "sensation", "duration", "course", "food", "age", "illness", "medicine", "alarm")
    plan = ["Keep cool.", {"say": "Leave fish out.", "when": {"food": ["fish"]}, "unless": [{"sex": ["male"]}]}]
    return {
        "scenario.yaml": {
            "name": "toy",
            "title": "A toy",
            "topics": {topic: f"the {topic}" for topic in asked},
            "splits": {"train": 200, "test": 4, "alarms": 4},
            "several": ["illness", "medicine"],
            "atypical": 0.1,
        },
        "labels.yaml": {
            "labels": {
                "hives": {
                    "aliases": ["urticaria", "nettle rash"],
                    "specialty": "allergy",
                    "second_specialty": "skin",
                    "look_alikes": ["eczema"],
                    "red_flags": {"fever": 0.1},
                    "plan": plan,
                    "safety_net": "Come back if it spreads.",
                },
                "eczema": {"aliases": ["atopic dermatitis"], "specialty": "skin", "look_alikes": ["hives"]},
            }
        },
        "findings.yaml": {
            "population": {
                "sex": {"female": 6, "male": 4},
                "food": {"none": 1},
                "illness": {"asthma": 0.3, "gout": 0.1},
                "medicine": {"inhaler": 0.5},
            },
            "findings": {
                "hives": own,
                "eczema": {**copy.deepcopy(own), "complaint": {"redness": 1}, "morphology": {"scaly_patch": 1}},
            },
        },
        "values.yaml": {"duration_phrasings": times, "age_phrasings": ages, "values": values},
        "names.yaml": {"names": {"female": ["Ann"], "male": ["Bob"]}},
        "rules.yaml": {
            "rules": [
                rule({"sensation": ["pain"]}, never={"site": ["cheek"]}),
                rule({"medicine": ["inhaler"]}, needs={"illness": ["asthma"]}),
            ]
        },
    }


def rule(when, **restriction):
    return {"when": when, **restriction, "because": "It cannot be."}


def cases():
    """A valid scenario with cases written by hand."""
    facts = [{"topic": "duration", "text": "I have had it for 3 years"}, {"topic": "site", "text": "on my arm"}]
    first = {"id": "one", "complaint": "it itches", "diagnosis": "hives", "facts": facts, "age": 30, "image": "a.png"}
    second = {"id": "two", "complaint": "my skin is dry", "diagnosis": "eczema"}
    return {
        "scenario.yaml": {
            "name": "toy",
            "title": "A toy",
            "topics": {"duration": "how long", "site": "where"},
            "examinations": {"palpation": "feeling it"},
        },
        "labels.yaml": mutated(tables(), L, PLAN, {"say": "Keep it clean.", "when": {"site": ["arm"]}})[L],
        "cases.jsonl": [first, second],
    }


def write(folder, files):
    for name, content in files.items():
        if content is None:
            (folder / name).unlink(missing_ok=True)
        elif isinstance(content, bytes | str):
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        elif name.endswith(".jsonl"):
            lines = [each if isinstance(each, str) else json.dumps(each) for each in content]
            (folder / name).write_text("\n".join(lines))
        else:
            (folder / name).write_text(yaml.safe_dump(content, sort_keys=False, width=200))
    Image.new("RGB", (4, 4)).save(folder / "a.png")


MISSING = object()


def mutated(files, file, place, value):
    """Set one entry; MISSING removes it, a function changes it, an empty place replaces the file."""
    if not place:
        return {**files, file: value}
    node = files[file]
    for step in place[:-1]:
        node = node[step]
    if value is MISSING:
        del node[place[-1]]
    else:
        node[place[-1]] = value(node[place[-1]]) if callable(value) else value
    return files


S, L, F, V, N, R = "scenario.yaml", "labels.yaml", "findings.yaml", "values.yaml", "names.yaml", "rules.yaml"
C = "cases.jsonl"
HIVES, ECZEMA = ("labels", "hives"), ("findings", "eczema")
PLAN = (*HIVES, "plan", 1)
WORDS, CHILD = (("values", "sensation", "itch", kind) for kind in ("phrasings", "child"))
RULE, PAIN = ("rules", 0), {"sensation": ["pain"]}


def first_is(text):
    return lambda texts: [text, *texts[1:]]


def at_the_face(entries):
    return {key: {**spec, "views": ["face"]} for key, spec in entries.items()}


TABLE_MISTAKES = [
    # file, place, value, the file of the problem, part of what is said
    (S, (), None, S, "is missing"),
    (S, (), "name: [", S, "not valid YAML"),
    (S, (), b"\xff\xfe", S, "UTF-16"),
    (S, (), "a: &x 1", S, "anchor"),
    (S, (), "name: 2024-13-45", S, "'2024-13-45' cannot be read as a date"),
    (S, (), yaml.safe_dump(tables()[S]) + "name: again\n", S, "'name' appears twice"),
    (S, (), "- 1", S, "the file is a list"),
    (S, (), "- " * 100_000 + "x", S, "nested too deeply"),
    (S, (), "", S, "the file is empty"),
    (S, ("colour",), "red", S, "'colour' is not known here"),
    (S, ("title",), MISSING, S, "'title' is missing"),
    (S, ("name",), "Not A Name", S, "'name'"),
    (S, ("topics", "weather"), "the weather", S, "'weather' is not in values.yaml"),
    (S, ("topics", "course"), MISSING, S, "nobody can ask about it"),
    (S, ("topics",), {}, S, "there are no topics"),
    (S, ("examinations",), {"course": "look"}, S, "the examination 'course' cannot be drawn"),
    (S, ("splits",), MISSING, S, "there are no splits"),
    (S, ("splits", "test"), 0, S, "the split 'test' is empty"),
    (S, ("splits", "dev"), 4, S, "'splits.dev' is not known here"),
    (S, ("overlap",), {"default": 0.5}, S, "'overlap' is not known here"),
    (S, ("atypical",), 0.2, S, "'atypical' is the number 0.2"),
    (S, ("several",), ["illness", "medicine", "drug"], S, "the field 'drug' of `several` is not in values.yaml"),
    (S, ("several",), ["illness", "medicine", "course"], S, "'course' of `several` has no value 'none'"),
    (S, ("several",), ["illness", "medicine", "site"], S, "a patient cannot have several values of 'site'"),
    (S, ("several",), ["illness", "medicine", "alarm"], S, "a patient cannot have several values of 'alarm'"),
    (S, ("splits", "alarms"), 3, S, "the split 'alarms' has pairs of cases, and 3 is odd"),
    (L, (*HIVES, "red_flags"), {}, S, "the split 'alarms' needs labels with red flags"),
    (S, ("drawing_styles",), ["clinic", "oil", "window"], S, "no drawing style 'oil'"),
    (S, ("drawing_styles",), ["window"], S, "no drawing style is left"),
    (S, ("held_out",), {"drawing_style": "oil"}, S, "'oil' is not among drawing_styles"),
    (S, ("held_out",), {"phrasings": 1}, S, "1 of the phrasings are held out"),
    (L, (), None, L, "is missing"),
    (L, ("labels", 2.5), {"specialty": 3}, L, "a key of 'labels' is the number 2.5"),
    (L, ("labels",), {}, L, "there are no labels"),
    (L, (*HIVES, "urgency"), "now", L, "urgency"),
    (L, (*HIVES, "urgency"), None, L, "the urgency of 'hives' is null, and its cases are drawn"),
    (L, (*HIVES, "specialty"), None, L, "the specialty of 'hives' is null, and its cases are drawn"),
    (L, (*HIVES, "look_alikes"), ["acne"], L, "the look-alike 'acne' is not a label"),
    (L, (*HIVES, "look_alikes"), ["hives"], L, "its own look-alike"),
    (L, (*HIVES, "second_specialty"), "surgery", L, "no label has 'surgery' as its first specialty"),
    (L, (*HIVES, "second_specialty"), "allergy", L, "is its first"),
    (L, (*HIVES, "aliases"), ["Eczema"], L, "names 'eczema', too"),
    (L, (*HIVES, "aliases"), ["atopic dermatitis"], L, "names 'hives', too"),
    (L, (*HIVES, "aliases"), ["wheals", "wheals"], L, "appears twice"),
    (L, (*HIVES, "red_flags"), {"fever": 1}, L, "add up to 1"),
    (L, (*HIVES, "red_flags"), {"coma": 0.1}, V, "the red flag 'coma' of 'hives'"),
    (L, ("labels", "acne"), {"specialty": "skin"}, F, "the label 'acne' has no tables"),
    (L, PLAN, {"say": "Rest.", "when": {"weather": ["cold"]}}, L, "the condition is about 'weather'"),
    (L, PLAN, {"say": "Rest.", "when": {"morphology": ["wheals"]}}, L, "the condition is about 'morphology'"),
    (L, PLAN, {"say": "Rest.", "unless": {"course": ["sudden"]}}, L, "'sudden' is not a value of 'course'"),
    (L, PLAN, {"say": "Rest.", "unless": [{"sex": ["man"]}]}, L, "'man' is not a value of 'sex'"),
    (L, PLAN, {"say": "Rest.", "when": {"course": []}}, L, "the condition names no value of 'course'"),
    (L, PLAN, {"say": "Rest.", "when": {"medicine": ["inhaler"], "illness": ["gout"]}}, L, "'Rest.' applies to "),
    (L, PLAN, {"text": "Rest."}, L, "'labels.hives.plan' entry 2 'text' is not known here"),
    (L, (*HIVES, "safety_net"), [{"say": "Rest.", "when": {"alarm": ["coma"]}}], L, "'coma' is not a value of 'alarm'"),
    (F, ("findings", "acne"), tables()[F]["findings"]["hives"], F, "'acne' is not in labels.yaml"),
    (F, ("findings",), {}, F, "there are no tables"),
    (F, (*ECZEMA, "course"), MISSING, F, "'eczema' has no field 'course'"),
    (F, (*ECZEMA, "colour"), {"red": 1}, F, "the field 'colour' is not in values.yaml"),
    (F, (*ECZEMA, "alarm"), {"fever": 1}, F, "no field may be called 'alarm'"),
    (F, (*ECZEMA, "course"), {}, F, "no values for 'course'"),
    (F, (*ECZEMA, "course"), {"sudden": 1}, F, "'sudden' is not a value of 'course'"),
    (F, (*ECZEMA, "course"), {"stable": 0}, F, "'findings.eczema.course.stable' is the number 0"),
    (F, (*ECZEMA, "course"), {"stable": float("inf")}, F, "the weight of 'stable' is inf"),
    (F, (*ECZEMA, "course"), {"stable": 1e308, "growing": 1e308}, F, "the weight of 'stable' is 1e+308"),
    (S, ("splits", "test"), 10**12, S, "'splits.test' is the number 1000000000000"),
    (F, (*ECZEMA, "course"), {"stable": "often"}, F, "course.stable' is the text 'often'"),
    (
        F,
        (*ECZEMA, "illness"),
        {"gout": 1.5},
        F,
        "patients can have several values of 'illness', and the share of 'gout'",
    ),
    (F, (*ECZEMA, "illness"), {"none": 0.5}, F, "and 'none' has a share"),
    (F, ("population", "weather"), {"cold": 1}, F, "the field 'weather' is not in values.yaml"),
    (F, ("population", "food"), {"meat": 1}, F, "'meat' is not a value of 'food'"),
    (F, ("population", "sex"), {"man": 1}, F, "'man' is not a value of 'sex'"),
    (F, ("population", "skin_type"), {"VII": 1}, F, "'VII' is not a value of 'skin_type'"),
    (F, ("population", "food"), {}, F, "'population' has no values for 'food'"),
    (F, ("population", "alarm"), {"fever": 1}, F, "no field may be called 'alarm'"),
    (R, RULE, {"when": {"food": ["fish"]}, "because": "So."}, R, "the rule restricts nothing"),
    (
        R,
        RULE,
        rule({"food": ["fish"]}, never=PAIN, only={"site": ["arm"]}),
        R,
        "the rule restricts twice, by never and only",
    ),
    (
        R,
        RULE,
        rule({"food": ["fish"], "site": ["arm"]}, never=PAIN),
        R,
        "'when' of the rule names 2 fields: food, site",
    ),
    (R, RULE, rule({}, never=PAIN), R, "'when' of the rule names 0 fields"),
    (R, RULE, rule({"weather": ["cold"]}, never=PAIN), R, "the field 'weather' is not in values.yaml"),
    (R, RULE, rule({"food": ["meat"]}, never=PAIN), R, "'meat' is not a value of 'food'"),
    (R, RULE, rule({"food": []}, never=PAIN), R, "the rule names no value of 'food'"),
    (R, RULE, rule({"view": ["throat"]}, never=PAIN), R, "no site has the view 'throat'"),
    (R, RULE, rule({"view": ["face"]}, never={"age": ["child"]}), R, "the rule is about 'view' and 'age'"),
    (R, RULE, rule({"sensation": ["itch"]}, never=PAIN), R, "the rule restricts 'sensation' by 'sensation' itself"),
    (R, RULE, rule({"food": ["fish"]}, only={"sensation": ["itch", "pain"]}), R, "lists every value of 'sensation'"),
    (R, RULE, rule({"illness": ["gout"]}, needs={"medicine": ["inhaler"]}), R, "'illness' is drawn before 'medicine'"),
    (R, RULE, rule({"food": ["fish"]}, only={"illness": ["gout"]}), R, "the rule demands a value of 'illness'"),
    (
        R,
        RULE,
        rule({"age": ["adult", "child"]}, never={"sensation": ["itch", "pain"]}),
        F,
        "has no value of 'sensation'",
    ),
    (R, RULE, {"when": {"food": ["fish"]}, "never": PAIN}, R, "'rules' entry 1 'because' is missing"),
    (V, ("values", "course", "stable", "sites"), ["elbow"], V, "there is no site 'elbow'"),
    (V, ("values", "course", "stable", "sexes"), ["woman"], V, "entry 1 is the text 'woman'"),
    (
        R,
        RULE,
        rule({"alarm": ["fever"]}, only={"complaint": ["redness"]}),
        L,
        "no patient with 'hives' can have the red flag",
    ),
    (V, CHILD, ["it hurts"], V, "'sensation.itch.child' has 1 phrasings"),
    (V, CHILD, first_is("it hurts."), V, "full stop"),
    (V, CHILD, first_is("I have pain there"), V, "contains 'I have pain', which says 'sensation.pain'"),
    (V, CHILD, first_is("mum says it is hives"), V, "names the diagnosis 'hives'"),
    (V, CHILD, first_is("it itches from {item}"), V, "wrong slots"),
    (V, CHILD, MISSING, V, "'sensation.itch' has no `child` phrasings"),
    (V, ("child_age_phrasings",), [f"I'm {n}" for n in range(5)], V, "wrong slots"),
    (V, ("child_duration_phrasings",), ["for {duration}"], V, "has 1 phrasings"),
    (V, ("values", "site", "arm", "view"), MISSING, V, "the site 'arm' needs exactly one view"),
    (V, ("values", "site", "arm", "view"), "elbow", V, "there is no view 'elbow'"),
    (V, ("values", "site", "arm", "view"), "throat", F, "no morphology for the site 'arm'"),
    (V, ("values", "complaint"), at_the_face, F, "no complaint for the site 'arm'"),
    (V, ("values", "morphology", "wheals"), {"views": ["throat"], "finding": "x"}, V, "cannot be drawn in the view"),
    (V, ("values", "morphology", "wheals", "finding"), MISSING, V, "has no finding"),
    (V, ("values", "morphology", "wheals", "views"), MISSING, V, "does not name its views"),
    (V, ("values", "morphology", "wheels"), {"views": ["skin"], "finding": "x"}, V, "nothing draws the morphology"),
    (V, ("values", "course", "stable", "ages"), ["baby"], V, "no age band 'baby'"),
    (V, ("values", "age", "adult", "high"), 200, V, "ends at 200"),
    (V, ("values", "age", "adult"), {}, V, "has no years"),
    (V, ("values", "age", "adult", "low"), 70, V, "low 70 is above high 59"),
    (V, ("values", "duration", "days", "unit"), MISSING, V, "has no unit"),
    (V, ("values", "duration", "days", "low"), 0, V, "begins at 0"),
    (
        V,
        ("values", "duration", "years"),
        {"unit": "years", "low": 15, "high": 20},
        V,
        "begins at 15 years, the age band 'child' at 4",
    ),
    (V, ("values", "age", "child", "low"), 1, V, "the age band 'child' at 1"),
    (V, ("values", "alarm", "none"), MISSING, V, "no value 'none'"),
    (V, ("values", "alarm", "none", "none"), MISSING, V, "does not say `none: true`"),
    (V, WORDS, [], V, "has no phrasings"),
    (V, WORDS, ["it itches"], V, "has 1 phrasings"),
    (V, WORDS, first_is("  "), V, "an empty phrasing"),
    (V, WORDS, first_is("There is itch!"), V, "appears twice"),
    (V, WORDS, first_is("it itches."), V, "full stop"),
    (V, WORDS, first_is("it is hives"), V, "names the diagnosis 'hives'"),
    (V, WORDS, first_is("some Nettle Rash"), V, "names the diagnosis 'hives'"),
    (V, WORDS, first_is("I have pain and itch"), V, "contains 'I have pain', which says 'sensation.pain'"),
    (V, WORDS, first_is("it itches from {item}"), V, "wrong slots"),
    (V, ("values", "food", "fish", "items"), MISSING, V, "wrong slots"),
    (V, ("values", "food", "fish", "items"), ["cod", "eel"], V, "has 2 items"),
    (V, ("values", "food", "fish", "items"), ["a", "b", "c", "d", "d"], V, "the item 'd' appears twice"),
    (V, ("values", "food", "fish", "items"), ["hives", "b", "c", "d", "e"], V, "names the diagnosis"),
    (V, ("values", "food", "fish", "phrasings"), first_is("I ate fish"), V, "wrong slots"),
    (V, ("duration_phrasings",), first_is("for long"), V, "wrong slots"),
    (V, ("age_phrasings",), first_is("I am old"), V, "wrong slots"),
    (V, ("age_phrasings",), [], V, "'age_phrasings' is empty"),
    (N, ("names", "male"), MISSING, N, "no male names"),
    (N, (), None, N, "is missing"),
    (C, (), "{}", C, "is not read beside findings.yaml"),
]

ONE = lambda **more: lambda found: [{**found[0], **more}, found[1]]  # noqa: E731
LONG = [{"topic": "duration", "text": "I have had it for forty-five or 45 years"}]
TWINS = [{"topic": "site", "text": "arm", "id": "x"}, {"topic": "site", "text": "leg", "id": "x"}]

CASE_MISTAKES = [
    (C, (), None, C, "is missing"),
    (C, (), "", C, "has no cases"),
    (C, (1,), "{", C, "not valid JSON"),
    (C, (1,), "9" * 5_000, C, "not valid JSON"),
    (C, (0, "colour"), "red", C, "'colour'"),
    (C, (0, "complaint"), MISSING, C, "'complaint'"),
    (C, (0, "age"), 130, C, "'age'"),
    (C, (0, "id"), "two", C, "the id 'two' occurs twice"),
    (C, (0, "diagnosis"), "acne", C, "'acne' is not in labels.yaml"),
    (C, (0, "diagnosis"), "eczema", L, "no case has the label 'hives'"),
    (C, (0, "specialty"), "surgery", C, "the specialty 'surgery'"),
    (C, (0, "image"), "../a.png", C, "outside the folder"),
    (C, (0, "image"), "b.png", C, "no image 'b.png'"),
    (C, (0, "image"), "scenario.yaml", C, "is not a JPEG, PNG, WebP or DICOM"),
    (C, (0, "image"), "cut.png", C, "cannot be read as a picture"),
    (C, (0, "image"), "huge.png", C, "64 megapixels"),
    (C, (0, "complaint"), "I think it is urticaria", C, "the fact 'complaint' names the diagnosis 'hives'"),
    (C, (0, "facts", 1, "text"), "hives on my arm", C, "names the diagnosis 'hives'"),
    (C, (0, "examinations"), [{"topic": "palpation", "text": "feels like hives"}], C, "names the diagnosis"),
    (C, (0, "facts", 1, "topic"), "place", C, "the topic 'place' is not in scenario.yaml"),
    (C, (0, "examinations"), [{"topic": "mri", "text": "fine"}], C, "the examination 'mri'"),
    (C, (0, "facts"), LONG, C, "says 45 years of a patient aged 30"),
    (C, (0, "age"), 2, C, "says 3 years of a patient aged 2"),
    (C, (0, "facts"), TWINS, C, "the fact id 'x' occurs twice"),
    (L, (*HIVES, "look_alikes"), ["acne"], L, "is not a label"),
    (L, PLAN, {"say": "Rest.", "when": {"food": ["fish"]}}, L, "the condition is about 'food', which is not a topic"),
    (L, (), "labels: 3", L, "labels"),
    (S, ("topics",), {}, S, "there are no topics"),
]


def checked(folder, files, mistake):
    file, place, value, *_ = mistake
    folder = folder / "toy"
    folder.mkdir()
    write(folder, mutated(files, file, place, value))
    if value == "huge.png":
        Image.new("1", (8_000, 8_000)).save(folder / "huge.png")
    Image.effect_noise((64, 64), 50).save(folder / "cut.png")
    (folder / "cut.png").write_bytes((folder / "cut.png").read_bytes()[:1_000])
    return check_folder(folder)


def named(mistake):
    return f"{mistake[0]}-{mistake[4][:40]}"


@pytest.mark.slow
@pytest.mark.parametrize("mistake", TABLE_MISTAKES, ids=named)
def test_a_mistake_in_tables_is_found(tmp_path, mistake):
    assert_found(checked(tmp_path, tables(), mistake), *mistake[3:])


@pytest.mark.parametrize("mistake", CASE_MISTAKES, ids=named)
def test_a_mistake_in_cases_is_found(tmp_path, mistake):
    assert_found(checked(tmp_path, cases(), mistake), *mistake[3:])


def assert_found(problems, file, what):
    hits = [p for p in problems if p.file == file and what in p.what]
    assert hits, [str(p) for p in problems]
    whole_file = ("is missing", "UTF-8", "UTF-16", "cannot be read (", "is not read beside", "has no cases")
    for problem in problems:
        assert problem.fix and problem.what
        assert problem.line > 0 or any(words in problem.what for words in whole_file), problem
    # One slip does not bring forth a flood.
    assert len(problems) <= 8, [str(p) for p in problems]


@pytest.mark.slow
@pytest.mark.parametrize("mistake", [*TABLE_MISTAKES, *CASE_MISTAKES], ids=named)
def test_loading_plays_or_refuses_with_a_sentence(tmp_path, mistake):
    """Whatever the mistake, loading and drawing end in cases or in a user's error."""
    files = cases() if mistake in CASE_MISTAKES else tables()
    try:
        checked(tmp_path, files, mistake)
        scenario = load_scenario(str(tmp_path / "toy"))
    except ScenarioError as error:
        assert error.problems
        return
    try:
        for split in scenario.splits:
            for case_id in scenario.case_ids(split)[:4]:
                assert scenario.case(case_id).id == case_id
    except TooFewCardsError as error:
        assert error.what and error.fix


@pytest.mark.parametrize("files", [tables, cases])
def test_a_valid_folder_has_no_mistakes(tmp_path, files):
    write(tmp_path, files())
    assert check_folder(tmp_path) == []
    scenario = load_scenario(str(tmp_path))
    assert all(scenario.case(i) for split in scenario.splits for i in scenario.case_ids(split))


@pytest.mark.slow
def test_derm34_has_no_mistakes():
    assert check_folder(DERM34) == []


def test_no_folder():
    (problem,) = check_folder(Path("/nowhere/at/all"))
    assert "is not a folder" in problem.what


def test_an_empty_folder(tmp_path):
    assert {p.file for p in check_folder(tmp_path)} == {"scenario.yaml", "cases.jsonl"}


def test_lines_are_those_of_the_entries(tmp_path):
    files = mutated(tables(), F, (*ECZEMA, "course"), {"sudden": 1})
    write(tmp_path, files)
    (problem,) = check_folder(tmp_path)
    assert "sudden" in (tmp_path / F).read_text().splitlines()[problem.line - 1]
    assert str(problem).startswith(f"{F}:{problem.line}: ")


def test_several_mistakes_are_all_found(tmp_path):
    files = tables()
    mistakes = [
        (S, ("several",), ["colour"]),
        (S, ("splits", "test"), 0),
        (L, (*HIVES, "look_alikes"), ["acne"]),
        (L, (*HIVES, "aliases"), ["eczema"]),
        (F, (*ECZEMA, "course"), {"sudden": 1}),
        (F, (*ECZEMA, "duration"), MISSING),
        (V, WORDS, first_is("it is hives.")),
        (N, ("names", "male"), MISSING),
    ]
    for mistake in mistakes:
        files = mutated(files, *mistake)
    write(tmp_path, files)
    found = "\n".join(map(str, check_folder(tmp_path)))
    for what in ("colour", "is empty", "'acne'", "names 'eczema'", "'sudden'", "'duration'", "full stop", "male"):
        assert what in found
    assert "names the diagnosis 'hives'" in found


def test_mistakes_beside_entries_that_are_no_such_thing_are_found(tmp_path):
    files = tables()
    mistakes = [
        (L, (*HIVES, "urgency"), "now"),
        (L, (*HIVES, "red_flags"), {"fever": 7}),
        (L, (*HIVES, "look_alikes"), ["acne"]),
        (L, (*HIVES, "colour"), "red"),
        (F, (*ECZEMA, "course"), {"sudden": 1, "stable": -1}),
        (V, ("values", "duration", "days", "high"), 1),
        (V, ("values", "course", "stable", "none"), "perhaps"),
        (V, WORDS, first_is("it is hives")),
        (V, ("values", "course", "growing", "phrasings"), [1, "a", 2, "it grows.", "b"]),
    ]
    for mistake in mistakes:
        files = mutated(files, *mistake)
    write(tmp_path, files)
    found = [str(problem) for problem in check_folder(tmp_path)]
    wanted = (
        "urgency'",
        "red_flags.fever'",
        "'acne' is not a label",
        "'labels.hives.colour' is not known",
        "'sudden' is not a value",
        "course.stable' is the number -1",
        "low 2 is above high 1",
        "stable.none'",
        "names the diagnosis 'hives'",
        "phrasings' entry 1",
        "phrasings' entry 3",
        "'it grows.' ends with a full stop",
    )
    assert [what for what in wanted if not any(what in problem for problem in found)] == []
    # Nothing is said of what is missing only because it was left out; two numbers leave three phrasings.
    assert len(found) <= len(wanted) + 1, found


def test_mistakes_of_other_files_are_found_beside_a_broken_one(tmp_path):
    files = {**tables(), S: "name: [", V: "values: 3"}
    files[L]["labels"]["hives"]["look_alikes"] = ["acne"]
    del files[F]["findings"]["hives"]["course"]
    write(tmp_path, files)
    problems = check_folder(tmp_path)
    assert {p.file for p in problems} == {S, V, L, F}


def test_several_mistakes_of_cases_are_all_found(tmp_path):
    files = cases()
    files[C] = ["{", {**files[C][0], "diagnosis": "acne", "image": "b.png"}, files[C][1], files[C][1], "[]"]
    write(tmp_path, files)
    assert [p.line for p in check_folder(tmp_path)] == [1, 2, 2, 4, 5]


@pytest.mark.slow
def test_tables_too_small_for_the_splits(tmp_path):
    files = tables()
    files[F]["population"] = {}
    files[V]["values"]["duration"]["days"]["high"] = 2
    for label in files[F]["findings"].values():
        label |= {"site": {"arm": 1}, "sensation": {"itch": 1}, "course": {"stable": 1}, "food": {"none": 1}}
        label |= {"age": {"adult": 1}, "duration": {"days": 1}, "morphology": {"wheals": 1}, "complaint": {"bumps": 1}}
    write(tmp_path, files)
    problems = check_folder(tmp_path)
    assert problems and all("leave no card for the split" in p.what for p in problems)


def test_an_age_band_without_a_value(tmp_path):
    files = tables()
    for key in ("stable", "growing"):
        files[V]["values"]["course"][key]["ages"] = ["adult"]
    write(tmp_path, files)
    whats = [p.what for p in check_folder(tmp_path)]
    assert whats and all("no value of 'course' for the age band 'child'" in what for what in whats)


def test_open_diagnoses_may_not_be_named_either(tmp_path):
    files = cases()
    files[C][1]["complaint"] = "my eczema is back"
    write(tmp_path, {k: v for k, v in files.items() if k != L})
    (problem,) = check_folder(tmp_path)
    assert "names the diagnosis 'eczema'" in problem.what


def test_an_unknown_scenario_gives_the_menu():
    with pytest.raises(UnknownNameError, match="no scenario 'derm43'; there are: derm34"):
        load_scenario("derm43")


@pytest.mark.parametrize("depth", [61, 500, 700, 900, 100_000])
@pytest.mark.parametrize("field", ["diagnosis", "facts", "extra"])
def test_a_line_that_is_nested_too_deeply_is_one_sentence(tmp_path, depth, field):
    (tmp_path / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {site: where it is}\n")
    deep = f'{{"id": "a", "complaint": "It hurts", "{field}": {"[" * depth}{"]" * depth}}}'
    (tmp_path / "cases.jsonl").write_text(f"{deep}\n")
    (said,) = map(str, check_folder(tmp_path))
    assert said == "cases.jsonl:1: is not valid JSON: it is nested too deeply; write it flat"
    with pytest.raises(ScenarioError, match="nested too deeply"):
        load_scenario(str(tmp_path))


def test_many_brackets_beside_each_other_are_not_deep(tmp_path):
    (tmp_path / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {site: where it is}\n")
    facts = [{"topic": "site", "text": f"spot {i} ((["} for i in range(100)]
    (tmp_path / "cases.jsonl").write_text(json.dumps({"id": "a", "complaint": "It hurts", "facts": facts}) + "\n")
    assert check_folder(tmp_path) == []
