"""Mistakes of people who write case files, each with the one sentence that it is told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from PIL import Image

from consult.scenarios import ScenarioError, UnknownNameError, load_scenario
from consult.scenarios.checks.folder import check, check_folder

SCENARIO = """\
name: ward
title: A ward
topics: {site: where it is, duration: how long, sensation: what it feels like}
examinations: {temperature: taking the temperature}
"""
LABELS = """\
labels:
  impetigo: {specialty: dermatology, urgency: soon, aliases: [school sores], look_alikes: [chickenpox]}
  chickenpox: {specialty: paediatrics, urgency: soon, aliases: [varicella]}
"""
FIRST: dict[str, Any] = {
    "id": "a",
    "complaint": "I have crusts",
    "diagnosis": "impetigo",
    "age": 6,
    "sex": "female",
    "facts": [{"topic": "site", "text": "on my nose"}],
    "image": "a.png",
}
SECOND = {"id": "b", "complaint": "I am covered in spots", "diagnosis": "chickenpox"}
LINE, LAST = json.dumps(FIRST), json.dumps(SECOND)

OF_A_LIBRARY = (
    "Input should", "valid string", "pydantic", "pattern", "regex", "Expecting", "type=", "[A-Za-z", "^[", "errno",
    "NoneType", "Error", "expected", "dict", "literal", "tuple",
)  # fmt: skip


@pytest.fixture
def ward(tmp_path):
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "labels.yaml").write_text(LABELS)
    (tmp_path / "cases.jsonl").write_text(f"{LINE}\n{LAST}\n")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    return tmp_path


def told(folder):
    said = [str(problem) for problem in check_folder(folder)]
    for sentence in said:
        assert re.match(r"[\w.]+(:\d+)?: .+; .+", sentence), sentence
        assert "\n" not in sentence and not sentence.endswith("."), sentence
        assert not [words for words in OF_A_LIBRARY if words in sentence], sentence
    return said


def fact(**fields):
    return {"facts": [{"topic": "site", "text": "on my nose", **fields}]}


FIRST_WORDS = "write what the patient says first, one clause without a full stop"
YEARS = "write whole years from 0 to 120, without quotes, or leave it out"
AN_ID = "write an id of letters, figures, dots, dashes and underscores, beginning with a letter or figure"
A_FACT = 'such as {"topic": "site", "text": "it is on my arm"}'
FACTS = 'such as [{"topic": "site", "text": "it is on my arm"}]'
STOP = "remove it: sentences are built around it"
KEYS = (
    "id, complaint, facts, examinations, diagnosis, specialty, urgency, image, images, name, age, sex, skin_type, "
    "temperament, split"
)

FIELDS = [
    ({"sex": "F"}, "'sex' is the text 'F'; write 'female'"),
    ({"age": 1e308}, f"'age' is the number 1e+308; {YEARS}"),
    ({"age": "1000"}, f"'age' is the text '1000'; {YEARS}"),
    ({"age": 121.0}, f"'age' is the number 121.0; {YEARS}"),
    ({"sex": "Male"}, "'sex' is the text 'Male'; write 'male'"),
    ({"sex": "woman"}, "'sex' is the text 'woman'; write 'female'"),
    ({"sex": "unknown"}, "'sex' is the text 'unknown'; write one of: female, male, or leave it out"),
    ({"sex": 1}, "'sex' is the number 1; write one of: female, male, or leave it out"),
    ({"sex": ""}, "'sex' is an empty text; leave it out, or write one of: female, male"),
    ({"age": "6"}, "'age' is the text '6'; write 6 without quotes"),
    ({"age": "6.0"}, "'age' is the text '6.0'; write 6 without quotes"),
    ({"age": "six"}, f"'age' is the text 'six'; {YEARS}"),
    ({"age": 6.0}, "'age' is the number 6.0; write 6 without decimals"),
    ({"age": 0.5}, f"'age' is the number 0.5; {YEARS}"),
    ({"age": 1987}, f"'age' is the number 1987; {YEARS}"),
    ({"age": -1}, f"'age' is the number -1; {YEARS}"),
    ({"age": True}, f"'age' is true; {YEARS}"),
    ({"age": float("nan")}, f"'age' is not a finite number; {YEARS}"),
    ({"age": [6]}, f"'age' is a list; {YEARS}"),
    ({"skin_type": "2"}, "'skin_type' is the text '2'; write 2 without quotes"),
    (
        {"skin_type": 9},
        "'skin_type' is the number 9; write a whole number from 1 to 6, without quotes, or leave it out",
    ),
    ({"id": 7}, "'id' is the number 7; put it in quotes"),
    ({"id": "a 1"}, f"'id' is the text 'a 1'; {AN_ID}"),
    ({"id": "a "}, "'id' is the text 'a ', with a space at an end; write 'a'"),
    ({"id": None}, f"'id' is null; {AN_ID}"),
    ({"complaint": ""}, f"'complaint' is an empty text; {FIRST_WORDS}"),
    ({"complaint": None}, f"'complaint' is null; {FIRST_WORDS}"),
    ({"complaint": ["x"]}, f"'complaint' is a list; {FIRST_WORDS}"),
    ({"complaint": {"text": "x"}}, f"'complaint' is an object in curly brackets; {FIRST_WORDS}"),
    ({"complaint": "x" * 2_001}, "'complaint' has 2,001 characters; shorten it to 2,000 at most"),
    ({"complaint": "  "}, "the complaint is empty; write what it says, or remove it"),
    ({"complaint": "I itch."}, f"the complaint ends with a full stop: 'I itch.'; {STOP}"),
    ({"complaint": " I itch"}, "the complaint has a space or line end before or after it: 'I itch'; remove the space"),
    ({"complaint": "I\nitch"}, "the complaint runs over several lines; write it on one line, or as several facts"),
    (
        {"complaint": "I have\u200bcrusts"},
        "the complaint contains a control character or an invisible one, U+200B after 'I have'; type it again without",
    ),
    ({"diagnosis": "Impetigo"}, "the diagnosis 'Impetigo' is not in labels.yaml; write 'impetigo'"),
    ({"diagnosis": "impetigo "}, "the diagnosis 'impetigo ' is not in labels.yaml; write 'impetigo'"),
    ({"diagnosis": "impetiggo"}, "the diagnosis 'impetiggo' is not in labels.yaml; write 'impetigo'"),
    (
        {"diagnosis": "varicella"},
        "the diagnosis 'varicella' is not in labels.yaml; write 'chickenpox', of which 'varicella' is an alias",
    ),
    (
        {"diagnosis": "gout"},
        "the diagnosis 'gout' is not in labels.yaml; use a label's exact name: impetigo, chickenpox",
    ),
    ({"diagnosis": ""}, "'diagnosis' is an empty text; leave it out, or write a text"),
    ({"diagnosis": ["impetigo"]}, "'diagnosis' is a list; write a text, or leave it out"),
    ({"urgency": "Urgent"}, "'urgency' is the text 'Urgent'; write 'urgent'"),
    (
        {"urgency": "high"},
        "'urgency' is the text 'high'; write one of: routine, soon, urgent, emergency, or leave it out",
    ),
    ({"specialty": "Dermatology"}, "the specialty 'Dermatology' is not in labels.yaml; write 'dermatology'"),
    ({"split": "dev"}, "'split' is the text 'dev'; write 'validation'"),
    ({"name": None}, "'name' is null; leave it out, or write a text"),
    ({"image": "A.PNG"}, "there is no image 'A.PNG'; write 'a.png'"),
    ({"image": "a.jpg"}, "there is no image 'a.jpg'; write 'a.png'"),
    ({"image": " a.png"}, "there is no image ' a.png'; write 'a.png'"),
    ({"image": "photos\\a.png"}, "there is no image 'photos\\a.png'; write 'a.png'"),
    ({"image": "b.png"}, "there is no image 'b.png'; add the file, or correct the path"),
    (
        {"image": "https://x.org/a.png"},
        "the image 'https://x.org/a.png' is an address; save it in the folder, and write its path there",
    ),
    ({"image": "../a.png"}, "the image '../a.png' lies outside the folder; copy it into the folder"),
    ({"image": ""}, "'image' is an empty text; leave it out, or write the path of an image inside the folder"),
    ({"image": "labels.yaml"}, "the image 'labels.yaml' is not a JPEG, PNG, WebP or DICOM picture; convert it first"),
    ({"facts": None}, f"'facts' is null; leave it out, or write a list {FACTS}"),
    ({"facts": "on my nose"}, f"'facts' is the text 'on my nose'; write a list {FACTS}, or leave it out"),
    ({"facts": {"site": "x"}}, f"'facts' is an object in curly brackets; write a list {FACTS}, or leave it out"),
    ({"facts": ["on my nose"]}, f"'facts' entry 1 is the text 'on my nose'; write an entry {A_FACT}"),
    ({"facts": [None]}, f"'facts' entry 1 is null; write an entry {A_FACT}"),
    (
        fact(text=""),
        "'facts' entry 1 'text' is an empty text; write what is said or found, one clause without a full stop",
    ),
    (fact(text=3), "'facts' entry 1 'text' is the number 3; put it in quotes"),
    (fact(text=" "), "the fact 'site' is empty; write what it says, or remove it"),
    (fact(text="on my nose."), f"the fact 'site' ends with a full stop: 'on my nose.'; {STOP}"),
    (fact(text="here "), "the fact 'site' has a space or line end before or after it: 'here'; remove the space"),
    (fact(none="true"), "'facts' entry 1 'none' is the text 'true'; write true without quotes"),
    (fact(value=3), "'facts' entry 1 'value' is the number 3; put it in quotes"),
    (
        fact(note="x"),
        "'facts' entry 1 'note' is not known here; remove it, or choose from: topic, text, id, none, value",
    ),
    (fact(topic="Site "), "the topic 'Site ' is not in scenario.yaml; write 'site'"),
    (fact(topic="durration"), "the topic 'durration' is not in scenario.yaml; write 'duration'"),
    (
        fact(topic="weather"),
        "the topic 'weather' is not in scenario.yaml; choose from: site, duration, sensation, or add it there",
    ),
    (fact(topic="temperature"), "'temperature' is an examination, not a topic; move the entry to 'examinations'"),
    (
        {"examinations": [{"topic": "site", "text": "on the nose"}]},
        "'site' is a topic, not an examination; move the entry to 'facts'",
    ),
    (
        {"examinations": [{"topic": "temperature", "text": "normal."}]},
        f"the examination 'temperature' ends with a full stop: 'normal.'; {STOP}",
    ),
    (
        {"facts": [{"topic": "site", "text": "on my nose"}, {"topic": "site", "text": "On my nose"}]},
        "the fact 'site-2' says the same as the fact 'site'; remove one",
    ),
    ({"gender": "female"}, "'gender' is not known here; remove it, since 'sex' is there already"),
    ({"colour": "red"}, f"'colour' is not known here; remove it, or choose from: {KEYS}"),
]


@pytest.mark.parametrize(("fields", "sentence"), FIELDS, ids=lambda value: str(value)[:50])
def test_a_field_of_a_case(ward, fields, sentence):
    (ward / "cases.jsonl").write_text(f"{json.dumps(FIRST | fields)}\n{LAST}\n")
    line = 2 if fields.get("id") == "b" else 1
    assert told(ward) == [f"cases.jsonl:{line}: {sentence}"]


@pytest.mark.parametrize(
    ("key", "written"),
    [("sex", "gender"), ("diagnosis", "label"), ("complaint", "complant"), ("image", "photo"), ("age", "Age ")],
)
def test_a_misspelt_key_is_told_once_with_the_right_one(ward, key, written):
    (ward / "cases.jsonl").write_text(LINE.replace(f'"{key}"', f'"{written}"') + f"\n{LAST}\n")
    assert told(ward) == [f"cases.jsonl:1: '{written}' is not known here; write '{key}' instead"]


LINES = [
    (LINE + LAST, "is not valid JSON at character {end}: something follows the object; write one object per line"),
    (LINE + ",", "is not valid JSON at character {end}: a comma follows the object; remove it"),
    (str(FIRST), 'is not valid JSON at character 2: it uses single quotation marks; use double ones (")'),
    (LINE.replace('"id"', "\u201cid\u201d"), "it uses typographic quotation marks; use straight ones"),
    (LINE.replace('"id"', "id"), "at character 2: a key lacks its quotation marks; put it in double ones"),
    (LINE.replace(" 6", " None"), "it uses a word of Python; write null, true or false"),
    ("# cases", "is not valid JSON at character 1: it is a comment; remove the line"),
    (LINE[:-1] + ', "age": 7}', "'age' appears twice, and only the last would count; remove one"),
    (
        LINE.replace("a.png", "x\\a.png"),
        "a backslash does not begin a known character; write two for one, or / in the path",
    ),
    (LINE[:-1], "the line ends before the object does; write each object on one line, up to its closing bracket"),
    (LINE[:-1] + ",}", "there is a comma before a closing bracket; remove it"),
    (LINE.replace('"a", ', '"a" '), "a comma is missing, or a quotation mark inside a text lacks its backslash; add"),
    (LINE.replace("crusts", '"crusts"'), "a quotation mark inside a text lacks its backslash; add a comma, or write"),
    (LINE.replace("crusts", "cru\tsts"), "a text contains a tab or another control character; write a space instead"),
    (LINE.replace("crusts", "\\ud83d"), "'complaint' contains half of a character; write the character itself"),
    ('"a text"', "the line is the text 'a text'; write one object in curly brackets"),
    ("null", "the line is null; write one object in curly brackets"),
    (f"[{LINE}]", "the line is a list; write each of its objects on a line of its own, without the outer brackets"),
]


@pytest.mark.parametrize(("line", "sentence"), LINES, ids=lambda value: str(value)[-40:])
def test_a_line_that_is_no_object(ward, line, sentence):
    # Second, so that nothing is taken for a mistake of the whole file.
    (ward / "cases.jsonl").write_text(f"{LAST}\n{line}\n", encoding="utf-8")
    (said,) = told(ward)
    assert said.startswith("cases.jsonl:2: ") and sentence.format(end=len(LINE) + 1) in said


PRETTY = f"{json.dumps(FIRST, indent=1)}\n{json.dumps(SECOND, indent=1)}"
WHOLE = [
    (json.dumps([FIRST, SECOND], indent=1).encode(), "contains one JSON list over several lines, of 2 entries; remove"),
    (PRETTY.encode(), "contains objects over several lines; write each case on one line of its own"),
    (
        b"id,complaint,diagnosis\na,I itch,impetigo\nb,I burn,chickenpox\n",
        "contains a table instead of one JSON object",
    ),
    (f"{LINE}\n{LAST}\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
    (LINE.replace("crusts", "M\u00fcdigkeit").encode("latin-1"), "is not UTF-8 at"),
]


@pytest.mark.parametrize(("content", "sentence"), WHOLE, ids=lambda value: str(value)[:30])
def test_a_file_that_is_not_written_in_lines_is_told_once(ward, content, sentence):
    (ward / "cases.jsonl").write_bytes(content)
    (said,) = told(ward)
    assert said.startswith((f"cases.jsonl:1: {sentence}", f"cases.jsonl: {sentence}"))
    with pytest.raises(ScenarioError):
        load_scenario(str(ward))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n  \n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_any_line_ends_are_read(ward, mark, end):
    for name in ("scenario.yaml", "labels.yaml", "cases.jsonl"):
        text = (ward / name).read_text()
        (ward / name).write_bytes(mark + text.replace("\n", end).encode())
    assert told(ward) == []
    assert list(load_scenario(str(ward)).case_ids("test")) == ["a", "b"]


def test_all_mistakes_of_a_line_are_told_at_once(ward):
    facts = [{"topic": "sight", "text": "on my nose."}, {"topic": "duration", "text": ""}, {"topic": "sensation"}, 5]
    many = {"sex": "F", "age": "6", "diagnosis": "Impetigo", "facts": facts, "image": "A.PNG", "colour": "red"}
    line = json.dumps(FIRST | many | {"id": "b", "complaint": None})
    (ward / "cases.jsonl").write_text(f"{LAST}\n{line}\n")
    said, wanted = told(ward), ["'sex'", "'age'", "'Impetigo'", "'sight' is not", "'sight' ends", "entry 2 'text'"]
    wanted += [
        "entry 3 'text'",
        "entry 4 is",
        "'A.PNG'",
        "'colour'",
        "'b' occurs twice, first in line 1",
        "'complaint'",
    ]
    assert [words for words in wanted if not any(words in sentence for sentence in said)] == []
    assert len(said) == len(wanted) and all(sentence.startswith("cases.jsonl:2: ") for sentence in said)


def test_a_line_without_an_id_is_checked_all_the_same(ward):
    line = json.dumps({"complaint": "I itch.", "sex": "F"})
    (ward / "cases.jsonl").write_text(f"{LINE}\n{LAST}\n{line}\n{line}\n")
    assert [sentence.split(":")[1] for sentence in told(ward)] == ["3"] * 3 + ["4"] * 3


S, L, DERM = "scenario.yaml", "labels.yaml", "specialty: derm"
YAML = [
    (S, "name: ward", "name: My Ward", "scenario.yaml:1: 'name' is the text 'My Ward'; write a name of small letters"),
    (S, "name: ward", "name: 7", "scenario.yaml:1: 'name' is the number 7; put it in quotes"),
    (S, "title: A ward\n", "", "scenario.yaml:1: 'title' is missing; add a title in words"),
    (S, "A ward", "", "scenario.yaml:2: 'title' is empty; write a title in words"),
    (S, "A ward", "2024-05-01", "scenario.yaml:2: 'title' is a date; put it in quotes"),
    (S, "A ward", "2024-13-45", "scenario.yaml:2: '2024-13-45' cannot be read as a date or number; put it in quotes"),
    (S, "A ward", "A ward: mine", "scenario.yaml:2: is not valid YAML: there is a colon inside a text, or the line is"),
    (S, "A ward", "@ward", "scenario.yaml:2: is not valid YAML: a text cannot begin with '@'; put it in quotes"),
    (S, "A ward", "*ward*", "scenario.yaml:2: is not valid YAML: a text cannot begin with * or &; put it in quotes"),
    (S, "A ward", '"A ward', "is not valid YAML: a quotation mark or bracket is never closed; close it"),
    (S, "like}", "like", "is not valid YAML: a comma or a closing bracket is missing before this; add it"),
    (S, "name: ward", "name: ward\n\tx: y", "is not valid YAML: a tab indents the line; indent with spaces"),
    (S, "A ward", "A\x07ward", "scenario.yaml:2: contains the control character U+0007; remove it"),
    (S, "topics:", "topic:", "scenario.yaml:3: 'topic' is not known here; write 'topics' instead"),
    (
        S,
        "{site:",
        "{no:",
        "scenario.yaml:3: a key of 'topics' is false, which YAML makes of no and off; put it in quotes",
    ),
    (S, "where it is", "{en: where}", "scenario.yaml:3: 'topics.site' is a mapping of keys; write a text"),
    (L, "labels:", "label:", "labels.yaml:1: 'label' is not known here; write 'labels' instead"),
    (L, "labels:\n", "", "labels.yaml:1: 'impetigo' is at the top of the file; write 'labels:' above it"),
    (L, DERM, "department: derm", "'labels.impetigo.department' is not known here; write 'specialty' instead"),
    (L, "specialty: dermatology, ", "", "is missing; add the name of a clinic, or null if it is unknown"),
    (L, "urgency: soon", "urgency: Soon", "labels.yaml:2: 'labels.impetigo.urgency' is the text 'Soon'; write 'soon'"),
    (L, "[school sores]", "school sores", "is the text 'school sores'; write a list: [school sores]"),
    (L, "[chickenpox]", "[chicken pox]", "the look-alike 'chicken pox' is not a label; write 'chickenpox'"),
    (
        L,
        DERM,
        f"contagious: no, {DERM}",
        "is false; write it out in quotes, since YAML reads a bare yes, no, on or off",
    ),
    (L, DERM, f"prognosis: good, {DERM}", "'labels.impetigo.prognosis' is not known here; write 'outlook' instead"),
    (L, DERM, f"plan: Wash it., {DERM}", "is the text 'Wash it.'; write a list: [Wash it.]"),
    (
        L,
        DERM,
        f"plan: [Note: wash], {DERM}",
        "'Note' is read as a key, since a colon follows it; put the whole sentence",
    ),
    (L, DERM, f"plan: [{{text: x}}], {DERM}", "entry 1 'text' is not known here; write 'say' instead"),
    (L, DERM, f"plan: [{{say: x, when: {{sex: [F]}}}}], {DERM}", "'F' is not a value of 'sex'; write 'female'"),
]


@pytest.mark.parametrize(("name", "right", "wrong", "sentence"), YAML, ids=lambda value: str(value)[:40])
def test_a_mistake_in_yaml(ward, name, right, wrong, sentence):
    text = (ward / name).read_text()
    assert right in text
    (ward / name).write_text(text.replace(right, wrong, 1))
    (said,) = told(ward)
    assert said.startswith(f"{name}:") and sentence in said


@pytest.mark.parametrize("name", ["labels.yml", "label.yaml", "Labels.yaml", "labels.yaml.txt", "labels.json"])
def test_a_file_that_nothing_reads_because_of_its_name(ward, name):
    (ward / "labels.yaml").rename(ward / name)
    (said, *_) = [sentence for sentence in told(ward) if sentence.startswith(name)]
    assert "is not read, since the file must be called labels.yaml; rename it to labels.yaml" in said


def test_a_table_is_named_where_the_cases_are_missing(ward):
    (ward / "cases.jsonl").rename(ward / "cases.csv")
    assert told(ward)[0].endswith("run: consult scenarios import csv cases.csv --out FOLDER")
    for name in ("notes.txt", "README.md", "photographs.csv"):
        (ward / name).write_text("x")
    assert len(told(ward)) == 2


def test_a_similar_photograph_is_never_suggested(ward):
    """IMG_0001 is another patient's."""
    (ward / "a.png").rename(ward / "IMG_0001.png")
    (ward / "cases.jsonl").write_text(json.dumps(FIRST | {"image": "IMG_0002.png"}) + f"\n{LAST}\n")
    assert told(ward) == ["cases.jsonl:1: there is no image 'IMG_0002.png'; add the file, or correct the path"]


