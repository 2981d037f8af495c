"""Tables of findings: overlap, posteriors and ceilings, against sums done by hand."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from consult.scenarios import Label, load_scenario
from consult.scenarios.ceilings import ceilings, full_posterior
from consult.scenarios.grammar import Grammar
from consult.scenarios.tables import FindingTables, Value

BASE = {"age": {"adult": 1.0}, "site": {"arm": 1.0}, "complaint": {"rash": 1.0}, "duration": {"days": 1.0}}
VALUES = {
    "age": {"adult": Value("adult", low=20, high=59), "child": Value("child", low=4, high=11)},
    "site": {
        "arm": Value("arm", ("on my arm",), views=("skin",)),
        "lip": Value("lip", ("on my lip",), views=("lip",)),
    },
    "complaint": {"rash": Value("rash", ("a rash",)), "spot": Value("spot", ("a spot",))},
    "duration": {"days": Value("days", unit="days", low=2, high=6)},
    "morphology": {k: Value(k, views=v) for k, v in {"wheals": ("skin",), "blisters": (), "scales": ()}.items()},
    "itch": {k: Value(k, (f"it is {k}",)) for k in ("mild", "strong", "none")},
    "alarm": {"none": Value("none", ("no",), none=True), "fever": Value("fever", ("fever",))},
}


def tables(overlap=None, look_alikes=None, **labels):
    clinical = {
        name: {**BASE, "morphology": {"blisters": 1.0}, "itch": {"none": 1.0}, **own} for name, own in labels.items()
    }
    alike = {name: () for name in labels} | (look_alikes or {})
    return FindingTables(clinical, VALUES, alike, overlap or {})


def grammar(found, **red_flags):
    labels = {name: Label(name, f"clinic {name}", "soon", red_flags=red_flags.get(name, {})) for name in found.labels}
    names = {"female": ("Ann",), "male": ("Bob",)}
    spans = (("for {duration}",), ("I am {age}",), ("clinic", "window"), "window")
    return Grammar("toy", 0, found, labels, {"test": 8}, names, *spans)


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
    assert found.table("a", "morphology", view="skin") == pytest.approx({"wheals": 0.8, "blisters": 0.2})
    assert found.table("a", "morphology", view="lip") == {"blisters": 1.0}
    assert found.view_table("a") == {"skin": 0.5, "lip": 0.5}


def test_a_lent_site_where_nothing_can_be_shown_is_dropped():
    found = tables({"site": 0.5}, {"a": ("b",)}, a={"morphology": {"wheals": 1.0}}, b={"site": {"lip": 1.0}})
    assert found.mixed["a"]["site"] == {"arm": 0.5, "lip": 0.5}
    assert found.table("a", "site") == {"arm": 1.0}


def test_posteriors_of_drawn_patients_add_up_to_one():
    source = load_scenario("derm34").source
    rng = random.Random(1)
    for label in source.labels:
        draw = source.draw(label, rng)
        posterior = full_posterior(source, draw.values, draw.alarm)
        assert list(posterior) == list(source.labels)
        assert math.fsum(posterior.values()) == pytest.approx(1)
        assert min(posterior.values()) >= 0
        assert posterior[label] > 0


def test_no_overlap_leaves_the_clinical_tables():
    found = tables({}, {"a": ("b",), "b": ("a",)}, a=ITCHY, b=QUIET)
    for label in ("a", "b"):
        for field in found.fields:
            assert found.table(label, field) == found.clinical[label][field]


def test_overlap_by_hand():
    found = tables({"default": 0.5, "morphology": 0.0}, {"a": ("b",)}, a=ITCHY, b=QUIET)
    assert found.mixed["a"]["itch"] == pytest.approx({"mild": 0.4, "strong": 0.4, "none": 0.2})
    assert found.mixed["b"]["itch"] == pytest.approx(QUIET["itch"])
    assert found.mixed["a"]["morphology"] == {"blisters": 1.0}


def test_look_alikes_lend_to_the_photograph_or_to_the_story():
    wheals, scales = {"morphology": {"wheals": 1.0}}, {"morphology": {"scales": 1.0}, **QUIET}
    found = tables({"default": 0.5}, {"a": ("b", "c")}, a=ITCHY, b={**wheals, "itch": {"none": 1.0}}, c=scales)
    assert found.mixed["a"]["morphology"] == {"blisters": 0.5, "wheals": 0.5}
    assert found.mixed["a"]["itch"] == pytest.approx({"mild": 0.4, "strong": 0.4, "none": 0.2})


def test_roots_come_first():
    assert tables(a={}).fields[:2] == ("age", "site")


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


def test_drawn_ceilings():
    apart = {c.name: c for c in ceilings(grammar(tables(a=ITCHY, b={"itch": {"none": 1.0}})), draws=200)}
    assert apart["card"].value == apart["card and photograph"].value == 1.0
    alike = {c.name: c for c in ceilings(grammar(tables(a=QUIET, b=QUIET)), draws=2_000)}
    assert alike["card"].value == pytest.approx(0.5, abs=0.001)
    assert alike["card"].low < 0.5 < alike["card"].high
    partly = {c.name: c for c in ceilings(grammar(tables(a=ITCHY, b=QUIET)), draws=2_000)}
    # Seen mild, the answer is b: ½ · (0.8 + 1).
    assert partly["card"].low < 0.9 < partly["card"].high


def test_a_red_flag_counts():
    toy = grammar(tables(a=QUIET, b=QUIET), a={"fever": 0.5})
    assert full_posterior(toy, {"itch": "mild"}, "fever")["a"] == pytest.approx(1, abs=1e-5)
    assert full_posterior(toy, {"itch": "mild"}, None) == pytest.approx({"a": 1 / 3, "b": 2 / 3})


def test_a_red_flag_is_where_and_when_it_can_be():
    anywhere = tables(a={"site": {"arm": 0.5, "lip": 0.5}, "age": {"adult": 0.5, "child": 0.5}}, b={})
    at_the_lip = {**VALUES["alarm"], "fever": Value("fever", ("fever",), views=("lip",), ages=("adult",))}
    found = grammar(replace(anywhere, values={**VALUES, "alarm": at_the_lip}), a={"fever": 0.5}, b={"fever": 0.2})
    drawn = [found.draw("a", random.Random(i)) for i in range(400)]
    possible = [d.alarm for d in drawn if d.values["site"] == "lip" and d.values["age"] == "adult"]
    assert 0.35 < possible.count("fever") / len(possible) < 0.65
    assert {d.alarm for d in drawn if d.values["site"] == "arm" or d.values["age"] == "child"} == {None}
    told = {"site": "arm", "age": "adult"}
    # Nobody can have it there, so that its absence tells nothing.
    assert full_posterior(found, told, None) == pytest.approx(found.tables.posterior(told))
