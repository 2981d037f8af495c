"""The live view and the progress, driven by real runs of the scripted model."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from consult.agents.choices import Strategy, Team
from consult.cli.terminal.progress import Progress
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.render.live import LiveView, played_by
from consult.render.photograph import UPPER_HALF, half_blocks
from consult.render.verdict import triage_judgements, urgency_judgement
from consult.scenarios import load_scenario

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
CASE = "test-0007"
EVIL = "[red]x[/red] <script>alert(1)</script> \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202ereversed"


def play(
    tmp_path: Path,
    listen: Any,
    *,
    cases: int = 1,
    script: Path = PANEL,
    team: Team = "panel",
    strategy: Strategy = "dialogue",
    grounded: bool = True,
) -> None:
    scenario = load_scenario("derm34")
    role = RoleConfig(model=f"scripted:{script}")
    config = RunConfig(
        scenario="derm34",
        cases=(CASE,) if cases == 1 else tuple(scenario.case_ids("test")[:cases]),
        temperaments=("sanguine",) * cases,
        team=team,
        strategy=strategy,
        patient_grounding=grounded,
        patient=role,
        triage=role,
        specialist=role,
        attending=role,
    )
    with Store(tmp_path / "live.db") as store:
        Runner(scenario, config, Models.open(config), store, listen=listen).run()


def script_with(tmp_path: Path, **replies: list[Any]) -> Path:
    data = yaml.safe_load(PANEL.read_text(encoding="utf-8"))
    data["replies"] |= {name.replace("__", "."): entries for name, entries in replies.items()}
    path = tmp_path / "script.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def recorded(tmp_path: Path, *, terminal: bool = False, database: str = "consult.db", **how: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, color_system="truecolor" if terminal else None, width=100)
    scenario = load_scenario("derm34")
    view = LiveView(
        console,
        scenario,
        scenario.case(CASE),
        temperament="sanguine",
        strategy=how.get("strategy", "dialogue"),
        team=how.get("team", "panel"),
        seed=0,
        command="consult simulate --scenario derm34",
        database=database,
    )
    play(tmp_path, view, **how)
    return out.getvalue()


def test_a_script_reads_the_whole_consultation_as_plain_text(tmp_path: Path) -> None:
    shown = recorded(tmp_path)
    assert "\x1b" not in shown and UPPER_HALF not in shown
    for expected in (
        "derm34 · test-0007",
        "Camille, 44 years, female",
        "sanguine temperament",
        "photograph: shown, skin type VI",
        "→ dermatology · routine · A rash is a matter",
        "Attending  How long have you had it?",
        "↳ temperature: there is no fever",
        "• dermatology: eczema 80%  It looks like it.",
        "thinks: They agree.",
        "▸ eczema",
        "less likely: psoriasis, mycosis",
        "Keep the skin moist.",
        "eczema  ✘ wrong: it was chronic lichen",
        "dermatology ✔ · routine ✔",
        "urgency    routine ✔",
        "0/3 right",
        "Simulation, not medical advice.",
    ):
        assert expected in shown


def test_a_terminal_gets_the_photograph_and_each_speaker_a_colour(tmp_path: Path) -> None:
    shown = recorded(tmp_path, terminal=True)
    assert shown.count(UPPER_HALF) == 36 * 18
    assert "\x1b[1;36mPatient" in shown and "\x1b[1;32mAttending" in shown
    # The speaker's style ends with the name.
    assert "\x1b[1;32mAttending  \x1b[0mHow long" in shown


def test_it_ends_with_commands_to_copy(tmp_path: Path) -> None:
    shown = recorded(tmp_path, database="my runs.db")
    assert "consult simulate --scenario derm34 --case test-0007 --temperament choleric --db 'my runs.db'" in shown
    assert "consult show r1.1 --html consultation.html --db 'my runs.db'" in shown
    assert "consult simulate --scenario derm34 --cases 34 --db 'my runs.db'" in shown


def test_what_a_model_says_is_shown_as_text(tmp_path: Path) -> None:
    script = script_with(
        tmp_path,
        attending__explanation=[EVIL.replace("<script>", "< script>")],
        specialist=['{"diagnosis": "eczema", "confidence": 0.8, "reason": "[bold]so[/bold] \\u001b[31mred"}'],
    )
    shown = recorded(tmp_path, script=script)
    assert "[red]x[/red] < script>alert(1)</script> red" in shown
    assert "[bold]so[/bold] red" in shown
    assert not any(sign in shown for sign in ("\x1b", "\x07", "\u202e", "title"))


def test_events_with_terminal_escapes_are_shown_without_them() -> None:
    out = io.StringIO()
    scenario = load_scenario("derm34")
    view = LiveView(
        Console(file=out, width=100),
        scenario,
        scenario.case(CASE),
        temperament="phlegmatic",
        strategy="dialogue",
        team="solo",
        seed=0,
        command="consult simulate",
        database="consult.db",
    )
    view({"event": "turn", "idx": 0, "speaker": "patient", "action": "open", "text": EVIL, "source": "program"})
    view({"event": "of another version"})
    assert out.getvalue().startswith("Patient    [red]x[/red] <script>alert(1)</script> red")
    assert "(said by the program)" in out.getvalue() and "\x1b" not in out.getvalue()


def test_a_failed_consultation_shows_its_error(tmp_path: Path) -> None:
    shown = recorded(tmp_path, script=script_with(tmp_path, triage=[{"error": "the weights [melted]"}]))
    assert "the weights [melted]" in shown and "failed" in shown and "no diagnosis" in shown


def test_a_doctor_alone_has_neither_triage_nor_panel_in_the_verdict(tmp_path: Path) -> None:
    shown = recorded(tmp_path, team="solo", strategy="text-only")
    verdict = shown.partition("-- verdict --")[2]
    assert "triage" not in verdict and "panel" not in verdict
    assert "the doctors do not see the photograph" in shown


def test_a_private_thought_stands_before_the_line(tmp_path: Path) -> None:
    ask = '<think>It may be dry skin.</think>{"action": "ask", "topic": "site", "text": "Where is it?"}'
    script = script_with(tmp_path, attending__action=[ask, '{"action": "conclude"}'])
    lines = recorded(tmp_path, script=script, strategy="reasoning").splitlines()
    thought = next(i for i, line in enumerate(lines) if line.startswith("Attending  thinks: It may be dry skin."))
    assert "Where is it?" in lines[thought + 1] and "thinks" not in lines[thought + 1]


def test_what_a_free_patient_says_is_marked_and_not_mended(tmp_path: Path) -> None:
    leave = '{"satisfied": true, "accepts": false, "text": "Hardly."}'
    script = script_with(tmp_path, patient__free=["I have psoriasis, doctor.", "It came 77 days ago.", leave])
    text = " ".join(recorded(tmp_path, script=script, grounded=False).split())
    assert "I have psoriasis, doctor. (not backed by the card) (names a diagnosis)" in text
    assert "It came 77 days ago. (not backed by the card)" in text
    assert "(does not accept the plan)" in text


def test_lines_hang_under_the_text_and_keep_to_the_width(tmp_path: Path) -> None:
    shown = recorded(tmp_path, script=script_with(tmp_path, attending__explanation=["word " * 60]))
    lines = [line for line in shown.splitlines() if "word word" in line]
    assert len(lines) > 2
    assert all(line.startswith(" " * 11 + "word") and len(line) <= 100 for line in lines)


def test_models_that_play_several_roles_are_named_once() -> None:
    assert played_by({"patient": "starter@0123456789abcdef", "triage": "starter@0123456789abcdef"}) == [
        "played by starter@0123456789"
    ]
    assert played_by({"patient": "starter", "triage": "mine", "attending": "starter"}) == [
        "patient, attending: starter",
        "triage: mine",
    ]


def test_half_blocks_keep_the_proportions() -> None:
    from PIL import Image

    text = half_blocks(Image.new("RGB", (200, 100), (10, 20, 30)), columns=20)
    assert text.plain == "\n".join([UPPER_HALF * 20] * 5)
    assert {str(span.style) for span in text.spans} == {"rgb(10,20,30) on rgb(10,20,30)"}


@pytest.mark.parametrize("terminal", [False, True])
def test_many_consultations_end_in_a_table_on_stdout(tmp_path: Path, terminal: bool) -> None:
    err, out = io.StringIO(), io.StringIO()
    progress = Progress(
        Console(file=err, force_terminal=terminal, width=100), total=4, out=Console(file=out, width=100)
    )
    play(tmp_path, progress, cases=4)
    shown = out.getvalue()
    assert "4 (4 finished)" in shown and "diagnosis right" in shown and "0.0%  (0/4; 95 % interval 0.0% to" in shown
    assert "consult show r1.1" in shown and "consult runs" in shown and "\x1b" not in shown
    assert "playing run r1: 4 consultations" in err.getvalue()
    assert ("4/4" in err.getvalue()) == terminal


def test_failed_consultations_are_listed_and_cut_short(tmp_path: Path) -> None:
    out = io.StringIO()
    progress = Progress(Console(file=io.StringIO()), total=12, out=Console(file=out, width=100))
    play(tmp_path, progress, cases=12, script=script_with(tmp_path, triage=[{"error": "[no] triage"}]))
    shown = out.getvalue()
    assert "12 (12 failed)" in shown
    assert shown.count("[no] triage") == 10 and "… and 2 more" in shown


def test_without_a_terminal_a_line_comes_only_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("consult.cli.terminal.progress.time.monotonic", lambda: now[0])
    err = io.StringIO()
    progress = Progress(Console(file=err, width=100), total=50)
    progress({"event": "run", "run": "r1", "resumed": True})
    for _ in range(25):
        now[0] += 1.0
        progress({"event": "consultation", "correct": True, "status": "finished"})
    assert err.getvalue().splitlines() == [
        "continuing run r1: 50 consultations",
        "10/50 done, 10/10 right (100%), 10 s",
        "20/50 done, 20/20 right (100%), 20 s",
    ]


@pytest.mark.parametrize(
    ("final", "true", "triaged", "judged"),
    [
        ("urgent", "urgent", "soon", ("urgent", True, "triage said soon")),
        ("soon", "urgent", "soon", ("soon", False, "truly urgent")),
        ("soon", "urgent", "routine", ("soon", False, "truly urgent, triage said routine")),
        ("urgent", None, None, ("urgent", None, "")),
    ],
)
def test_the_final_urgency_is_judged_beside_the_triage_s(
    final: str, true: str | None, triaged: str | None, judged: tuple[str, bool | None, str]
) -> None:
    assert urgency_judgement({"final_urgency": final, "true_urgency": true, "urgency": triaged}) == judged


def test_an_accepted_second_specialty_has_no_cross_beside_it() -> None:
    scenario = load_scenario("derm34")
    label = next(label for label in scenario.labels.values() if label.second_specialty)
    event = {"truth": label.name, "true_specialty": label.specialty, "true_urgency": None, "urgency": None}
    (said, right, note), _ = triage_judgements({**event, "specialty": label.second_specialty}, scenario)
    assert (said, right) == (label.second_specialty, None)
    assert note == f"accepted, the first choice is {label.specialty}"
    (_, right, note), _ = triage_judgements({**event, "specialty": "nobody's"}, scenario)
    assert (right, note) == (False, f"truly {label.specialty}")