OPEN_ONES = """name: ward
title: A ward
topics: {site: where it is}
aliases:
  gout: [podagra, flu]
  influenza: [flu]
  Myocardial infarction: [heart attack]
"""
CLASH = "scenario.yaml:6: the alias 'flu' of 'influenza' names 'gout', too; leave it to one of the two"
SITE = '{"id": "a", "complaint": "It hurts", "diagnosis": "%s", "facts": [{"topic": "%s", "text": "%s"}]}'


def open_ward(folder, settings, *lines):
    (folder / "scenario.yaml").write_text(settings)
    (folder / "cases.jsonl").write_text("\n".join(lines))
    return folder


def test_clashing_aliases_are_one_mistake_among_the_others(tmp_path):
    sound = SITE % ("gout", "site", "on my toe")
    assert told(open_ward(tmp_path, OPEN_ONES, sound)) == [CLASH]
    assert CLASH in told(open_ward(tmp_path, OPEN_ONES, sound[:-1] + ', "sex": "F"}'))


@pytest.mark.parametrize(
    ("right", "wrong"), [("A ward", ""), ("where it is", '""'), ("title:", "titel:"), ("gout: [", "gout: [1, ")]
)
def test_a_mistake_in_the_settings_hides_no_unknown_topic(tmp_path, right, wrong):
    assert right in OPEN_ONES
    lines = SITE % ("gout", "duration", "for days"), SITE.replace('"a"', '"b"') % ("gout", "site", "on my toe")
    said = told(open_ward(tmp_path, OPEN_ONES.replace(right, wrong, 1), *lines))
    assert any(sentence.startswith("scenario.yaml:") for sentence in said)
    assert [sentence for sentence in said if sentence.startswith("cases.jsonl")] == [
        "cases.jsonl:1: the topic 'duration' is not in scenario.yaml; choose from: site, or add it there"
    ]


