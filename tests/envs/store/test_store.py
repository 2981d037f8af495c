"""The store: schema, refusal of what is not ours, and acts that come back as they went in."""

import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from consult.agents.acts import Act, Draft, Opinion, Usage
from consult.envs.config import RunConfig
from consult.envs.deciding import decide_again
from consult.envs.held import RunHold
from consult.envs.metrics.parse_failures import unusable_answers
from consult.envs.store.migrations import MIGRATIONS, create
from consult.envs.store.readonly import why_foreign
from consult.envs.store.write import Pending, Store
from consult.errors import StoreError
from consult.scenarios import load_scenario

TABLES = {
    "runs": (
        "id digest status seed scenario scenario_revision config models versions pid created ended wall_seconds sees "
        "prompts capabilities prompt_revision"
    ),
    "consultations": (
        "id run_id ordinal case_id temperament strategy team seed repeat status specialty urgency diagnosis truth "
        "true_specialty true_urgency style skin_type facts_disclosed facts error demo expert final_urgency red_flag "
        "alarm_told diagnosis_words correct correct_by dataset modality question_type question_form domain"
    ),
    "turns": (
        "consultation_id idx speaker action text topic facts specialty urgency diagnosis confidence differential "
        "thought source draft_backed draft_leaked draft_attempts draft_fallback tokens_in tokens_out seconds seed "
        "said_backed said_leaked accepts answers unusable diagnosis_words "
        "findings stated_confidence"
    ),
    "opinions": (
        "consultation_id idx specialty diagnosis confidence reason source usable first_usable findings "
        "stated_confidence differential urgency"
    ),
    "assessments": "id consultation_id assessor item value why turns",
    "judgements": "id consultation_id judge verdict why",
    "photographs": "hash png width height",
    "benchmarks": "id toml anew status created ended",
    "benchmark_runs": "benchmark_id cell run_id",
    "prompt_lines": "id text",
    "prompts": (
        "id consultation_id turn idx role task member attempt model messages begin rendered temperature top_p "
        "max_tokens seed grammar constrained reply outcome why probability tokens_in tokens_out seconds "
        "thought cut"
    ),
    "reply_counts": "consultation_id turn role model tries unusable cut widened repeated why",
    "classifier_predictions": "classifier scenario_revision case_id labels probabilities",
}
MODELS = {"patient": "starter@1"}
CONFIG = RunConfig(scenario="derm34", cases=("test-0000",), temperaments=("choleric",))
TRUTH = {"truth": "abscess", "true_specialty": "minor surgery", "true_urgency": "urgent", "style": None, "skin_type": 3}


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "a.db") as opened:
        yield opened


def begun(store):
    return store.begin(CONFIG, MODELS, {"consult": "0"}, "abc", {"test-0000": TRUTH})


def test_the_migrated_schema_is_the_documented_one(store):
    names = {row["name"] for row in store.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == set(TABLES)
    for table, columns in TABLES.items():
        assert " ".join(row["name"] for row in store.query(f"PRAGMA table_info({table})")) == columns
    assert store.query("PRAGMA user_version")[0]["user_version"] == len(MIGRATIONS)
    assert store.query("PRAGMA journal_mode")[0]["journal_mode"] == "wal"
    assert store.query("PRAGMA synchronous")[0]["synchronous"] == 2
    assert store.query("PRAGMA foreign_keys")[0]["foreign_keys"] == 1


def test_a_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT)")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is not a database of consult"):
        Store(path)
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["other.db"]
    assert why_foreign(path) == f"'{path}' is not a database of consult"


def test_a_place_without_write_ahead_log_is_named(tmp_path, monkeypatch):
    # SQLite answers with the mode that it kept, as it does on some network file systems.
    kept = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql, *values):
            return super().execute("PRAGMA journal_mode" if sql == "PRAGMA journal_mode=WAL" else sql, *values)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: kept(*args, factory=Connection, **named))
    with pytest.raises(StoreError, match=r"write-ahead log for '.*a\.db' \(journal mode delete\); name a"):
        Store(tmp_path / "a.db")


