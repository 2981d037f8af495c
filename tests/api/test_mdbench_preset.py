"""3MDBench from its files to its figure: imported, played by its protocol, scored here and by its documented steps."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from mdbench_rows import write_mdbench
from sklearn.metrics import f1_score
from typer.testing import CliRunner

import consult
from consult.agents.prompt_formats.talk import read_extraction, read_patient_talk
from consult.agents.roles.talk import labels_named
from consult.cli.main import app
from consult.envs.benchmark.grid_file import make_grid, read_preset
from consult.envs.metrics.mdbench_scorer import legacy, renamed
from consult.envs.metrics.outcomes import outcomes
from consult.envs.store.write import Store
from consult.errors import PluginWarning, UserError
from consult.scenarios import load_scenario
from consult.scenarios.importing import import_cases

DERM34 = load_scenario("derm34")
KEYS = ("1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2", "4.1")
REASONS = (
    "no earlier illness came up, which is enough here",
    "duration was asked for",
    "the photograph's redness was named",
    "polite throughout",
    "nothing was wished for",
    "one question led to it",
    "no harmful advice",
    "sound but short",
)
PATIENT = [
    '{"text": "My skin itches.", "satisfied": false}',
    '{"text": "For three weeks.", "satisfied": false}',
    '{"text": "Thank you!", "satisfied": true}',
]
QUESTION, ANSWER = "How long have you had it?", "For three weeks. I know of no Doctor: or BREAK."
STATED = {
    "You have eczema.": "eczema",
    "This looks like psoriasis, not eczema.": "`psoriasis`",
    "I cannot tell yet.": "none",
    "It is ringworm or psoriasis.": "ringworm, psoriasis",
    "You have herpes zoster.": "herpes zoster",
    "It is some rash.": "a rash",
    "It is tooth decay, that is caries.": "caries",
    "You have an Ingrown Nail.": "Ingrown Nail\n",
}
"""What doctors conclude → what the extractor reads from it."""


def everyone(messages, images):
    """Play patient, doctor and extractor; the case's number decides the diagnosis."""
    system, *rest = [message["content"] for message in messages]
    whole = " ".join((system, *rest))
    said = list(STATED)[int(found[1]) % len(STATED) if (found := re.search(r"\(patient (\d+)\)", whole)) else 0]
    if system.startswith("You read what a doctor said"):
        return next(words for line, words in STATED.items() if json.dumps(line)[1:-1] in rest[0])
    if system.startswith("You play a patient"):
        lines = [f"My skin itches, doctor {found[0] if found else ''}", ANSWER, "Thank you!"]
        nth = sum(message["role"] == "assistant" for message in messages)
        return json.dumps({"text": lines[nth], "satisfied": nth == 2})
    return said if len(rest) > 1 else QUESTION


def script(folder: Path, name: str, **replies: list[str]) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"replies": {key.replace("_", "."): value for key, value in replies.items()}}))
    return f"scripted:{path}"


def play(root: Path, db: Path, model, **options):
    return consult.simulate(str(root / "cases"), preset="3mdbench", model=model, db=db, **options)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Play the 40 rows by the preset, with and without a model that extracts, and assess them."""
    root = tmp_path_factory.mktemp("preset")
    import_cases("3mdbench", write_mdbench(root / "in"), root / "cases", own_split=True)
    run = play(root, root / "a.db", everyone, extractor=everyone, cases=40)
    searched = play(root, root / "a.db", everyone, cases=40)
    verdict = {key: {"why": why, "turns": [1], "value": 1} for key, why in zip(KEYS, REASONS, strict=True)}
    consult.assess(run, script(root, "judge", assessor=[json.dumps(verdict)]))
    return root, run, searched


def documented_f1(folder: Path, run: str, labels: list[str]) -> tuple[float, float]:
    """Score exported files by the steps that 3MDBench's notebook documents."""
    true, said, failed, files = [], [], 0, sorted((folder / "results/assessment/diags" / run).glob("*.json"))
    for path in files:
        number = path.stem.removeprefix("case_")
        text = json.loads(path.read_text())[number]["diags"].replace("\n", "").replace("`", "")
        answers = [part.strip() for part in text.split(",")]
        if answers == ["none"]:
            failed += 1
            continue
        case = json.loads((folder / "results" / run / path.name).read_text())[number]
        for answer in answers:
            said.append(renamed(answer))
            true.append(case["diagnosis"].lower())
    return f1_score(true, said, average="weighted", labels=labels), failed / len(files)