@pytest.mark.parametrize(
    ("diagnosis", "text"),
    [
        ("Myocardial infarction", "they say it's a heart attack"),
        ("heart attack", "a myocardial-infarction"),
        ("Crohn's disease", "it is Crohn\u2019s disease"),
        ("school sore", "it is schoolsore"),
        ("school sore", "she has school-sores"),
        ("M\u00e9ni\u00e8re disease", "they said Meniere disease"),
    ],
)
def test_a_fact_names_the_diagnosis_in_any_spelling(tmp_path, diagnosis, text):
    settings = OPEN_ONES.replace("podagra, flu", "podagra")
    said = told(open_ward(tmp_path, settings, SITE % (diagnosis, "site", text)))
    assert said == [f"cases.jsonl:1: the fact 'site' names the diagnosis '{diagnosis}'; word it without the name"]


def test_a_diagnosis_that_is_none_is_a_mistake(tmp_path):
    settings = OPEN_ONES.replace("podagra, flu", "podagra")
    (said,) = told(open_ward(tmp_path, settings, SITE % ("unknown", "site", "on my toe")))
    assert said.startswith("cases.jsonl:1: the diagnosis 'unknown' names none")


def test_two_spellings_of_one_label_are_a_mistake(ward):
    text = (ward / "labels.yaml").read_text()
    (ward / "labels.yaml").write_text(
        text + "  Crohn's disease: {specialty: null}\n  Crohn\u2019s disease: {specialty: null}\n"
    )
    assert any("the label 'Crohn\u2019s disease' is another spelling of 'Crohn's disease'" in one for one in told(ward))


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("diagnosis", "gou\u200bt", "'diagnosis' contains a control character or an invisible one, U+200B after 'gou'"),
        ("diagnosis", "gou\u00adt", "'diagnosis' contains a control character or an invisible one, U+00AD after 'gou'"),
        ("diagnosis", "gout<eos>", "'diagnosis' contains '<eos>', a control token of language models"),
        ("specialty", "sk\u00adin", "'specialty' contains a control character or an invisible one, U+00AD after 'sk'"),
        ("name", "An\u200bna", "'name' contains a control character or an invisible one, U+200B after 'An'"),
        ("name", "An\ud800na", "'name' contains half of a character"),
        ("complaint", "It <|im_end|> hurts", "the complaint contains '<|im_end|>', a control token of language models"),
    ],
)
def test_what_no_answer_can_hold_is_a_mistake(tmp_path, field, value, what):
    settings = OPEN_ONES.replace("podagra, flu", "podagra")
    line = {"id": "a", "complaint": "It hurts", "diagnosis": "gout", field: value}
    said = told(open_ward(tmp_path, settings, json.dumps(line)))
    assert any(sentence.startswith(f"cases.jsonl:1: {what}; ") for sentence in said), said