@pytest.mark.parametrize("content", [b"x", b"a diary of one line", b"SQLite format 2" + b"x" * 600])
def test_a_foreign_file_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is not an SQLite database; name another with --db"):
        Store(path)
    assert path.read_bytes() == content


def test_a_store_with_several_names_is_not_written(tmp_path):
    Store(tmp_path / "a.db").close()
    (tmp_path / "b.db").hardlink_to(tmp_path / "a.db")
    with pytest.raises(StoreError, match=r"'.*b\.db' is one of several names \(hard links\) of a file"):
        Store(tmp_path / "b.db")
    (tmp_path / "b.db").unlink()
    Store(tmp_path / "a.db").close()


@pytest.mark.parametrize("move", [Path.unlink, lambda path: path.rename(path.with_name("b.db"))])
def test_a_store_that_is_moved_while_it_is_written_is_noticed(store, move):
    run = begun(store)
    move(store.path)
    with pytest.raises(StoreError, match="was moved, replaced or deleted while it was in use; put it back"):
        store.commit(Pending(turns=[(f"{run}.1", 0, Act("patient", "open", "x"))]))


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_name_beside_a_store_is_no_store(tmp_path, end):
    with pytest.raises(StoreError, match="has the name of a file that SQLite keeps beside a database"):
        Store(tmp_path / f"a.db{end}")


def test_a_log_without_its_database_is_named(tmp_path):
    (tmp_path / "a.db-wal").write_bytes(b"x" * 100)
    with pytest.raises(StoreError, match=r"'.*a\.db-wal' is left of a database 'a\.db' that is not there"):
        Store(tmp_path / "a.db")


@pytest.mark.parametrize("content", [b"", None])
def test_an_empty_or_a_present_store_is_not_foreign(tmp_path, content):
    path = tmp_path / "a.db"
    if content is None:
        Store(path).close()
    else:
        path.write_bytes(content)
    assert why_foreign(path) == ""
    assert "is a folder" in why_foreign(tmp_path)
    path.write_bytes(b"root:x:0:0:root:/root:/bin/bash\n" * 40)
    assert "is not an SQLite database" in why_foreign(path)


def test_acts_come_back_as_they_went_in(store):
    run = begun(store)
    acts = [
        Act(
            "patient", "open", "It\u2019s 'odd'; DROP", "complaint", ("complaint", "alarm"),
            draft=Draft(False, True, 2, True), source="program", usage=Usage(3, 4, 0.5, 2, 1), seed=2**62,
        ),
        Act("patient", "answer", "no", draft=Draft(True, False, 1, False, said_backed=False, said_leaked=True)),
        Act(
            "attending", "consult", "x",
            opinions=(
                Opinion("d", None, None, "", usable=False, first_usable=False),
                Opinion("d", "acne", 0.25, "r", "synthetic", first_usable=True),
                Opinion(
                    "d", "acne", 0.25, "r", findings="f", differential=("hives",), urgency="soon", stated_confidence=1.0
                ),
            ),
        ),
        Act("attending", "conclude", "y", diagnosis="acne", diagnosis_words="Acne?", confidence=0.5, thought="t"),
        Act("attending", "conclude", "y", stated_confidence=0.25, findings="a red patch"),
        Act("patient", "satisfied", "z", accepts=False),
        Act("patient", "satisfied", "z", accepts=True),
    ]  # fmt: skip
    store.commit(Pending(turns=[(f"{run}.1", i, act) for i, act in enumerate(acts)]))
    assert store.acts(f"{run}.1") == acts


