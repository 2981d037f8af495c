"""`consult show` on a store with a played run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from improvising import Improviser
from improvising import played as improvised
from typer.testing import CliRunner

from consult.agents.acts import Act, Draft
from consult.agents.assessors.rubric import ITEMS, Verdict
from consult.cli.commands.show import show
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.events import Event
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.errors import StoreError, UserError
from consult.render.transcript import fidelity
from consult.scenarios import UnknownNameError, load_scenario

GROUNDED, FREE = {"config": "{}"}, {"config": '{"patient_grounding": false}'}
PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"


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
    told = " ".join(shown.split())
    assert "5 lines: " in told and "backed by the card as first drafted" in told and "5 in the end (100%)" in told
    assert "not corrected" not in shown and shown.count("backed by the card") == 1
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
    assert first == ["r1.1", "test-0007", "sanguine", "eczema", "chronic", "lichen", "wrong"]
    assert any("1 of 2 right (50.0%)" in line for line in lines)
    show("r1", db=played[0], json_=True)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["consultation"] for event in printed if event["event"] == "consultation"] == ["r1.1", "r1.2"]


def test_a_run_tells_how_faithful_its_lines_are(
    played: tuple[Path, list[Event]], capsys: pytest.CaptureFixture[str]
) -> None:
    show("r1", db=played[0])
    shown = capsys.readouterr().out
    listed, _, rates = shown.partition("fidelity")
    rates, _, unusable = rates.partition("unusable answers")
    assert all(role in unusable for role in ("patient", "triage", "specialist", "attending"))
    assert "r1.2" in listed and "r1.2" not in rates and "not corrected" not in rates
    with Store(played[0]) as store:
        lines = [act.draft for i in ("r1.1", "r1.2") for act in store.acts(i) if act.speaker == "patient" and act.draft]
    backed, n = sum(draft.backed for draft in lines), len(lines)
    assert 0 < backed < n
    rows = {line.strip().split("  ")[0]: line.split() for line in rates.splitlines() if " of " in line}
    first, final = (rows[f"patient's {what} backed by the card"] for what in ("first drafts", "final lines"))
    assert first[-3:] == [str(backed), "of", str(n)] and f"{backed / n:.1%}" in first
    assert final[-3:] == [str(n), "of", str(n)]
    assert final[-5:-3] == ["100.0%", f"{100 * n / (n + 1.96**2):.1f}-100.0%"]
    # The panel's attending is believed, so that none of its lines has a draft.
    assert not any("attending" in name for name in rows)


def test_a_free_patients_lines_are_told_to_be_left_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Improviser()
    improvised(tmp_path / "a.db", model, 4, patient_grounding=False)
    show("r1", db=tmp_path / "a.db")
    show("r1.1", db=tmp_path / "a.db")
    run, _, consultation = capsys.readouterr().out.partition("derm34 ·")
    assert "lines are not corrected" in run and "lines, not corrected: " in " ".join(consultation.split())


@pytest.mark.parametrize(
    ("drafts", "run_row", "told"),
    [
        (
            [Draft(True, False, 1, False), Draft(False, True, 2, True)],
            GROUNDED,
            "2 lines: 1 backed by the card as first drafted (50%), 2 in the end (100%); "
            "1 naming a diagnosis as first drafted (50%), 0 in the end (0%); 1 said by the program (50%).",
        ),
        (
            [Draft(False, True, 1, False, False, True), Draft(True, False, 1, False)],
            FREE,
            "2 lines, not corrected: 1 backed by the card (50%); 1 naming a diagnosis (50%); "
            "0 said by the program (0%).",
        ),
    ],
)
def test_first_drafts_and_final_lines_are_told_apart_and_nothing_twice(
    drafts: list[Draft], run_row: dict[str, str], told: str
) -> None:
    acts = [*(Act("patient", "answer", "x", draft=draft) for draft in drafts), Act("patient", "answer", "by hand")]
    assert fidelity([*acts, Act("attending", "ask", "y", draft=drafts[0])], run_row) == [f"The patient's {told}"]
    assert fidelity([Act("patient", "answer", "by hand")], run_row) == []


def test_html_is_written_and_its_path_told(
    played: tuple[Path, list[Event]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    show("r1.2", html=page, db=played[0])
    assert capsys.readouterr().out == f"{page}\n"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_page_sets_assessors_side_by_side(played: tuple[Path, list[Event]], tmp_path: Path) -> None:
    db = Path(shutil.copy(played[0], tmp_path / "judged.db"))
    show("r1.1", html=tmp_path / "before.html", db=db)
    verdicts = {
        "1.1": Verdict(0, "asked <nothing>", (3,)),
        "4.1": Verdict(1, ""),
        "2.1": Verdict(None, "no reply: gone"),
    }
    with Store(db) as store:
        store.keep_assessments("a@1", [("r1.1", verdicts)])
        store.keep_assessments("human:anna", [("r1.1", {"4.1": Verdict(2, "")})])
    show("r1.1", html=tmp_path / "after.html", db=db)
    before, after = ((tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in ("before", "after"))
    assert "Assessments</h2>" not in before
    rows = re.findall(r"<small>(\d\.\d)</small>.*?</th>(.*?)</tr>", after)
    cells = {key: re.findall(r">([^<>]+)</b>|<td[^>]*>(—)", row) for key, row in rows}
    assert {key: ["".join(cell) for cell in found] for key, found in cells.items()} == {
        **{item.key: ["—", "—"] for item in ITEMS},
        "1.1": ["no", "—"],
        "2.1": ["not scored", "—"],
        "4.1": ["1 of 2", "2 of 2"],
    }
    assert "asked &lt;nothing&gt;" in after and '<a href="#t3">3</a>' in after and 'id="t3"' in after


def test_mistakes_name_the_fix(played: tuple[Path, list[Event]], tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no consultation 'r1\.3'; there are: r1\.\d, r1\.\d"):
        show("r1.3", db=played[0])
    for name in ("r99", "r99.1"):
        with pytest.raises(UnknownNameError, match="no run 'r99'; there are: r1"):
            show(name, db=played[0])
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