def both(run: consult.Run, folder: Path) -> tuple[tuple[float, float], tuple[float | None, float | None]]:
    with Store(run.db) as store:
        found = list(outcomes(store, run.id, DERM34))
    aliases = [alias for label in DERM34.labels.values() for alias in label.aliases]
    ours = legacy(found, list(DERM34.labels), aliases)
    consult.export(run, "3mdbench", folder)
    return documented_f1(folder, run.id, list(DERM34.labels)), (ours.f1, ours.dropped)


@pytest.mark.parametrize("which", [1, 2])
def test_the_exported_files_give_the_figure_of_the_own_scorer(world, tmp_path, which):
    theirs, ours = both(world[which], tmp_path / "out")
    assert theirs == pytest.approx(ours, abs=1e-9)
    assert theirs[1] == pytest.approx(0.125 if which == 1 else 0.25)
    assert 0 < theirs[0] < 1


def test_the_result_files_are_those_of_3mdbench(world, tmp_path):
    _, run, _ = world
    told = consult.export(run, "3mdbench", tmp_path / "out")
    assert (told["consultations"], told["left_out"], told["notes"]) == (40, 0, [])
    results = tmp_path / "out" / "results"
    for folder in (results / "r1", results / "assessment/r1", results / "assessment/diags/r1"):
        assert len(list(folder.glob("case_*.json"))) == 40
    case = json.loads((results / "r1/case_1.json").read_text())["1"]
    assert (case["dialogue_ended"], case["diagnosis"]) == (True, "psoriasis")
    lines = [part.strip() for part in re.split("Patient:|Doctor:|DIAG:", case["dialogue"]) if part.strip()]
    assert lines[1::2] == [QUESTION, list(STATED)[1]]
    assert [line.count("BREAK") for line in lines] == [0, 0, 0, 0, 1]
    told = json.loads((results / "assessment/r1/case_1.json").read_text())["1"]["assessment"]
    assert json.loads(told)["Doctor assessment"]["Overall Clinical Competence"] == {"4.1": "satisfactory"}


def test_the_protocol_is_played(world):
    _, run, _ = world
    rows = run.consultations
    assert set(rows["status"]) == {"finished"}
    assert list(rows["temperament"][:4]) == ["sanguine", "choleric", "melancholic", "phlegmatic"]
    prompts = run["r1.1"].prompts
    doctor = [one for one in prompts if one.role == "attending"]
    assert [(one.task, one.max_tokens, one.temperature, one.top_p, one.grammar) for one in doctor] == [
        ("talk", 512, 0.6, 0.9, None)
    ] * 2
    assert all(label in doctor[0].messages[0].content for label in DERM34.labels)
    assert "photograph" in doctor[0].messages[0].content
    assert [one.role for one in doctor[1].messages] == ["system", "user", "assistant", "user"]
    assert doctor[1].messages[1].images == (f"{run.config['scenario'].rpartition('/')[2]}/case-0000@400",)
    patient = [one for one in prompts if one.role == "patient"]
    assert {(one.max_tokens, one.temperature, one.top_p) for one in patient} == {(256, 0.6, 0.9)}
    assert not any(image for one in patient for message in one.messages for image in message.images)
    assert not any("eczema" in message.content for one in patient[:2] for message in one.messages)


def test_at_most_as_many_turns_as_given_and_then_it_is_unfinished(world, tmp_path):
    root, *_ = world
    model = script(tmp_path, "endless", patient_free=["I don't know."], attending_talk=["Is it psoriasis?"])
    with pytest.warns(PluginWarning, match="beside the preset 3mdbench, max_turns is 3 and not 14"):
        run = play(root, tmp_path / "a.db", model, cases=1, max_turns=3)
    (row,) = run.consultations.to_dict("records")
    assert (row["status"], row["diagnosis"], row["correct"]) == ("unfinished", "psoriasis", False)
    assert [act.action for act in run["r1.1"].consultation.acts] == ["open", *["ask", "answer"] * 3, "conclude"]