def test_a_store_of_the_first_schema_keeps_its_rows(tmp_path):
    path, drafted = tmp_path / "old.db", "draft_backed, draft_leaked, draft_attempts, draft_fallback"
    with sqlite3.connect(path) as db:
        create(db)
        db.execute("PRAGMA user_version = 1")
        db.execute(
            "INSERT INTO runs (id, digest, status, seed, scenario, scenario_revision, config, models, versions, "
            "created) VALUES ('r1', 'd', 'finished', 0, 'derm34', 'x', '{}', '{}', '{}', '2026')"
        )
        db.execute(
            "INSERT INTO consultations (id, run_id, ordinal, case_id, temperament, strategy, team, seed, status) "
            "VALUES ('r1.1', 'r1', 1, 'test-0000', 'choleric', 'dialogue', 'panel', 0, 'finished')"
        )
        db.executemany(
            "INSERT INTO turns (consultation_id, idx, speaker, action, text, source, tokens_in, tokens_out, seconds, "
            f"seed, {drafted}) VALUES ('r1.1', ?, 'patient', ?, ?, 'model', 1, 2, 0.5, 7, ?, ?, ?, ?)",
            [(0, "open", "a", 0, 1, 2, 1), (1, "answer", "b", 1, 0, 1, 0), (2, "satisfied", "c", *[None] * 4)],
        )
    db.close()
    said: dict[str, Any] = {"source": "model", "usage": Usage(1, 2, 0.5), "seed": 7}
    for _ in range(2):  # migrated once, and left alone the second time
        with Store(path) as store:
            assert store.query("PRAGMA user_version")[0]["user_version"] == len(MIGRATIONS)
            assert store.acts("r1.1") == [
                Act("patient", "open", "a", draft=Draft(False, True, 2, True, True, False), **said),
                Act("patient", "answer", "b", draft=Draft(True, False, 1, False, True, False), **said),
                Act("patient", "satisfied", "c", **said),
            ]
            assert unusable_answers(store, "r1") == []  # not known, which is not nought
            columns = store.query("SELECT said_backed, said_leaked, accepts FROM turns ORDER BY idx")
            assert [tuple(row.values()) for row in columns] == [(1, 0, None), (1, 0, None), (None, None, None)]
            assert [row["consultations"] for row in store.runs()] == [1]


def first_edition(path, scenario, rows):
    """Write a store of the first edition: consultations with status, diagnosis and truth."""
    with sqlite3.connect(path) as db:
        for number, migrate in enumerate(MIGRATIONS[:EDITION], 1):
            migrate(db)
            db.execute(f"PRAGMA user_version = {number}")
        config = CONFIG.model_copy(update={"scenario": scenario}).model_dump_json()
        db.execute(
            "INSERT INTO runs (id, digest, status, seed, scenario, scenario_revision, config, models, versions, "
            "created) VALUES ('r1', 'd', 'finished', 0, ?, 'x', ?, '{\"attending\": \"m\"}', '{}', '2026')",
            (scenario, config),
        )
        db.executemany(
            "INSERT INTO consultations (id, run_id, ordinal, case_id, temperament, strategy, team, seed, status, "
            "diagnosis, truth) VALUES ('r1.' || ?, 'r1', ?, 'c' || ?, 'choleric', 'dialogue', 'solo', 0, ?, ?, ?)",
            [(i, i, i, *row) for i, row in enumerate(rows, 1)],
        )
    db.close()


EDITION = 7
"""Steps of the schema that the first edition had."""
ROWS = [
    ("finished", "acne", "acne"),
    ("finished", "Zits", "acne"),
    ("finished", "herpes zoster", "shingles"),
    ("finished", "hives", "acne"),
    ("finished", None, "acne"),
    ("unfinished", "acne", "acne"),
    ("failed", None, "acne"),
    ("running", None, "acne"),
    ("finished", "acne", None),
]
RIGHT, WRONG, ALIAS, OPEN, NONE = (1, "match"), (0, "match"), (1, "alias"), (0, "unjudged"), (None, None)


def decided(path):
    with Store(path) as store:
        assert store.query("PRAGMA user_version")[0]["user_version"] == len(MIGRATIONS)
        return [(row["correct"], row["correct_by"]) for row in store.consultations("r1")], store.runs()[0]


