"""The prompts of a consultation as text, and a user's in their place."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from amounts import handful
from command_line import type_in

import consult
from consult.agents.prompt import BUILT_IN, JUDGES, blanks_of, prompt_folder, prompt_names, prompt_text
from consult.envs.rehearsal import rehearse
from consult.envs.store.write import Store
from consult.scenarios import load_scenario

DATA = Path(__file__).parents[2] / "data"
PANEL, SNAPSHOT = DATA / "panel.yaml", DATA / "plain_prompts.txt"
SCRIPT = ("--model", f"scripted:{PANEL}")
AGAIN = f"consult prompts --case test-0003 > tests/data/{SNAPSHOT.name}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Make a folder with two prompts of a user."""
    folder = tmp_path / "own"
    folder.mkdir()
    reply = prompt_text("plain", "reply")
    (folder / "reply.txt").write_text(f"BE KIND. {reply}\n", encoding="utf-8")
    (folder / "look.txt").write_text("Look closely.\r\n", encoding="utf-8")
    return folder


def called(*words: str | Path) -> tuple[int, str, str]:
    return type_in(*map(str, words))


# -- the snapshot ------------------------------------------------------------------------------------------------------


def test_every_prompt_of_one_consultation_is_as_the_snapshot_shows_it() -> None:
    shown = SNAPSHOT.read_text(encoding="utf-8")
    assert str(consult.prompts(case="test-0003")) == shown.rstrip("\n"), f"if the prompts are as wanted: {AGAIN}"


def test_the_rehearsal_asks_for_every_task() -> None:
    scenario = load_scenario("derm34")
    rendered = rehearse(scenario, scenario.case("test-0003"))
    tasks = {(one.role, one.task) for one in rendered}
    doctors = {("triage", "triage"), ("specialist", "opinion"), *(("attending", task) for task in
               ("action", "decision", "explanation", "reply"))}  # fmt: skip
    patients = {("patient", task) for task in ("open", "answer", "topic", "ask", "satisfied")}
    assert tasks - {("patient", "reluctant")} >= doctors | patients - {("patient", "satisfied")}
    assert [one.member for one in rendered if one.task == "opinion"] == [0, 1, 2]


@pytest.mark.slow
def test_a_scenario_without_menus_can_be_rehearsed() -> None:
    bare = replace(load_scenario("derm34"), labels={}, topics={}, examinations={})
    assert {one.task for one in rehearse(bare, bare.case("test-0003"))} >= {"triage", "opinion", "decision"}


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_prompts_of_one_role_are_printed() -> None:
    code, out, _ = called("prompts", "specialist", "--case", "test-0004")
    assert code == 0 and out.count("======== specialist: opinion") == 3 and "======== triage" not in out
    assert "You are a surgeon who does minor surgery." in out and "[photograph]" in out
    assert out.startswith(f"Prompts plain {BUILT_IN.revision}, case test-0004;")


def test_prompts_as_json(own: Path) -> None:
    code, out, _ = called("prompts", "attending", "--json", "--prompts", own)
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and {one["role"] for one in events} == {"attending"}
    reply = next(one for one in events if one["task"] == "reply")
    assert "BE KIND. Your conclusion was" in reply["messages"][-1]["content"]
    assert events[0]["prompts"] != f"plain {BUILT_IN.revision}"
    assert Path(events[0]["folder"]) == prompt_folder()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nurse",), "no role 'nurse'; there are: patient, triage, specialist, attending"),
        (("--case", "test-99999"), "test-99999"),
        (("--scenario", "nowhere"), "nowhere"),
        (("--prompts", "nowhere"), "'nowhere' is not a folder; give a folder with prompts as files NAME.txt"),
    ],
)
def test_a_mistake_is_one_sentence(words: tuple[str, ...], said: str) -> None:
    code, out, err = called("prompts", *words)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1


