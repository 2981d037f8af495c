"""A complaint and a photograph of one's own: played by nobody and by a person, kept, disclaimed, and mistaken."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import command_line
import pexpect
import pytest
import yaml
from amounts import handful
from PIL import Image

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"
REAL = Path(__file__).parents[4] / "shared" / "data" / "images"
SAID = "demonstration model trained on drawings; not a finding about this photograph"
ENV = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
COMPLAINT = "My elbow itches and it's scaly."


def consult(folder: Path, *words: str | Path, check: bool = False) -> subprocess.CompletedProcess[str]:
    store = () if words[0] == "--version" else ("--db", folder / "a.db")
    return command_line.consult(*words, *store, folder=folder, check=check)


def photograph(folder: Path, name: str = "mine.jpg") -> Path:
    path, exif = folder / name, Image.Exif()
    exif[0x010E] = "a secret place"  # ImageDescription
    exif[0x0112] = 6  # turned by a quarter
    picture = Image.new("RGB", (60, 40), (180, 110, 90))
    picture.paste((90, 20, 20), (0, 0, 20, 20))
    picture.save(path, exif=exif)
    return path


def scripted(folder: Path, **replies: list[Any]) -> str:
    data = yaml.safe_load(PANEL.read_text(encoding="utf-8"))
    data["replies"] |= {name.replace("__", "."): entries for name, entries in replies.items()}
    (folder / "script.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return f"scripted:{folder / 'script.yaml'}"


def terminal(folder: Path, *words: str | Path) -> Any:
    call = ["-m", "consult", *map(str, words), "--db", str(folder / "a.db")]
    return pexpect.spawn(sys.executable, call, cwd=folder, env=ENV, encoding="utf-8", timeout=60, dimensions=(40, 100))


def to_the_end(screen: Any) -> None:
    while screen.expect(["You        ", pexpect.EOF]) == 0:
        screen.sendline("")


def flat(text: str) -> str:
    return " ".join(text.split())


# -- without a terminal --------------------------------------------------------------------------------------------


def test_without_a_terminal_the_patient_knows_the_complaint_alone(tmp_path: Path) -> None:
    image = photograph(tmp_path)
    done = consult(tmp_path, "simulate", "--complaint", COMPLAINT, "--image", image, "--model", scripted(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"Patient    {COMPLAINT}\n" in done.stdout
    assert "I can't tell you more about that.  (said by the program)" in done.stdout
    assert "eczema  no truth is known" in done.stdout and "wrong" not in done.stdout
    assert "Simulation, not medical advice." in done.stdout
    # A script is no demonstration model.
    assert SAID not in flat(done.stdout)
    with sqlite3.connect(tmp_path / "a.db") as db:
        rows = db.execute("SELECT action, source, text FROM turns WHERE speaker = 'patient' ORDER BY idx").fetchall()
        assert rows[0] == ("open", "human", COMPLAINT)
        assert {source for _, source, _ in rows[1:]} == {"program"} and rows[-1][0] == "satisfied"
        assert db.execute("SELECT truth, true_specialty, demo FROM consultations").fetchone() == (None, None, 0)
    assert consult(tmp_path, "runs").stdout.splitlines()[1].split()[-1] == "—"


def test_what_nobody_can_judge_is_null_and_not_wrong(tmp_path: Path) -> None:
    done = consult(tmp_path, "simulate", "--complaint", COMPLAINT, "--model", scripted(tmp_path), "--json", check=True)
    *_, ended, summary = map(json.loads, done.stdout.splitlines())
    assert ended["truth"] is None and ended["correct"] is None and ended["opinions_right"] is None
    assert ended["demo"] is False and ended["disclaimer"] is None and ended["style"] is None
    assert summary["with_truth"] == 0 and summary["accuracy"] is None and summary["triaged"] == 0


def test_the_photograph_is_kept_without_its_metadata_and_outlives_its_file(tmp_path: Path) -> None:
    image, model = photograph(tmp_path), scripted(tmp_path)
    consult(tmp_path, "simulate", "--complaint", COMPLAINT, "--image", image, "--model", model, check=True)
    image.unlink()
    shown = consult(tmp_path, "show", "r1.1", "--html", tmp_path / "a.html")
    assert shown.returncode == 0, shown.stderr
    assert "data:image/png;base64," in (tmp_path / "a.html").read_text()
    assert "photograph: shown" in consult(tmp_path, "show", "r1.1").stdout
    with sqlite3.connect(tmp_path / "a.db") as db:
        ((png, width, height),) = db.execute("SELECT png, width, height FROM photographs").fetchall()
    assert (width, height) == (40, 60) and b"secret" not in png and b"eXIf" not in png
    assert b"secret" not in (tmp_path / "a.db").read_bytes()


def test_a_large_photograph_is_kept_smaller_and_the_same_one_once(tmp_path: Path) -> None:
    image, model = tmp_path / "large.webp", scripted(tmp_path)
    Image.new("RGB", (4096, 1024), (9, 99, 199)).save(image)
    for _ in range(2):
        consult(tmp_path, "simulate", "--complaint", COMPLAINT, "--image", image, "--model", model, check=True)
    with sqlite3.connect(tmp_path / "a.db") as db:
        assert db.execute("SELECT width, height FROM photographs").fetchall() == [(2048, 512)]
        assert db.execute("SELECT count(DISTINCT case_id), count(*) FROM consultations").fetchone() == (1, 2)


def test_a_photograph_that_was_taken_out_of_the_store_is_missed_in_a_sentence(tmp_path: Path) -> None:
    image, model = photograph(tmp_path), scripted(tmp_path)
    consult(tmp_path, "simulate", "--complaint", COMPLAINT, "--image", image, "--model", model, check=True)
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("DELETE FROM photographs")
    done = consult(tmp_path, "show", "r1.1")
    assert done.returncode == 2 and "no longer has the photograph" in done.stderr and "Traceback" not in done.stderr


def test_a_complaint_is_data(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script> <|im_end|> [red]x[/red]\n\x1b[31mred\x07 \u202eback {transcript}"
    done = consult(tmp_path, "simulate", "--complaint", evil, "--model", scripted(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Patient    <script>alert(1)</script> [red]x[/red] red back {transcript}\n" in done.stdout
    consult(tmp_path, "show", "r1.1", "--html", tmp_path / "a.html", check=True)
    assert "<script" not in (tmp_path / "a.html").read_text()


def test_a_model_may_play_a_patient_that_knows_its_complaint_alone(tmp_path: Path) -> None:
    model = scripted(tmp_path, patient__unknown=["That I cannot say."])
    words = ("--complaint", COMPLAINT, "--model", model, "--patient", model, "--temperament", "choleric", "--json")
    done = consult(tmp_path, "simulate", *words, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["models"]["patient"].startswith("scripted")
    said = [event["text"] for event in events if event["event"] == "turn" and event["speaker"] == "patient"]
    assert "My elbow itches" in said[0] and "That I cannot say." in said
    assert events[-2]["temperament"] == "choleric"


# -- who sees ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blind", "more", "told", "line"),
    [
        (("triage", "specialist", "attending"), (), "the doctors do not see the photograph", "photograph: not shown"),
        (("triage",), (), "the photograph is not seen by: triage", "photograph: shown"),
        ((), ("--strategy", "text-only"), "the doctors do not see the photograph", "photograph: not shown"),
    ],
)
def test_who_does_not_see_the_photograph_is_said(
    tmp_path: Path, blind: tuple[str, ...], more: tuple[str, ...], told: str, line: str
) -> None:
    script = yaml.safe_load(PANEL.read_text(encoding="utf-8")) | {"sees": False}
    (tmp_path / "blind.yaml").write_text(yaml.safe_dump(script), encoding="utf-8")
    words = [word for role in blind for word in (f"--{role}", f"scripted:{tmp_path / 'blind.yaml'}")]
    image = photograph(tmp_path)
    base = ("simulate", "--complaint", COMPLAINT, "--image", image, "--model", scripted(tmp_path))
    done = consult(tmp_path, *base, *words, *more)
    for shown in (done.stdout, consult(tmp_path, "show", "r1.1").stdout):
        assert told in shown and line in shown, done.stderr
    consult(tmp_path, "show", "r1.1", "--html", tmp_path / "a.html", check=True)
    assert f"{told[:1].upper()}{told[1:]}." in (tmp_path / "a.html").read_text()


# -- a person at the terminal --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_person_plays_the_patient_in_their_own_words(tmp_path: Path) -> None:
    ask = '{"action": "ask", "topic": "site", "text": "Where is it?"}'
    more = '{"action": "ask", "topic": "duration", "text": "Since when?"}'
    model = scripted(tmp_path, attending__action=[ask, more, '{"action": "conclude"}'])
    screen = terminal(tmp_path, "simulate", "--complaint", COMPLAINT, "--model", model)
    screen.expect_exact("Where is it?")
    screen.expect_exact("Enter alone: you do not know")
    screen.expect("You        ")
    screen.sendline("On my <b>left</b> elbow \u2013 and 2 more.")
    screen.expect_exact("Since when?")
    screen.expect("You        ")
    screen.sendline("")
    screen.expect_exact("I can't tell you more about that.  (said by the program)")
    screen.expect_exact("Ask back with a question mark")
    screen.expect("You        ")
    screen.sendline("Is it contagious?")
    screen.expect_exact("Ask back with a question mark")
    screen.expect("You        ")
    screen.sendline("Good bye.")
    screen.expect(pexpect.EOF)
    # What was typed stands on the screen already.
    assert "Good bye." not in screen.before.replace("Good bye.", "", 1)
    screen.close()
    assert screen.exitstatus == 0
    with sqlite3.connect(tmp_path / "a.db") as db:
        lines = db.execute(
            "SELECT action, text, topic, source FROM turns WHERE speaker = 'patient' ORDER BY idx"
        ).fetchall()
        assert db.execute("SELECT status, temperament FROM consultations").fetchone() == ("finished", "own")
    assert lines == [
        ("open", COMPLAINT, "complaint", "human"),
        ("answer", "On my <b>left</b> elbow \u2013 and 2 more.", "site", "human"),
        ("answer", "I can't tell you more about that.", "duration", "program"),
        ("ask", "Is it contagious?", "contagious", "human"),
        ("satisfied", "Good bye.", None, "human"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("leave", ["\x03", "\x04"])
def test_leaving_at_the_prompt_is_an_interrupt_that_is_taken_up_again(tmp_path: Path, leave: str) -> None:
    image, model = photograph(tmp_path), scripted(tmp_path)
    screen = terminal(tmp_path, "simulate", "--complaint", COMPLAINT, "--image", image, "--model", model)
    screen.expect_exact("How long have you had it?")
    screen.expect("You        ")
    screen.send(leave)
    screen.expect_exact("interrupted; what was shown is stored; continue with: consult resume r1")
    screen.expect(pexpect.EOF)
    assert "Traceback" not in screen.before and "exception" not in screen.before.lower()
    screen.close()
    assert screen.exitstatus == 130
    image.unlink()
    again = terminal(tmp_path, "resume", "r1")
    again.expect_exact("Resumed where run r1 was interrupted.")
    again.expect_exact(COMPLAINT)
    again.expect_exact("How long have you had it?")
    again.expect("You        ")
    again.sendline("two weeks")
    to_the_end(again)
    again.close()
    assert again.exitstatus == 0
    with sqlite3.connect(tmp_path / "a.db") as db:
        assert db.execute("SELECT status FROM runs").fetchall() == [("finished",)]
        assert db.execute("SELECT count(*) FROM turns WHERE text = 'two weeks'").fetchone() == (1,)


@pytest.mark.slow
def test_a_person_may_play_the_patient_of_a_case_with_its_card(tmp_path: Path) -> None:
    screen = terminal(tmp_path, "simulate", "--case", "test-0007", "--patient", "human", "--model", scripted(tmp_path))
    screen.expect_exact("What you know:")
    screen.expect_exact("- it's on my ankle bone")
    screen.expect("You        ")
    screen.sendline("It's on my ankle bone.")
    to_the_end(screen)
    screen.close()
    with sqlite3.connect(tmp_path / "a.db") as db:
        (facts,) = db.execute("SELECT facts FROM turns WHERE text LIKE 'It''s on my ankle%'").fetchone()
        assert json.loads(facts) == ["site"]


# -- the starter's disclaimer --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_starter_on_a_case_from_outside_says_what_it_is(tmp_path: Path) -> None:
    image = photograph(tmp_path)
    disclaimed_everywhere(tmp_path, image, COMPLAINT)


@pytest.mark.slow
def test_without_a_photograph_the_disclaimer_is_about_the_complaint(tmp_path: Path) -> None:
    done = consult(tmp_path, "simulate", "--complaint", COMPLAINT, "--json", check=True)
    ended = json.loads(done.stdout.splitlines()[-2])
    assert ended["demo"] and ended["disclaimer"] == SAID.replace("this photograph", "this complaint")


@pytest.mark.slow
def test_a_starter_that_only_plays_the_patient_judges_nothing(tmp_path: Path) -> None:
    words = ("--complaint", COMPLAINT, "--model", scripted(tmp_path), "--patient", "starter", "--json")
    done = consult(tmp_path, "simulate", *words, check=True)
    assert json.loads(done.stdout.splitlines()[-2])["demo"] is False


@pytest.mark.slow
def test_a_drawn_case_needs_no_disclaimer(tmp_path: Path) -> None:
    done = consult(tmp_path, "simulate", "--json", check=True)
    assert json.loads(done.stdout.splitlines()[-2])["demo"] is False


def disclaimed_everywhere(folder: Path, image: Path, complaint: str) -> None:
    done = consult(folder, "simulate", "--complaint", complaint, "--image", image)
    assert done.returncode == 0, done.stderr
    spoken, _, verdict = done.stdout.partition("-- verdict --")
    again = consult(folder, "show", "r1.1", check=True).stdout
    for shown in (spoken, verdict, again):
        assert SAID in flat(shown)
    assert "Simulation, not medical advice." in done.stdout and "Simulation, not medical advice." in again
    events = consult(folder, "show", "r1.1", "--json", check=True).stdout.splitlines()
    ended = json.loads(events[-1])
    assert ended["demo"] is True and ended["disclaimer"] == SAID and ended["correct"] is None
    consult(folder, "show", "r1.1", "--html", folder / "a.html", check=True)
    page = (folder / "a.html").read_text()
    assert page.count(SAID) == 3 and "Simulation, not medical advice." in page


FITTING = {
    "abscess/usmle_abscess.jpg": "I have a painful red swelling full of pus.",
    "eczema/usmle_excoriated.jpg": "My child's skin is dry and scratched open, and it itches all night.",
    "lichen_planus/usmle_papule.jpg": "I have itchy flat purple bumps on my shin.",
    "psoriasis/usmle_plaque.jpg": "I have thick scaly red patches on my back.",
    "warts/dermavqa_example_1.jpg": "There is a hard rough spot on the sole of my foot that hurts when I walk.",
    "warts/dermavqa_example_2.jpg": "A rough thickening on my sole will not go away.",
}


@pytest.mark.skipif(not REAL.is_dir(), reason="the real photographs are not on this machine")
def test_each_real_photograph_has_a_complaint() -> None:
    with (REAL / "MANIFEST.csv").open(encoding="utf-8") as rows:
        assert {row["file"] for row in csv.DictReader(rows)} == set(FITTING)


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real photographs are not on this machine")
@pytest.mark.parametrize(
    "file", handful(FITTING, ("eczema/usmle_excoriated.jpg", "warts/dermavqa_example_1.jpg").__contains__)
)
def test_a_real_photograph_is_played_and_disclaimed(tmp_path: Path, file: str) -> None:
    disclaimed_everywhere(tmp_path, REAL / file, FITTING[file])


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real photographs are not on this machine")
def test_the_starter_quotes_a_person_at_the_terminal_and_is_disclaimed(tmp_path: Path) -> None:
    file = "psoriasis/usmle_plaque.jpg"
    screen = terminal(tmp_path, "simulate", "--complaint", FITTING[file], "--image", REAL / file)
    answers = iter(['on "both" elbows, <site> & my back [sic]', "word " * 200, "", "no idea"] + ["yes"] * 20)
    while (found := screen.expect(["You        ", pexpect.EOF])) == 0:
        screen.sendline(next(answers))
    assert found == 1
    shown = flat(screen.before)
    screen.close()
    assert screen.exitstatus == 0 and SAID in flat(consult(tmp_path, "show", "r1.1").stdout) and shown
    with sqlite3.connect(tmp_path / "a.db") as db:
        assert db.execute("SELECT status, demo FROM consultations").fetchone() == ("finished", 1)
        assert all(len(t) < 600 for (t,) in db.execute("SELECT thought FROM turns WHERE speaker = 'attending'"))


# -- mistakes ------------------------------------------------------------------------------------------------------

MISTAKES = [
    (["--image", "mine.jpg"], '--image needs a complaint; give --complaint "…" with it'),
    (["--complaint", ""], "'--complaint' is empty; give a value"),
    (["--complaint", " \x1b[31m\x07\n "], "the complaint is empty; say in a sentence"),
    (["--complaint", "x" * 1001], "the complaint has 1,001 characters; give at most 1,000"),
    (["--complaint", "x", "--case", "test-0001"], "--case and --complaint cannot be combined"),
    (["--complaint", "x", "--cases", "3"], "--cases and --complaint cannot be combined"),
    (["--complaint", "x", "--split", "test"], "--split and --complaint cannot be combined"),
    (["--complaint", "x", "--temperament", "choleric"], "--temperament is for a patient that a model plays"),
    (["--complaint", "x", "--patient-grounding", "off"], "--patient-grounding is for a patient that a model plays"),
    (["--complaint", "x", "--image", "none.jpg"], "none.jpg: the file does not exist; check the path"),
    (["--complaint", "x", "--image", "."], "is a folder; give a regular file"),
    (["--complaint", "x", "--image", "text.jpg"], "is not a JPEG, PNG, WebP or DICOM picture; convert it first"),
    (["--complaint", "x", "--image", "empty.png"], "is not a JPEG, PNG, WebP or DICOM picture; convert it first"),
    (["--complaint", "x", "--image", "cut.jpg"], "cannot be read as a picture"),
    (["--complaint", "x", "--image", "picture.gif"], "is not a JPEG, PNG, WebP or DICOM picture; convert it first"),
    (["--complaint", "x", "--image", "huge.png"], "has 100 megapixels; give one of at most 50"),
    (["--complaint", "x", "--patient", "human"], "'human' needs an interactive terminal"),
    (["--complaint", "x", "--patient", "human", "--json"], "--json cannot ask a person for input"),
    (["--complaint", "x", "--patient", "nobdy"], "there is no model 'nobdy'"),
    (["--triage", "human"], "'human' can only play the patient; give --patient human, and triage a model"),
    (["--attending", "nobody"], "'nobody' can only play the patient; give --patient nobody, and attending a model"),
    (["--model", "human"], "'human' can only play the patient"),
    (["--patient", "human", "--cases", "2"], "a person plays one consultation at a time"),
    (["--complaint", "x", "--patient", "human", "--temperament", "all"], "a person plays one consultation at a time"),
    (["--complaint", "x", "--scenario", "derm43"], "no scenario 'derm43'; there are: derm34"),
    (["--complaint", "x", "--model", "nowhere"], "there is no model 'nowhere'"),
    (["--complaint", "x", "--db", "no/where.db"], "check that its folder exists"),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    photograph(folder)
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.png").touch()
    Image.effect_noise((200, 200), 90).convert("RGB").save(folder / "whole.jpg")
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:3000])
    Image.new("RGB", (5, 5)).save(folder / "picture.gif")
    Image.new("1", (10_000, 10_000)).save(folder / "huge.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_is_one_sentence(desk: Path, words: list[str], told: str) -> None:
    base = [] if {"--model", "--triage", "--attending", "--patient"} & set(words) else ["--model", f"scripted:{PANEL}"]
    db = [] if "--db" in words else ["--db", "a.db"]
    done = command_line.consult("simulate", *base, *words, *db, folder=desk)
    assert done.returncode == 2, done.stdout
    assert told in done.stderr and "Traceback" not in done.stderr and not done.stdout
    assert len(re.findall(r"^consult: ", done.stderr, re.MULTILINE)) == 1 == len(done.stderr.strip().splitlines())