def test_a_store_of_the_first_edition_is_decided_and_reports(tmp_path):
    from consult.render.report.write import write_report

    path = tmp_path / "old.db"
    first_edition(path, "derm34", ROWS)
    rows, run = decided(path)
    assert rows == [RIGHT, WRONG, ALIAS, WRONG, WRONG, WRONG, WRONG, NONE, NONE]
    assert (run["correct"], run["with_truth"], run["unjudged"]) == (2, 7, 0)
    with Store(path) as store:
        accuracy = write_report(store, ["r1"], tmp_path / "out")["runs"][0]["headlines"]["accuracy"]
    assert (accuracy["value"], accuracy["n"], accuracy["unjudged"]) == (pytest.approx(2 / 7), 7, 0)


def test_open_diagnoses_of_the_first_edition_are_decided_by_name_and_alias(tmp_path):
    (tmp_path / "scenario.yaml").write_text("name: ward\ntitle: w\ntopics: {}\naliases: {acne: [zits]}\n")
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "split": "test", "complaint": "x", "diagnosis": "acne"}\n')
    path = tmp_path / "old.db"
    first_edition(path, str(tmp_path), ROWS)
    assert decided(path)[0] == [RIGHT, ALIAS, OPEN, OPEN, WRONG, WRONG, WRONG, NONE, NONE]


def test_where_the_scenario_is_gone_equal_names_decide(tmp_path):
    path = tmp_path / "old.db"
    first_edition(path, str(tmp_path / "gone"), ROWS)
    rows, run = decided(path)
    assert rows == [RIGHT, OPEN, OPEN, OPEN, WRONG, WRONG, WRONG, NONE, NONE]
    assert (run["correct"], run["with_truth"], run["unjudged"]) == (1, 7, 3)