# -- a user's ----------------------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[str, bytes, str]] = {
    "an unknown file": ("replly.txt", b"x", "replly.txt' is not a prompt; the nearest: reply.txt"),
    "another kind of file": ("reply.md", b"x", "reply.md' is not a prompt; the nearest: reply.txt"),
    "a blank left open": ("reply.txt", b"{diagnosis} {question} {name}", "leaves the blank {name} open"),
    "a blank in other letters": (
        "reply.txt",
        b"{diagnosis} {question} {Diagnosis}",
        "leaves the blank {Diagnosis} open",
    ),
    "a blank with spaces": ("reply.txt", b"{diagnosis} { question }", "lacks the blank {question}"),
    "a filling left over": ("reply.txt", b"{diagnosis}?", "lacks the blank {question}; this prompt's blanks are: "),
    "a blank where none is": (
        "look.txt",
        b"Look at {photograph}.",
        "{photograph} open; this prompt's blanks are: none",
    ),
    "no text": ("look.txt", b" \n", "look.txt' is empty; write the prompt, or remove the file"),
    "no UTF-8": ("look.txt", b"M\xfcde", "look.txt', line 1, is not UTF-8 text at 'M\ufffdde'; save it as UTF-8"),
    "too long": ("look.txt", b"x" * 100_001, "look.txt' is larger than 100 kB; make it smaller"),
    "the assessor's": ("assessor.txt", b"x", "assessor.txt' cannot be replaced"),
}


COMMANDS = ["prompts", "simulate", "benchmark", "python"]


@pytest.mark.parametrize(
    ("kind", "command"),
    handful(
        [(kind, command) for kind in BROKEN for command in COMMANDS],
        # Every kind with one command, and two or three kinds with each other one.
        lambda case: case[1] == "prompts" or list(BROKEN).index(case[0]) % 4 == COMMANDS.index(case[1]),
    ),
)
def test_a_folder_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    name, content, said = BROKEN[kind]
    Path("own").mkdir()
    (Path("own") / name).write_bytes(content)
    if command == "python":
        with pytest.raises(consult.UserError) as caught:
            consult.simulate(cases=1, model=f"scripted:{PANEL}", prompts="own", db="a.db")
        assert said in str(caught.value)
    else:
        words = () if command == "prompts" else (*SCRIPT, "--cases", "1", "--db", "a.db")
        code, _, err = called(command, *words, "--prompts", "own")
        assert code == 2 and said in err and err.count("\n") == 1
    assert not Path("a.db").exists()


def test_an_empty_folder_and_a_folder_within_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("x")
    assert "contains no prompts; put files NAME.txt into it" in called("prompts", "--prompts", tmp_path)[2]
    (tmp_path / "reply.txt").mkdir()
    assert "reply.txt' is not a file" in called("prompts", "--prompts", tmp_path)[2]


@pytest.mark.slow
def test_own_prompts_are_played_stored_and_told_in_reports(tmp_path: Path, own: Path) -> None:
    db = tmp_path / "a.db"
    code, _, err = called("simulate", *SCRIPT, "--case", "test-0003", "--prompts", own, "--db", db, "--json")
    assert code == 0, err
    called("simulate", *SCRIPT, "--case", "test-0003", "--db", db, "--json")
    mine, built_in = (consult.load(db)[run] for run in ("r1", "r2"))
    assert mine.config["prompt_texts"] == {
        "look": "Look closely.",
        "reply": f"BE KIND. {prompt_text('plain', 'reply')}",
    }
    assert built_in.config["prompt_texts"] == {}
    with Store(db) as store:
        revisions = [row["prompt_revision"] for row in store.query("SELECT prompt_revision FROM runs ORDER BY rowid")]
    assert revisions[1] == BUILT_IN.revision and revisions[0] not in (None, revisions[1])
    asked = [message.content for one in mine["r1.1"].prompts for message in one.messages]
    assert any("Look closely." in text for text in asked)
    assert not any("morphology" in text for text in asked)
    labels = [run["label"] for run in consult.report([mine, built_in], out=tmp_path / "out").data["runs"]]
    assert all(f"prompts {one}" in label for one, label in zip(revisions, labels, strict=True))


