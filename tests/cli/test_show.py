"""`consult show` on a store with a played run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consult.cli.show import show
from consult.envs.cast import Models
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.events import Event
from consult.envs.runner import Runner
from consult.envs.store import Store, StoreError
from consult.errors import UserError
from consult.scenarios import UnknownNameError, load_scenario

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """A store with one run of two consultations, and the events that the run had."""
    db = tmp_path_factory.mktemp("show") / "show.db"
    scenario, role = load_scenario("derm34"), RoleConfig(model=f"scripted:{PANEL}")
    config = RunConfig(
        scenario="derm34",
        cases=("test-0007", "test-0011"),
        temperaments=("sanguine", "choleric"),
        patient=role,
        triage=role,
        specialist=role,
        attending=role,
    )
    events: list[Event] = []
    with Store(db) as store:
        Runner(scenario, config, Models.open(config), store, listen=events.append).run()
    return db, events


def test_a_consultation_is_printed_with_its_card_and_its_fidelity(
    played: tuple[Path, list[Event]], capsys: pytest.CaptureFixture[str]
) -> None:
    show("r1.1", db=played[0])
    shown = capsys.readouterr().out
    assert "derm34 · test-0007" in shown and "✘ wrong: it was chronic lichen" in shown
    assert "(said by the program)" in shown and "the patient's card" in shown
    assert "backed by the card as first drafted" in shown
    duration = next(line for line in shown.splitlines() if line.strip().startswith("duration"))
    assert duration.split()[-1] == "3"
    family = next(line for line in shown.splitlines() if line.strip().startswith("family"))
    assert family.split()[-1] == "—"


def test_json_prints_the_events_that_the_run_had(
    played: tuple[Path, list[Event]], capsys: pytest.CaptureFixture[str]
) -> None:
    db, events = played
    show("r1.1", db=db, json_=True)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    live = [event for event in events if event.get("consultation") == "r1.1"]
    for event in (*printed, *live):
        event.pop("usable", None)
    assert printed == live


def test_a_run_is_listed(played: tuple[Path, list[Event]], capsys: pytest.CaptureFixture[str]) -> None:
    show("r1", db=played[0])
    lines = capsys.readouterr().out.splitlines()
    (first,) = [line.split() for line in lines if "r1.1" in line]
    assert first == ["r1.1", "test-0007", "sanguine", "eczema", "chronic", "lichen", "finished"]
    show("r1", db=played[0], json_=True)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["consultation"] for event in printed if event["event"] == "consultation"] == ["r1.1", "r1.2"]


def test_html_is_written_and_its_path_told(
    played: tuple[Path, list[Event]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    show("r1.2", html=page, db=played[0])
    assert capsys.readouterr().out == f"{page}\n"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_mistakes_name_the_mend(played: tuple[Path, list[Event]], tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no consultation 'r1\.3'; there are: r1\.\d, r1\.\d"):
        show("r1.3", db=played[0])
    with pytest.raises(UnknownNameError, match="r1"):
        show("nonsense", db=played[0])
    with pytest.raises(UserError, match=r"e\.g\. r1\.1"):
        show("r1", html=tmp_path / "page.html", db=played[0])
    with pytest.raises(StoreError, match="there is no database"):
        show("r1.1", db=tmp_path / "none.db")


def test_the_command_takes_its_options(played: tuple[Path, list[Event]]) -> None:
    import typer

    app = typer.Typer()
    app.command()(show)
    result = CliRunner().invoke(app, ["r1.1", "--db", str(played[0]), "--json"])
    assert result.exit_code == 0 and result.stdout.startswith('{"event": "turn"')
