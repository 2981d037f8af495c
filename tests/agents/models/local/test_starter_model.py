"""The model in the package: it loads, speaks today's dialect, and plays."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open

import consult.agents
from consult.agents.models import open_model
from consult.agents.prompt_formats import StarterDialect
from consult.rl.starter import card
from consult.rl.starter.card import held_out_table
from consult.scenarios import load_scenario

FOLDER = Path(consult.agents.__file__).parent / "starter"


def test_the_weights_speak_the_dialect_of_the_code():
    with safe_open(FOLDER / "model.safetensors", "pt") as weights:
        assert weights.metadata()["dialect_fingerprint"] == StarterDialect().fingerprint()
    assert open_model("starter").info.dialect == "starter"


def test_the_weights_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 16e6


def test_the_card_says_what_it_is():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    figures = json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))
    assert "no medical knowledge" in text and figures["dialect"] in text
    assert figures["dialect"] == StarterDialect().fingerprint()


@pytest.fixture(scope="module")
def table():
    # The main strategy and team alone; the others are played where the recipe is tested.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(card, "OTHERS", ())
        return {c.name: c for c in held_out_table("starter", load_scenario("derm34"), "derm34", 34)}


@pytest.mark.slow
def test_it_plays_every_consultation_to_its_end(table):
    assert table["consultations played to their end"].hits == 34


@pytest.mark.slow
def test_it_does_what_its_card_says_within_chance(table):
    figures = json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))["held_out"]
    for name in ("final diagnosis right, dialogue, panel", "specialty right (triage)"):
        right, n = figures[name]
        # Four standard errors of 34 cases: a broken model is far below.
        assert abs(table[name].hits / table[name].n - right / n) < 0.34, name
    assert (
        table["patient's first drafts backed by the card"].hits
        >= 0.9 * table["patient's first drafts backed by the card"].n
    )
    assert table["patient's first drafts that name a diagnosis"].hits == 0