def test_without_dialogue_the_doctor_speaks_once(world, tmp_path):
    root, *_ = world
    model = script(tmp_path, "once", patient_free=PATIENT, attending_talk=["This is eczema."])
    run = play(root, tmp_path / "a.db", model, cases=1, strategy="no-dialogue")
    (row,) = run.consultations.to_dict("records")
    assert (row["status"], row["correct"]) == ("finished", True)
    assert [act.action for act in run["r1.1"].consultation.acts] == ["open", "ask", "conclude"]


@pytest.mark.slow
def test_the_starter_plays_it_from_its_menus(world, tmp_path):
    root, *_ = world
    run = consult.simulate(str(root / "cases"), preset="3mdbench", cases=2, max_turns=14, db=tmp_path / "a.db")
    assert set(run.consultations["status"]) <= {"finished", "unfinished"}
    with pytest.warns(PluginWarning, match="the photographs of 'derm34' are drawings"):
        run = consult.simulate(preset="3mdbench", cases=2, db=tmp_path / "a.db")
    assert set(run.consultations["status"]) <= {"finished", "unfinished"}
    assert consult.export(run, "3mdbench", tmp_path / "out")["consultations"] == 2


def test_what_the_protocol_does_not_have_is_refused(world, tmp_path):
    root, *_ = world
    for options, said in (
        ({"preset": "3mdbench", "team": "panel"}, "3MDBench's doctor is alone, and the team is panel"),
        ({"preset": "3mdbench", "votes": 3}, "does not vote"),
        ({"preset": "smoke"}, "no preset 'smoke'"),
        ({"extractor": "starter"}, "add preset 3mdbench"),
        ({"preset": "3mdbench", "extractor": "starter"}, "cannot extract a diagnosis"),
    ):
        with pytest.raises(UserError, match=said):
            consult.simulate(str(root / "cases"), cases=1, db=tmp_path / "a.db", **options)
    model = script(tmp_path, "m", patient_free=PATIENT, attending_talk=["It is caries."])
    mine = play(root, tmp_path / "a.db", model, cases=1)
    with pytest.raises(UserError, match="in 3MDBench's protocol no compared model assesses"):
        consult.assess(mine, model)
    with pytest.raises(UserError, match="no compared model assesses; give another model with assessor"):
        consult.benchmark(str(root / "cases"), preset="3mdbench", models=model, assessors="model", db=tmp_path / "a.db")
    allowed = make_grid(read_preset("3mdbench"), {"self_assessment": True, "assessors": ["model"]})
    assert allowed.judges() == ["starter"]


def test_a_temperature_given_for_one_role_leaves_the_others_to_the_preset():
    grid = make_grid(read_preset("3mdbench"), {"temperature": ["patient=1.1"]})
    assert grid.temperature == {"patient": 1.1, "attending": 0.6}
    assert make_grid(read_preset("3mdbench"), {"temperature": ["0.2"]}).temperature == {"all": 0.2}


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        (["It may be hives.", "You have psoriasis, not eczema."], ("psoriasis",)),
        (["It is shingles. Rest well.", "You are welcome."], ("shingles",)),
        (["Your condition is either caries or gingivitis."], ("caries", "gingivitis")),
        (["I can rule out psoriasis."], ()),
        ([], ()),
    ],
)
def test_labels_are_searched_for_in_the_last_line_that_names_one(lines, labels):
    assert labels_named(lines, DERM34) == labels


def test_replies_are_read_strictly():
    assert read_extraction("`Psoriasis`, eczema\n") == "psoriasis, eczema"
    assert read_extraction('{"a": 1}') is read_extraction("") is read_extraction("x" * 400) is None

    class View:
        offers = ("answer", "satisfied")

    ended = read_patient_talk('{"text": "", "satisfied": true}', View())  # type: ignore[arg-type]
    assert ended is not None
    assert (ended.action, ended.text) == ("satisfied", "Thank you, doctor.")
    assert read_patient_talk("It itches.", View()).action == "answer"  # type: ignore[arg-type,union-attr]
    assert read_patient_talk('{"text": "It', View()) is None  # type: ignore[arg-type]


