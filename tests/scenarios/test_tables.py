"""Tables of findings: restrictions, the population, posteriors and ceilings, against sums done by hand."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from narrowing import grammar_of

from consult.scenarios import Label, load_scenario
from consult.scenarios.bayes import BayesReader
from consult.scenarios.case_generator import Grammar, TooFewCardsError
from consult.scenarios.ceilings import by_facts_known, ceilings
from consult.scenarios.rules import Rule
from consult.scenarios.tables import FindingTables, Value

BASE = {
    "age": {"adult": 1.0},
    "sex": {"female": 0.5, "male": 0.5},
    "skin_type": {"III": 1.0},
    "site": {"arm": 1.0},
    "complaint": {"rash": 1.0},
    "duration": {"days": 1.0},
}
VALUES = {
    "complaint": {"rash": Value("rash", ("a rash",)), "spot": Value("spot", ("a spot",))},
    "site": {
        "arm": Value("arm", ("on my arm",), views=("skin",)),
        "lip": Value("lip", ("on my lip",), views=("lip",)),
    },
    "morphology": {k: Value(k, views=v) for k, v in {"wheals": ("skin",), "blisters": (), "scales": ()}.items()},
    "duration": {"days": Value("days", unit="days", low=2, high=6)},
    "itch": {k: Value(k, (f"it is {k}",)) for k in ("mild", "strong", "none")},
    "ills": {k: Value(k, (f"I have {k}",), none=k == "none") for k in ("gout", "asthma", "none")},
    "pills": {k: Value(k, (f"I take {k}",), none=k == "none") for k in ("colchicine", "none")},
    "age": {"adult": Value("adult", low=20, high=59), "child": Value("child", low=4, high=11)},
    "alarm": {"none": Value("none", ("no",), none=True), "fever": Value("fever", ("fever",), urgency="urgent")},
    "temperature": {k: Value(k, (f"it is {k}",)) for k in ("normal", "raised")},
}


def tables(values=None, red_flags=None, shares=None, **labels):
    clinical = {
        name: {**BASE, "morphology": {"blisters": 1.0}, "itch": {"none": 1.0}, **own} for name, own in labels.items()
    }
    own = {name: {f: {**dict(table)} for f, table in (shares or {}).items()} for name in labels}
    return FindingTables(clinical, {**VALUES, **(values or {})}, own, red_flags or {})


def grammar(found, splits=None):
    labels = {
        name: Label(name, f"clinic {name}", "soon", red_flags=found.red_flags.get(name, {})) for name in found.labels
    }
    names = {"female": ("Ann",), "male": ("Bob",)}
    spans = (("for {duration}",), ("I am {age}",), ("clinic", "window"), "window")
    return Grammar("toy", 0, found, labels, splits or {"test": 8}, names, *spans)


def having(found, **changed):
    from dataclasses import replace

    return replace(found, **changed)


ITCHY = {"itch": {"mild": 0.2, "strong": 0.8}}
QUIET = {"itch": {"mild": 0.6, "none": 0.4}}


def test_a_posterior_by_hand():
    found = tables(a=ITCHY, b=QUIET)
    assert found.posterior({"itch": "mild"}) == pytest.approx({"a": 0.25, "b": 0.75})
    assert found.posterior({"itch": "mild"}, prior={"a": 0.75, "b": 0.25}) == pytest.approx({"a": 0.5, "b": 0.5})
    assert found.posterior({"itch": "strong"})["a"] == pytest.approx(1, abs=1e-5)
    assert found.posterior({}) == pytest.approx({"a": 0.5, "b": 0.5})
    assert found.posterior({"itch": "mild"}, labels=["b"]) == {"b": 1.0}


def test_a_posterior_multiplies_the_fields_and_counts_the_view():
    at_the_lip = {"site": {"arm": 0.5, "lip": 0.5}}
    found = tables(a={**ITCHY, **at_the_lip}, b=QUIET)
    # 0.2 · 0.5 against 0.6 · 1
    assert found.posterior({"itch": "mild", "view": "skin"}) == pytest.approx({"a": 1 / 7, "b": 6 / 7})
    assert found.posterior({"itch": "mild", "site": "arm"}) == pytest.approx({"a": 1 / 7, "b": 6 / 7})


def test_a_view_narrows_what_can_be_seen():
    shown = {"site": {"arm": 0.5, "lip": 0.5}, "morphology": {"wheals": 0.8, "blisters": 0.2}}
    found = tables(a=shown)
    assert found.table("a", "morphology", {"view": "skin"}) == pytest.approx({"wheals": 0.8, "blisters": 0.2})
    assert found.table("a", "morphology", {"view": "lip"}) == {"blisters": 1.0}
    assert found.view_table("a") == {"skin": 0.5, "lip": 0.5}


@pytest.mark.parametrize(
    ("demand", "drawn", "admitted"),
    [
        ({"sites": ("lip",)}, {"site": "lip"}, True),
        ({"sites": ("lip",)}, {"site": "arm"}, False),
        ({"ages": ("child",)}, {"age": "adult"}, False),
        ({"sexes": ("female",)}, {"sex": "male"}, False),
        ({"sexes": ("female",)}, {}, True),
    ],
)
def test_a_value_demands_who_can_have_it(demand, drawn, admitted):
    itch = {**VALUES["itch"], "strong": Value("strong", ("strong",), **demand)}
    assert tables({"itch": itch}, a=ITCHY).admits("itch", "strong", drawn) is admitted


def test_a_rule_excludes_whichever_is_drawn_later():
    rule = Rule("itch", frozenset({"strong"}), "never", "site", frozenset({"lip"}))
    found = having(tables(a=ITCHY), rules=(rule,))
    assert found.table("a", "itch", {"site": "lip"}) == {"mild": 1.0}
    assert not found.admits("site", "lip", {"itch": "strong"})
    assert found.admits("site", "arm", {"itch": "strong"})


def test_only_excludes_all_others():
    rule = Rule("morphology", frozenset({"wheals"}), "only", "itch", frozenset({"strong"}))
    found = having(tables(a=ITCHY, b=QUIET), rules=(rule,))
    assert found.table("a", "itch", {"morphology": "wheals"}) == {"strong": 1.0}
    assert found.table("b", "itch", {"morphology": "wheals"}) == {}
    assert not found.admits("morphology", "wheals", {"itch": "mild"})


def test_a_several_valued_value_can_need_another():
    rule = Rule("pills", frozenset({"colchicine"}), "needs", "ills", frozenset({"gout"}))
    found = having(tables(shares={"ills": {"gout": 0.5}, "pills": {"colchicine": 0.5}}, a={}), rules=(rule,))
    assert found.table("a", "pills", {"ills": ("gout", "asthma")}) == {"colchicine": 0.5}
    assert found.table("a", "pills", {"ills": ("asthma",)}) == {}
    drawn = [grammar(found).draw("a", random.Random(i)).values for i in range(200)]
    assert {d["ills"] for d in drawn if d["pills"]} == {("gout",)}
    assert 60 < sum(bool(d["ills"]) for d in drawn) < 140


@pytest.mark.parametrize(
    ("kind", "drawn", "broken"),
    [
        ("never", {"itch": "strong", "site": "lip"}, True),
        ("never", {"itch": "mild", "site": "lip"}, False),
        ("never", {"itch": "strong"}, False),
        ("only", {"itch": "strong", "site": "arm"}, True),
        ("only", {"itch": "strong", "site": "lip"}, False),
        ("needs", {"itch": "strong", "site": ("arm",)}, True),
        ("needs", {"itch": "strong", "site": ("arm", "lip")}, False),
        ("needs", {"itch": "strong", "site": ()}, True),
    ],
)
def test_a_rule_is_broken(kind, drawn, broken):
    assert Rule("itch", frozenset({"strong"}), kind, "site", frozenset({"lip"})).broken_by(drawn) is broken


def test_several_values_count_each_by_itself():
    found = tables(shares={"ills": {"gout": 0.2, "asthma": 0.5}}, a={}, b={})
    own = {"a": {"ills": {"gout": 0.8, "asthma": 0.5}}, "b": {"ills": {"gout": 0.2, "asthma": 0.5}}}
    found = having(found, shares=own)
    assert found.posterior({"ills": ("gout",)}) == pytest.approx({"a": 0.8, "b": 0.2})
    assert found.posterior({"ills": ("asthma",)}) == pytest.approx({"a": 0.2, "b": 0.8})
    assert found.posterior({"ills": ()}) == pytest.approx({"a": 0.2, "b": 0.8})


def test_a_share_of_the_story_is_the_populations():
    found = having(tables(a=ITCHY), population={"itch": {"none": 1.0}}, atypical=0.1)
    assert found.table("a", "itch") == pytest.approx({"mild": 0.18, "strong": 0.72, "none": 0.1})
    assert having(found, atypical=0.0).table("a", "itch") == pytest.approx(ITCHY["itch"])


def test_the_population_contradicts_no_card():
    rule = Rule("morphology", frozenset({"wheals"}), "never", "itch", frozenset({"none"}))
    found = having(tables(a=ITCHY), population={"itch": {"none": 1.0}}, atypical=0.1, rules=(rule,))
    assert found.table("a", "itch", {"morphology": "wheals"}) == pytest.approx(ITCHY["itch"])


def test_where_nothing_of_its_own_fits_a_fact_is_the_populations():
    rule = Rule("site", frozenset({"lip"}), "only", "itch", frozenset({"none"}))
    found = having(tables(a=ITCHY), population={"itch": {"none": 1.0}}, atypical=0.1, rules=(rule,))
    assert found.table("a", "itch", {"site": "lip"}) == {"none": 1.0}


def test_a_patient_who_cannot_be_drawn_is_named():
    rule = Rule("site", frozenset({"arm"}), "only", "itch", frozenset({"none"}))
    with pytest.raises(
        TooFewCardsError, match=r"'a' in 'toy' has no value of 'itch' for a patient with site arm; add one"
    ):
        grammar(having(tables(a=ITCHY), rules=(rule,))).draw("a", random.Random(0))


def test_posteriors_of_drawn_patients_add_up_to_one():
    source = grammar_of(load_scenario("derm34"))
    rng = random.Random(1)
    for label in source.labels:
        draw = source.draw(label, rng)
        posterior = source.tables.posterior(draw.seen)
        assert list(posterior) == list(source.labels)
        assert math.fsum(posterior.values()) == pytest.approx(1)
        assert min(posterior.values()) >= 0
        assert posterior[label] > 0


def test_the_order_of_the_fields():
    found = tables(shares={"ills": {"gout": 0.5}}, a={"temperature": {"normal": 1.0}})
    assert found.fields == (
        *("age", "sex", "site", "skin_type", "morphology", "complaint", "alarm"),
        *("duration", "itch", "ills", "temperature"),
    )


def test_exact_ceilings():
    a = {"morphology": {"wheals": 0.75, "blisters": 0.25}, "complaint": {"rash": 0.5, "spot": 0.5}}
    b = {"morphology": {"blisters": 1.0}, "complaint": {"rash": 1.0}}
    found = {c.name: c for c in ceilings(grammar(tables(a=a, b=b)), draws=200)}
    # Seen blisters, the answer is b: ½ · (¾ + 1).
    assert found["photograph"].value == pytest.approx(0.875)
    # Only blisters with a rash is said of both: ½ · (1 - ¼ · ½ + 1).
    assert found["complaint and photograph"].value == pytest.approx(0.9375)
    assert found["triage from complaint and photograph"].value == pytest.approx(0.9375)
    assert found["photograph"].low == found["photograph"].high == found["photograph"].value
    assert found["photograph"].draws == 0


def test_who_the_patient_is_raises_a_ceiling():
    a, b = {"age": {"child": 1.0}}, {"age": {"child": 0.5, "adult": 0.5}}
    found = {c.name: c for c in ceilings(grammar(tables(a=a, b=b)), draws=20)}
    assert found["complaint and photograph"].value == pytest.approx(0.5)
    # Seen an adult, the answer is b: ½ · (1 + ½).
    assert found["complaint, photograph, age and sex"].value == pytest.approx(0.75)
    assert found["triage from complaint, photograph, age and sex"].value == pytest.approx(0.75)


def test_the_tone_of_the_skin_is_seen():
    a, b = {"skin_type": {"I": 0.75, "VI": 0.25}}, {"skin_type": {"VI": 1.0}}
    found = {c.name: c for c in ceilings(grammar(tables(a=a, b=b)), draws=20)}
    assert found["photograph"].value == pytest.approx(0.875)


def test_drawn_ceilings():
    apart = {c.name: c for c in ceilings(grammar(tables(a=ITCHY, b={"itch": {"none": 1.0}})), draws=200)}
    assert apart["card"].value == apart["card and photograph"].value == 1.0
    alike = {c.name: c for c in ceilings(grammar(tables(a=QUIET, b=QUIET)), draws=2_000)}
    assert alike["card"].value == pytest.approx(0.5, abs=0.001)
    assert alike["card"].low < 0.5 < alike["card"].high
    partly = {c.name: c for c in ceilings(grammar(tables(a=ITCHY, b=QUIET)), draws=2_000)}
    # Seen mild, the answer is b: ½ · (0.8 + 1).
    assert partly["card"].low < 0.9 < partly["card"].high


def test_ceilings_rise_with_the_facts_known():
    found = by_facts_known(grammar(tables(a=ITCHY, b=QUIET)), draws=1_000)
    assert list(found) == ["0", "1", "2", "4", "6", "all"]
    assert found["0"].value == pytest.approx(0.5)
    assert found["1"].low < 0.9 < found["1"].high
    assert found["1"].value == found["all"].value


def test_the_next_question_is_the_one_that_tells_most():
    a = {**ITCHY, "complaint": {"rash": 1.0}, "duration": {"days": 1.0}}
    reader = BayesReader(tables(a=a, b=QUIET))
    assert reader.next_topic({}, ["duration", "itch", "site"]) == "itch"
    assert reader.next_topic({"itch": "mild"}, ["duration", "site"]) is None


def test_a_red_flag_counts():
    toy = tables(red_flags={"a": {"fever": 0.5}}, a=QUIET, b=QUIET)
    assert toy.posterior({"itch": "mild", "alarm": "fever"})["a"] == pytest.approx(1, abs=1e-5)
    assert toy.posterior({"itch": "mild", "alarm": "none"}) == pytest.approx({"a": 1 / 3, "b": 2 / 3})


def test_a_red_flag_is_where_and_when_it_can_be():
    at_the_lip = {**VALUES["alarm"], "fever": Value("fever", ("fever",), views=("lip",), ages=("adult",))}
    found = grammar(
        tables(
            {"alarm": at_the_lip},
            {"a": {"fever": 0.5}, "b": {"fever": 0.2}},
            a={"site": {"arm": 0.5, "lip": 0.5}, "age": {"adult": 0.5, "child": 0.5}},
            b={},
        )
    )
    drawn = [found.draw("a", random.Random(i)) for i in range(400)]
    possible = [d.alarm for d in drawn if d.values["site"] == "lip" and d.values["age"] == "adult"]
    assert 0.35 < possible.count("fever") / len(possible) < 0.65
    assert {d.alarm for d in drawn if d.values["site"] == "arm" or d.values["age"] == "child"} == {None}
    told = {"site": "arm", "age": "adult"}
    # Nobody can have it there, so that its absence tells nothing.
    assert found.tables.posterior({**told, "alarm": "none"}) == pytest.approx(found.tables.posterior(told))


def test_alarms_come_in_pairs_that_differ_in_the_alarm_alone():
    many = {"itch": {"mild": 0.3, "strong": 0.3, "none": 0.4}, "complaint": {"rash": 0.5, "spot": 0.5}}
    hot = {**many, "temperature": {"normal": 0.5, "raised": 0.5}}
    rule = Rule("alarm", frozenset({"fever"}), "only", "temperature", frozenset({"raised"}))
    found = tables(
        red_flags={"a": {"fever": 0.1}},
        shares={"ills": {"gout": 0.5, "asthma": 0.5}, "pills": {"colchicine": 0.5}},
        a=hot,
        b=hot,
    )
    source = grammar(having(found, rules=(rule,)), {"alarms": 40, "test": 0})
    for number in range(0, 40, 2):
        alarmed, quiet = source.make("alarms", number), source.make("alarms", number + 1)
        assert alarmed.truth.diagnosis == quiet.truth.diagnosis == "a"
        assert (alarmed.truth.red_flag, quiet.truth.red_flag) == ("fever", None)
        assert (alarmed.truth.urgency, quiet.truth.urgency) == ("urgent", "soon")
        assert alarmed.card.opening == quiet.card.opening == ()
        assert alarmed.card.examinations[0].value == "raised"
        assert (alarmed.card.name, alarmed.card.age) == (quiet.card.name, quiet.card.age)
        differ = {f.topic for f, g in zip(alarmed.card.facts, quiet.card.facts, strict=True) if f != g}
        assert differ == {"alarm"}
    assert Counter(source.make("alarms", n).card.examinations[0].value for n in range(1, 40, 2))["normal"] > 3