def test_a_copy_of_the_built_in_prompts_is_no_other_run(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in prompt_names():
        shutil.copy(prompt_folder() / f"{name}.txt", folder)
    assert called("prompts", "--prompts", folder)[1] == called("prompts")[1]
    run = consult.simulate(cases=1, model=f"scripted:{PANEL}", prompts=folder, db=tmp_path / "a.db")
    assert run.config["prompt_texts"] == {} and len(run["r1.1"].prompts) > 3


@pytest.mark.slow
def test_a_benchmark_takes_the_folder_from_its_file(tmp_path: Path, own: Path) -> None:
    grid = {"scenario": "derm34", "models": [f"scripted:{PANEL}"], "strategies": ["no-dialogue"], "cases": 1}
    (tmp_path / "grid.toml").write_text("\n".join(f"{key} = {json.dumps(one)}" for key, one in grid.items()))
    file, out = (tmp_path / "grid.toml").read_text(), tmp_path / "out"
    (tmp_path / "own.toml").write_text(f"{file}\nprompts = {json.dumps(str(own))}\nsolo_baseline = false\n")
    by_file = consult.benchmark(config=tmp_path / "own.toml", out=out, db=tmp_path / "a.db").runs
    assert [run.config["prompt_texts"].get("look") for run in by_file] == ["Look closely."]
    again = consult.benchmark(
        config=tmp_path / "grid.toml", prompts=own, solo_baseline=False, out=out, db=tmp_path / "a.db"
    )
    assert [run.id for run in again.runs] == [run.id for run in by_file]
    other = consult.benchmark(config=tmp_path / "grid.toml", solo_baseline=False, out=out, db=tmp_path / "a.db")
    assert [run.config["prompt_texts"] for run in other.runs] == [{}]


def test_prompts_that_nobody_reads_are_refused(tmp_path: Path, own: Path) -> None:
    code, _, err = called("simulate", "--cases", "1", "--prompts", own, "--db", tmp_path / "a.db")
    assert code == 2 and "none plays in this run" in err and not (tmp_path / "a.db").exists()


def test_an_interrupted_run_continues_with_its_own_prompts_even_if_the_folder_has_changed(
    tmp_path: Path, own: Path
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text(PANEL.read_text(encoding="utf-8"), encoding="utf-8")
    db = tmp_path / "a.db"
    run = consult.simulate(cases=1, model=f"scripted:{script}", prompts=own, db=db)
    with Store(db) as store:
        store.write("UPDATE runs SET status = 'interrupted' WHERE id = ?", [(run.id,)])
        store.write("UPDATE consultations SET status = 'running' WHERE run_id = ?", [(run.id,)])
        store.write("DELETE FROM turns WHERE idx > 0", [()])
        store.write("DELETE FROM opinions", [()])
    (own / "look.txt").write_text("Look away.")
    again = consult.resume(run.id, db=db)
    asked = [message.content for one in again["r1.1"].prompts for message in one.messages]
    assert any("Look closely." in text for text in asked) and not any("Look away." in text for text in asked)


@pytest.mark.parametrize("revision", ["1-00000000", None])
def test_a_run_of_other_prompts_is_not_continued_with_these(tmp_path: Path, revision: str | None) -> None:
    db, script = tmp_path / "a.db", f"scripted:{PANEL}"
    run = consult.simulate(cases=1, model=script, db=db)
    with Store(db) as store:
        store.write("UPDATE runs SET status = 'interrupted', prompt_revision = ? WHERE id = ?", [(revision, run.id)])
        store.write("UPDATE consultations SET status = 'running' WHERE run_id = ?", [(run.id,)])
    with pytest.raises(consult.UserError, match=r"run r1 was started with other prompts .* plays it as a new run"):
        consult.resume(run.id, db=db)
    with pytest.warns(match="the prompts have changed since r1 was interrupted; this is a new run"):
        assert consult.simulate(cases=1, model=script, db=db).id == "r2"


def test_the_starter_reads_none_of_these_prompts_and_its_runs_continue(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    run = consult.simulate(cases=1, model="starter", strategy="no-dialogue", db=db)
    with Store(db) as store:
        assert store.query("SELECT prompt_revision FROM runs")[0]["prompt_revision"] is None
        store.write("UPDATE runs SET status = 'interrupted' WHERE id = ?", [(run.id,)])
        store.write("UPDATE consultations SET status = 'running' WHERE run_id = ?", [(run.id,)])
    assert consult.resume(run.id, db=db).id == run.id


def test_every_text_has_a_purpose_and_known_blanks() -> None:
    assert {path.stem for path in prompt_folder().iterdir()} == {*prompt_names(), *JUDGES}
    assert blanks_of(prompt_text("plain", "case")) == {"patient", "file", "transcript"}