@pytest.mark.parametrize("name", ["impeti\u00adgo", "impetigo<eos>"])
def test_a_name_in_yaml_that_no_answer_can_hold_is_a_mistake(ward, name):
    (ward / "labels.yaml").write_text(LABELS.replace("  impetigo:", f"  {name}:"))
    said = told(ward)
    assert any(sentence.startswith("labels.yaml:2: 'labels.impeti") and " contains " in sentence for sentence in said)
    (ward / "labels.yaml").write_text(LABELS.replace("school sores", f"school {name}"))
    (sentence,) = told(ward)
    assert sentence.startswith("labels.yaml:2: 'labels.impetigo.aliases' entry 1 contains ")


ASKED = f"plan: [{{say: Wash it., when: {{sensation: [itch]}}}}], {DERM}"


@pytest.mark.parametrize(
    ("wrong", "shape"),
    [
        ("specialty: dermatology, urgency: soon, aliases: [school sores]", "'labels.impetigo.urgency' is the text"),
        ("look_alikes: [chickenpox]", "'labels.impetigo.look' is not known here"),
        ("{specialty: paediatrics", "'labels.chickenpox.specialty' is missing"),
        ("labels:", "'label_s' is not known here"),
    ],
)
def test_a_mistake_of_shape_hides_no_other(ward, wrong, shape):
    broken = {
        "specialty: dermatology, urgency: soon, aliases: [school sores]":
            "specialty: dermatology, urgency: sonn, aliases: [school sores]",
        "look_alikes: [chickenpox]": "look: [chickenpox]",
        "{specialty: paediatrics": "{clinic_s: paediatrics",
        "labels:": "label_s: 1\nlabels:",
    }[wrong]  # fmt: skip
    text = LABELS.replace(wrong, broken)
    assert text != LABELS
    text += "  measles: {specialty: paediatrics, aliases: [varicella], look_alikes: [mumps]}\n"
    text += "  mumps2: {specialty: paediatrics, plan: [{say: Rest., when: {sensatoin: [itch]}}]}\n"
    (ward / "labels.yaml").write_text(text)
    lines = [FIRST | {"complaint": "I have impetigo"}, SECOND, SECOND | {"id": "c", "diagnosis": "scabies"}]
    (ward / "cases.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    said = "\n".join(told(ward))
    for found in (
        shape, "the alias 'varicella' of 'measles' names 'chickenpox', too", "the look-alike 'mumps' is not a label",
        "the condition is about 'sensatoin'", "the diagnosis 'scabies' is not in labels.yaml",
        "the fact 'complaint' names the diagnosis 'impetigo'",
    ):  # fmt: skip
        assert found in said
    assert "second specialty" not in said and "the specialty '" not in said


@pytest.mark.parametrize(("right", "wrong"), [("A ward", ""), ("gout: [", "gout: [1, "), ("title:", "titel:")])
def test_settings_aliases_and_facts_are_told_at_once(tmp_path, right, wrong):
    facts = SITE % ("gout", "sight", "they say podagra"), SITE.replace('"a"', '"b"') % ("flu", "site", "on my toe")
    said = "\n".join(told(open_ward(tmp_path, OPEN_ONES.replace(right, wrong, 1), *facts)))
    for found in ("scenario.yaml:", CLASH, "the topic 'sight' is not in", "names the diagnosis 'gout'"):
        assert found in said


def test_what_is_not_checked_yet_is_said(ward):
    assert check(ward).waiting == []
    (ward / "cases.jsonl").write_text(f"{LINE}\n{LAST[:-1]}\n")
    assert check(ward).waiting == ["the content of 1 line of cases.jsonl", "whether each label has a case"]
    (ward / "labels.yaml").write_text("- impetigo\n")
    (ward / "scenario.yaml").write_text("- ward\n")
    assert check(ward).waiting[:2] == ["what must agree with scenario.yaml", "what must agree with labels.yaml"]


ADVICE = [
    ("outlook: ''", "'labels.impetigo.outlook' has no text; write a sentence, or leave it out"),
    ("serious: '  '", "'labels.impetigo.serious' has no text; write a sentence, or leave it out"),
    ("contagious: 'No'", "'labels.impetigo.contagious' does not end like a sentence: 'No'; end it with a full stop"),
    ("plan: [Wash it., 'wash  it.']", "the step 'wash  it.' of 'impetigo' appears twice; remove one"),
    (
        "plan: [Wash it., {say: Wash it., when: {sensation: [dry]}}]",
        "the step 'Wash it.' of 'impetigo' appears twice; remove one",
    ),
    (
        "plan: [{say: Wash it., when: {sensation: [drry]}}]",
        "no case has the value 'drry' of 'sensation'; write 'dry'",
    ),
    (
        "plan: [{say: Wash it., when: {sensation: [burning]}}]",
        "no case has the value 'burning' of 'sensation'; choose from: dry",
    ),
    (
        "plan: [{say: Wash it., when: {sensation: [dry]}, urgency: soon}]",
        "the urgency 'soon' of a step is no sooner than that of 'impetigo', 'soon'; remove it: it has no effect",
    ),
    (
        "plan: [{say: Wash it., when: {sensation: 5}}]",
        "'labels.impetigo.plan' entry 1 'when.sensation' is the number 5; write a list",
    ),
]


def test_a_step_that_cannot_be_read_is_told_once(ward):
    steps = "plan: [{say: A., when: {sex: male}}, {say: A., when: {sex: [female]}}]"
    (ward / "labels.yaml").write_text(LABELS.replace(DERM, f"{steps}, {DERM}"))
    (said,) = told(ward)
    assert "entry 1 'when.sex' is the text 'male'; write a list: [male]" in said


@pytest.mark.parametrize(("entry", "sentence"), ADVICE)
def test_a_mistake_of_advice(ward, entry, sentence):
    dry = {"topic": "sensation", "text": "it is dry", "value": "dry"}
    first = FIRST | {"facts": [*FIRST["facts"], dry]}
    (ward / "cases.jsonl").write_text(f"{json.dumps(first)}\n{LAST}\n")
    assert told(ward) == []
    (ward / "labels.yaml").write_text(LABELS.replace(DERM, f"{entry}, {DERM}"))
    (said,) = told(ward)
    assert said.startswith(f"labels.yaml:2: {sentence}")


@pytest.mark.parametrize(
    "entry",
    [
        "plan: [{say: Wash it., unless: {sensation: [burning]}}]", "plan: [{say: Wash it., when: {site: [nose]}}]",
        "plan: [{say: A., when: {sex: [male]}}, {say: A., when: {sex: [female]}}]",
        "plan: [{say: Wash it., when: {sensation: [dry]}, urgency: urgent}]", "contagious: 'Is it? Yes!'",
    ],
)  # fmt: skip
def test_advice_without_a_mistake(ward, entry):
    dry = {"topic": "sensation", "text": "it is dry", "value": "dry"}
    (ward / "cases.jsonl").write_text(f"{json.dumps(FIRST | {'facts': [dry]})}\n{LAST}\n")
    (ward / "labels.yaml").write_text(LABELS.replace(DERM, f"{entry}, {DERM}"))
    assert told(ward) == []


def test_a_diagnosis_is_never_advised_by_a_name_of_two_labels(ward):
    text = "  M\u00e9ni\u00e8re disease: {specialty: null}\n  vertigo: {specialty: null, aliases: [Meniere disease]}\n"
    (ward / "labels.yaml").write_text(LABELS + text)
    lines = [SECOND | {"id": f"c{i}", "diagnosis": name} for i, name in enumerate(("Meniere disease", "vertigo"))]
    (ward / "cases.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in (FIRST, SECOND, *lines)))
    said = [sentence for sentence in told(ward) if sentence.startswith("cases")]
    assert said == [
        "cases.jsonl:3: the diagnosis 'Meniere disease' is not in labels.yaml; write 'M\u00e9ni\u00e8re disease'"
    ]
    (ward / "labels.yaml").write_text(LABELS.replace("varicella", "school sores"))
    (ward / "cases.jsonl").write_text(
        f"{LINE}\n{LAST}\n{json.dumps(SECOND | {'id': 'c', 'diagnosis': 'school sores'})}\n"
    )
    (said,) = [sentence for sentence in told(ward) if sentence.startswith("cases")]
    assert "is an alias" not in said and "use a label's exact name: " in said


def test_loading_tells_one_mistake_how_many_more_and_the_command(ward):
    (ward / "labels.yaml").write_text(LABELS.replace("[chickenpox]", "[mumps]"))
    (ward / "cases.jsonl").write_text(f"{LINE[:-1]}\n{LAST}\n")
    count = len(check_folder(ward))
    assert count == 2
    with pytest.raises(ScenarioError) as mistake:
        load_scenario(str(ward))
    assert str(mistake.value) == (
        "labels.yaml:2: the look-alike 'mumps' is not a label; use a label's exact name, or remove it "
        f"(and 1 other mistake; to see all, run: consult scenarios check {ward})"
    )
    (ward / "labels.yaml").write_text(LABELS)
    with pytest.raises(ScenarioError) as mistake:
        load_scenario(str(ward))
    assert "other mistake" not in str(mistake.value)


def test_a_scenario_that_there_is_not_may_be_a_folder():
    with pytest.raises(UnknownNameError, match=r"derm34, derm34-off-list; give one of these, or the path of a folder$"):
        load_scenario("opne")


@pytest.mark.parametrize(
    ("name", "right", "wrong", "field"),
    [
        (S, "where it is", "'  '", "scenario.yaml:3: 'topics.site'"),
        (L, "[school sores]", "[' ']", "labels.yaml:2: 'labels.impetigo.aliases' entry 1"),
        (L, DERM, f"plan: ['  '], {DERM}", "labels.yaml:2: 'labels.impetigo.plan' entry 1"),
    ],
)
def test_a_text_of_spaces_in_yaml_is_a_mistake(ward, name, right, wrong, field):
    (ward / name).write_text((ward / name).read_text().replace(right, wrong, 1))
    (said,) = told(ward)
    assert said.startswith(field) and said.endswith(" has only spaces; write a text, or remove it")