def ward(folder, files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


CLOSED_WARD = {
    "scenario.yaml": "name: ward\ntitle: w\ntopics: {}\n",
    "labels.yaml": "labels: {acne: {specialty: d, aliases: [zits]}, hives: {specialty: d}}\n",
    "cases.jsonl": '{"id": "a", "split": "test", "complaint": "x", "diagnosis": "acne"}\n',
}
DECIDED = [RIGHT, ALIAS, WRONG, WRONG, WRONG, WRONG, WRONG, NONE, NONE]


def test_a_store_that_is_opened_from_elsewhere_finds_the_scenario_beside_it(tmp_path, monkeypatch):
    ward(tmp_path / "ward", CLOSED_WARD)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    first_edition(tmp_path / "old.db", "ward", ROWS)
    assert decided(tmp_path / "old.db")[0] == DECIDED


def test_what_opening_could_not_decide_is_decided_once_the_scenario_is_found(tmp_path, monkeypatch):
    from consult.api.report import report

    (tmp_path / "stores").mkdir()
    path = tmp_path / "stores" / "old.db"
    first_edition(path, "ward", ROWS)
    monkeypatch.chdir(tmp_path / "stores")
    assert decided(path)[1]["unjudged"] == 3
    ward(tmp_path / "home" / "ward", CLOSED_WARD)
    monkeypatch.chdir(tmp_path / "home")
    headlines = report("r1", db=path, out=tmp_path / "out").data["runs"][0]["headlines"]
    assert headlines["accuracy"]["unjudged"] == 0 and headlines["accuracy"]["value"] == pytest.approx(2 / 7)
    assert decided(path)[0] == DECIDED


def test_open_diagnoses_are_decided_again_by_the_version_that_was_played(tmp_path):
    open_ward = {name: text for name, text in CLOSED_WARD.items() if name != "labels.yaml"}
    open_ward["scenario.yaml"] += "aliases: {acne: [zits]}\n"
    path = tmp_path / "old.db"
    first_edition(path, str(tmp_path / "ward"), ROWS)
    with Store(path) as store:
        ward(tmp_path / "ward", open_ward)
        scenario = load_scenario(str(tmp_path / "ward"))
        assert decide_again(store, "r1", scenario) == 0
        store.write("UPDATE runs SET scenario_revision = ?", [[scenario.revision]])
        assert decide_again(store, "r1", scenario) == 1
        assert decide_again(store, "r1", scenario) == 0
    assert decided(path)[0] == [RIGHT, ALIAS, OPEN, OPEN, WRONG, WRONG, WRONG, NONE, NONE]


LATER: dict[str, Any] = {
    **dict.fromkeys(("own", "classifier", "repeats", "votes", "panel_skill", "judge", "checker", "prompt_texts"), True),
    **dict.fromkeys(("protocol", "picture_width", "extractor", "dtype"), True),
    **{role: {"max_tokens", "thinking"} for role in ("patient", "triage", "specialist", "attending")},
}


def test_a_grounded_run_keeps_the_digest_that_it_had_before_there_was_another_kind():
    before = CONFIG.model_dump(mode="json", exclude={"patient_grounding": True, **LATER})
    written = json.dumps(before, separators=(",", ":"))
    assert CONFIG.digest() == hashlib.sha256(written.encode()).hexdigest()[:16] == "553c3b808b450f5e"
    free = CONFIG.model_copy(update={"patient_grounding": False})
    written = free.model_dump_json(exclude=LATER)
    assert free.digest() == hashlib.sha256(written.encode()).hexdigest()[:16] != CONFIG.digest()
    assert '"patient_grounding":false' in free.model_dump_json()


def test_a_wave_is_written_whole_or_not_at_all(store):
    run = begun(store)
    turn = Act("patient", "open", "x")
    with pytest.raises(StoreError):
        store.commit(Pending(turns=[(f"{run}.1", 0, turn), ("r9.9", 0, turn)]))
    assert store.acts(f"{run}.1") == []


def test_what_is_not_ours_is_refused_with_a_sentence(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("this is no database, but long enough to be looked at as one\n" * 40)
    with pytest.raises(StoreError, match="is not an SQLite database; name another with --db"):
        Store(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE music (title)")
    with pytest.raises(StoreError, match="not a database of consult"):
        Store(other)
    newer = tmp_path / "newer.db"
    Store(newer).__exit__()
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version of consult"):
        Store(newer)
    with pytest.raises(StoreError, match="there is no database"):
        Store(tmp_path / "none.db", create=False)
    with pytest.raises(StoreError, match="check that its folder exists"):
        Store(tmp_path / "no" / "folder.db")


def test_a_run_that_nobody_plays_is_found_and_one_that_is_played_is_not(store):
    run = begun(store)
    assert store.unfinished_run(CONFIG.digest(), MODELS)["id"] == run
    with RunHold(store.path) as hold:
        assert hold.take_run(run)
        assert store.unfinished_run(CONFIG.digest(), MODELS) is None and store.state(store.run(run)) == "running"
    assert store.state(store.run(run)) == "interrupted"
    store.end(run, "finished", 1.0)
    assert store.unfinished_run(CONFIG.digest(), MODELS) is None


def test_a_process_that_an_older_version_recorded_plays_its_run_unless_its_number_is_another_program_s(store):
    run = begun(store)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        store.db.execute("UPDATE runs SET pid = ?", (other.pid,))
        assert store.unfinished_run(CONFIG.digest(), MODELS) is None
        other.communicate(b"\n")
    assert store.unfinished_run(CONFIG.digest(), MODELS)["id"] == run
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        store.db.execute("UPDATE runs SET pid = ?", (other.pid,))
        assert store.unfinished_run(CONFIG.digest(), MODELS)["id"] == run
        other.communicate()


def test_a_store_is_read_without_pandas_which_can_be_imported_later(tmp_path):
    code = (
        "import sys; from pathlib import Path; from consult.envs.store.write import Store\n"
        f"with Store(Path({str(tmp_path / 'a.db')!r})) as store: assert not store.runs()\n"
        "assert 'sqlite_utils' in sys.modules and 'pandas' not in sys.modules\n"
        "import pandas; assert pandas.DataFrame"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