def test_open_diagnoses_need_a_model_that_extracts(world, tmp_path):
    root, *_ = world
    shutil.copytree(root / "cases", tmp_path / "cases")
    (tmp_path / "cases" / "labels.yaml").unlink()
    model = script(tmp_path, "m", patient_free=PATIENT, attending_talk=["It is caries."])
    with pytest.raises(UserError, match="has no labels to search the doctor's words for"):
        play(tmp_path, tmp_path / "a.db", model, cases=1)
    run = play(tmp_path, tmp_path / "a.db", everyone, extractor=everyone, cases=1)
    assert list(run.consultations["correct"]) == [True]


def test_the_prompts_can_be_printed():
    shown = consult.prompts(preset="3mdbench")
    tasks = [(one.role, one.task) for one in shown.prompts]
    assert tasks == [("patient", "free"), *[("attending", "talk"), ("patient", "free")] * 2, ("assessor", "extract")]
    assert "one question at a time" in str(shown)


# -- other formats -----------------------------------------------------------------------------------------------------


def exported(run, to, out, *more):
    return CliRunner().invoke(app, ["export", run.id, "--to", to, "--out", str(out), "--db", str(run.db), *more])


def test_one_json_object_a_consultation(world, tmp_path):
    _, run, _ = world
    result = exported(run, "jsonl", tmp_path / "a.jsonl", "--json")
    assert json.loads(result.output)["consultations"] == 40
    first = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert [turn["speaker"] for turn in first["turns"]][:3] == ["patient", "attending", "patient"]
    assert (first["truth"], first["protocol"]) == ("eczema", "3mdbench")
    assert list(first["assessments"].values()) == [dict.fromkeys(KEYS, 1)]


def test_a_table_with_photographs_and_a_card(world, tmp_path):
    _, run, _ = world
    assert exported(run, "parquet", tmp_path / "out").exit_code == 0
    table = pq.read_table(tmp_path / "out" / "consultations.parquet").to_pylist()
    assert len(table) == 40
    assert table[3]["image"]["bytes"].startswith(b"\x89PNG")
    assert table[3]["turns"][1]["text"] == QUESTION
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\npretty_name") and "40 consultations" in card
    assert set(re.findall(r"`(\w+)`", card.partition("| column")[2])) >= set(table[0])


def test_chat_messages_alternate_and_end_with_the_doctor(world, tmp_path):
    _, run, _ = world
    assert exported(run, "openai-chat", tmp_path / "a.jsonl").exit_code == 0
    for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines():
        messages = json.loads(line)["messages"]
        assert [one["role"] for one in messages] == ["system", "user", "assistant", "user", "assistant"]
        assert messages[1]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_prompts_and_replies_for_training(world, tmp_path):
    from datasets import Dataset

    _, run, _ = world
    assert exported(run, "sft", tmp_path / "a.parquet").exit_code == 0
    rows = Dataset.from_parquet(str(tmp_path / "a.parquet"), cache_dir=str(tmp_path / "cache"))
    doctor = next(row for row in rows if row["role"] == "attending")
    assert [one["role"] for one in doctor["prompt"]] == ["system", "user"]
    assert doctor["completion"][0]["content"][0]["text"] == QUESTION
    assert [part["type"] for part in doctor["prompt"][1]["content"]] == ["image", "text"]
    assert len(doctor["images"]) == 1


def test_places_are_checked_first_and_nothing_is_half_written(world, tmp_path):
    root, run, _ = world
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    for to, out, said in (
        ("csv", tmp_path / "a", "no format 'csv'"),
        ("jsonl", tmp_path / "full", "is a folder; name a file in it"),
        ("parquet", tmp_path / "full", "is not empty"),
        ("jsonl", tmp_path / "no" / "a.jsonl", "there is no folder"),
    ):
        with pytest.raises(UserError, match=said):
            consult.export(run, to, out)
    model = script(tmp_path, "m", patient_free=PATIENT, attending_talk=["It is caries."])
    twice = play(root, tmp_path / "a.db", model, cases=1, temperament="all", prompts=False)
    with pytest.raises(UserError, match="plays the case 'case-0000' 4 times"):
        consult.export(twice, "3mdbench", tmp_path / "out")
    with pytest.raises(UserError, match="prompts were not stored for run r1"):
        consult.export(twice, "sft", tmp_path / "a.parquet")
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("a.db")) == ["full", "m.yaml"]
