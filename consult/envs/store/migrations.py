"""The store's schema as a list of numbered steps; a database records the number of steps it has taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consult.scenarios import Scenario


def create(db: Any) -> None:
    """1: the first schema."""
    for statement in _CREATE.strip().split(";\n"):
        if statement.strip():
            db.execute(statement)


def tell_what_was_said(db: Any) -> None:
    """2: results of the check for the final line, and whether the patient accepts the plan."""
    for column in ("said_backed", "said_leaked", "accepts"):
        db.execute(f"ALTER TABLE turns ADD COLUMN {column} INTEGER")
    # Before this step, only lines that had passed the check were used.
    db.execute("UPDATE turns SET said_backed = 1, said_leaked = 0 WHERE draft_attempts IS NOT NULL")


def count_unusable_answers(db: Any) -> None:
    """3: the number of answers in a turn, and of unusable first replies; unknown for older turns."""
    for column in ("answers", "unusable"):
        db.execute(f"ALTER TABLE turns ADD COLUMN {column} INTEGER")
    db.execute("ALTER TABLE opinions ADD COLUMN first_usable INTEGER")


def keep_photographs(db: Any) -> None:
    """4: photographs from outside, which roles saw photographs, and whether a demonstration model judged a case."""
    db.execute(
        "CREATE TABLE photographs (hash TEXT PRIMARY KEY, png BLOB NOT NULL, width INTEGER NOT NULL, "
        "height INTEGER NOT NULL)"
    )
    db.execute("ALTER TABLE runs ADD COLUMN sees TEXT")
    db.execute("ALTER TABLE consultations ADD COLUMN demo INTEGER")


def point_at_turns(db: Any) -> None:
    """5: the turns that a verdict is based on."""
    db.execute("ALTER TABLE assessments ADD COLUMN turns TEXT NOT NULL DEFAULT '[]'")


def keep_guesses(db: Any) -> None:
    """6: a classifier's predictions for a case's photograph, and those shown to the doctors of a consultation."""
    db.execute(
        "CREATE TABLE guesses (classifier TEXT NOT NULL, scenario_revision TEXT NOT NULL, case_id TEXT NOT NULL, "
        "labels TEXT NOT NULL, probabilities TEXT NOT NULL, PRIMARY KEY (scenario_revision, classifier, case_id)) "
        "WITHOUT ROWID"
    )
    db.execute("ALTER TABLE consultations ADD COLUMN expert TEXT")


def keep_benchmarks(db: Any) -> None:
    """7: the grid of a benchmark, and the run of each cell."""
    db.execute(
        "CREATE TABLE benchmarks (id TEXT PRIMARY KEY, toml TEXT NOT NULL, anew INTEGER NOT NULL, "
        "status TEXT NOT NULL, created TEXT NOT NULL, ended TEXT)"
    )
    db.execute(
        "CREATE TABLE benchmark_runs (benchmark_id TEXT NOT NULL REFERENCES benchmarks(id), cell INTEGER NOT NULL, "
        "run_id TEXT NOT NULL REFERENCES runs(id), PRIMARY KEY (benchmark_id, cell)) WITHOUT ROWID"
    )


def keep_urgencies(db: Any) -> None:
    """8: the final urgency, the case's red flag (`none` if it has none), how it was told; unknown for older rows."""
    for column in ("final_urgency", "red_flag", "alarm_told"):
        db.execute(f"ALTER TABLE consultations ADD COLUMN {column} TEXT")


def decide_once(db: Any) -> None:
    """9: whether a consultation is right and what decided it, the doctor's own words, and judges' verdicts.

    Consultations that have ended are decided by names and the scenario's aliases; the doctor's own words in older ones
    are unknown.
    """
    db.execute("ALTER TABLE turns ADD COLUMN diagnosis_words TEXT")
    db.execute("ALTER TABLE consultations ADD COLUMN diagnosis_words TEXT")
    db.execute("ALTER TABLE consultations ADD COLUMN correct INTEGER")
    db.execute("ALTER TABLE consultations ADD COLUMN correct_by TEXT")
    db.execute(
        "CREATE TABLE judgements (id INTEGER PRIMARY KEY, consultation_id TEXT NOT NULL REFERENCES consultations(id), "
        "judge TEXT NOT NULL, verdict TEXT, why TEXT NOT NULL DEFAULT '', UNIQUE (consultation_id, judge))"
    )
    for row in db.execute("SELECT DISTINCT scenario, scenario_revision FROM runs").fetchall():
        _decide_all(db, *row)


def _decide_all(db: Any, reference: str, revision: str) -> None:
    """Decide the consultations of a scenario by its labels or aliases.

    If it cannot be read, equal names are right and others stay unjudged until a report or an assessment reads it
    (`consult.envs.deciding`).
    """
    from consult.scenarios.correct import correct

    scenario = _scenario_of(db, reference, revision)
    ended = db.execute(
        "SELECT c.id, c.diagnosis, c.truth, c.status FROM consultations c JOIN runs r ON r.id = c.run_id "
        "WHERE r.scenario = ? AND r.scenario_revision = ? AND c.status != 'running' AND c.truth IS NOT NULL",
        (reference, revision),
    ).fetchall()
    decided = [
        (*correct(said, truth, scenario, finished=status == "finished"), id_) for id_, said, truth, status in ended
    ]
    db.executemany("UPDATE consultations SET correct = ?, correct_by = ? WHERE id = ?", decided)


def keep_prompts(db: Any) -> None:
    """10: the models' prompts and replies, and whether a run stores them; older runs (null) do not.

    A text is a list of line numbers, joined by newlines, so that repeated lines are stored once. A blob in place of a
    text is zlib-compressed UTF-8.
    """
    db.execute("ALTER TABLE runs ADD COLUMN prompts INTEGER")
    db.execute("CREATE TABLE prompt_lines (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    db.execute(
        "CREATE TABLE prompts (id INTEGER PRIMARY KEY, consultation_id TEXT NOT NULL REFERENCES consultations(id), "
        "turn INTEGER, idx INTEGER NOT NULL, role TEXT NOT NULL, task TEXT NOT NULL, member INTEGER NOT NULL, "
        "attempt INTEGER NOT NULL, model TEXT NOT NULL, messages TEXT NOT NULL, begin TEXT, rendered TEXT, "
        "temperature REAL NOT NULL, top_p REAL NOT NULL, max_tokens INTEGER NOT NULL, seed INTEGER NOT NULL, "
        "grammar INTEGER REFERENCES prompt_lines(id), constrained INTEGER, reply TEXT, outcome TEXT NOT NULL, "
        "why TEXT NOT NULL DEFAULT '', probability REAL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, "
        "seconds REAL NOT NULL)"
    )
    db.execute("CREATE INDEX prompts_of_consultation ON prompts(consultation_id, turn, idx)")


def _scenario_of(db: Any, reference: str, revision: str) -> Scenario | None:
    """Read a scenario from the working folder or the store's folder; prefer the version that was played."""
    from consult.errors import UserError
    from consult.scenarios import load_scenario

    beside = Path(db.execute("PRAGMA database_list").fetchone()[2] or ".").parent
    found = []
    for place in dict.fromkeys((reference, str(beside / reference))):
        try:
            found.append(load_scenario(place))
        except (UserError, OSError):
            continue
    return next((one for one in found if one.revision == revision), found[0] if found else None)


def drop_scores(db: Any) -> None:
    """11: drop the table of a run's figures, which was never filled."""
    db.execute("DROP TABLE IF EXISTS scores")


def name_predictions(db: Any) -> None:
    """12: rename the table of classifier predictions to the project's term."""
    db.execute("ALTER TABLE guesses RENAME TO classifier_predictions")


def index_cases(db: Any) -> None:
    """13: find the consultations of a case without reading all of them."""
    db.execute("CREATE INDEX consultations_of_case ON consultations(case_id)")


def hold_by_lock(db: Any) -> None:
    """14: a lock file holds a run that is being played; `pid` is left of runs that an older version plays.

    Older versions know nothing of the lock and must not open the store any more.
    """
    db.execute("UPDATE runs SET pid = NULL WHERE status != 'running'")


def count_replies(db: Any) -> None:
    """15: counts of replies by turn, role and model; private thought and cut replies; what a run's models support."""
    db.execute(
        "CREATE TABLE reply_counts (consultation_id TEXT NOT NULL REFERENCES consultations(id), turn INTEGER, "
        "role TEXT NOT NULL, model TEXT NOT NULL, tries INTEGER NOT NULL, unusable INTEGER NOT NULL, "
        "cut INTEGER NOT NULL, widened INTEGER NOT NULL, repeated INTEGER NOT NULL, why TEXT NOT NULL DEFAULT '')"
    )
    db.execute("CREATE INDEX reply_counts_of_consultation ON reply_counts(consultation_id)")
    db.execute("ALTER TABLE prompts ADD COLUMN thought TEXT")
    db.execute("ALTER TABLE prompts ADD COLUMN cut INTEGER")
    db.execute("ALTER TABLE runs ADD COLUMN capabilities TEXT")


def keep_findings(db: Any) -> None:
    """16: findings, stated confidences, more of an opinion, and the prompts' revision; unknown for older rows."""
    for column in ("findings TEXT NOT NULL DEFAULT ''", "stated_confidence REAL"):
        db.execute(f"ALTER TABLE turns ADD COLUMN {column}")
        db.execute(f"ALTER TABLE opinions ADD COLUMN {column}")
    db.execute("ALTER TABLE opinions ADD COLUMN differential TEXT NOT NULL DEFAULT '[]'")
    db.execute("ALTER TABLE opinions ADD COLUMN urgency TEXT")
    db.execute("ALTER TABLE runs ADD COLUMN prompt_revision TEXT")


def describe_questions(db: Any) -> None:
    """17: what a question about pictures is about; unknown for patients and for older rows."""
    for column in ("dataset", "modality", "question_type", "question_form", "domain"):
        db.execute(f"ALTER TABLE consultations ADD COLUMN {column} TEXT")


READABLE = 17
"""Steps after this one change no table: a store that has taken so many can be read without them."""


MIGRATIONS: tuple[Callable[[Any], None], ...] = (
    create,
    tell_what_was_said,
    count_unusable_answers,
    keep_photographs,
    point_at_turns,
    keep_guesses,
    keep_benchmarks,
    keep_urgencies,
    decide_once,
    keep_prompts,
    drop_scores,
    name_predictions,
    index_cases,
    hold_by_lock,
    count_replies,
    keep_findings,
    describe_questions,
)

_CREATE = """
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  status TEXT NOT NULL,
  seed INTEGER NOT NULL,
  scenario TEXT NOT NULL,
  scenario_revision TEXT NOT NULL,
  config TEXT NOT NULL,
  models TEXT NOT NULL,
  versions TEXT NOT NULL,
  pid INTEGER,
  created TEXT NOT NULL,
  ended TEXT,
  wall_seconds REAL NOT NULL DEFAULT 0
);
CREATE TABLE consultations (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs(id),
  ordinal INTEGER NOT NULL,
  case_id TEXT NOT NULL,
  temperament TEXT NOT NULL,
  strategy TEXT NOT NULL,
  team TEXT NOT NULL,
  seed INTEGER NOT NULL,
  repeat INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL,
  specialty TEXT,
  urgency TEXT,
  diagnosis TEXT,
  truth TEXT,
  true_specialty TEXT,
  true_urgency TEXT,
  style TEXT,
  skin_type INTEGER,
  facts_disclosed INTEGER,
  facts INTEGER,
  error TEXT,
  UNIQUE (run_id, ordinal)
);
CREATE TABLE turns (
  consultation_id TEXT NOT NULL REFERENCES consultations(id),
  idx INTEGER NOT NULL,
  speaker TEXT NOT NULL,
  action TEXT NOT NULL,
  text TEXT NOT NULL,
  topic TEXT,
  facts TEXT NOT NULL DEFAULT '[]',
  specialty TEXT,
  urgency TEXT,
  diagnosis TEXT,
  confidence REAL,
  differential TEXT NOT NULL DEFAULT '[]',
  thought TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL,
  draft_backed INTEGER,
  draft_leaked INTEGER,
  draft_attempts INTEGER,
  draft_fallback INTEGER,
  tokens_in INTEGER NOT NULL,
  tokens_out INTEGER NOT NULL,
  seconds REAL NOT NULL,
  seed INTEGER NOT NULL,
  PRIMARY KEY (consultation_id, idx)
) WITHOUT ROWID;
CREATE TABLE opinions (
  consultation_id TEXT NOT NULL REFERENCES consultations(id),
  idx INTEGER NOT NULL,
  specialty TEXT NOT NULL,
  diagnosis TEXT,
  confidence REAL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  usable INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (consultation_id, idx)
) WITHOUT ROWID;
CREATE TABLE assessments (
  id INTEGER PRIMARY KEY,
  consultation_id TEXT NOT NULL REFERENCES consultations(id),
  assessor TEXT NOT NULL,
  item TEXT NOT NULL,
  value REAL,
  why TEXT NOT NULL DEFAULT '',
  UNIQUE (consultation_id, assessor, item)
);
CREATE TABLE scores (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs(id),
  name TEXT NOT NULL,
  value REAL,
  low REAL,
  high REAL,
  n INTEGER NOT NULL,
  UNIQUE (run_id, name)
);
CREATE INDEX consultations_of_run ON consultations(run_id, ordinal);
CREATE INDEX consultations_of_diagnosis ON consultations(truth, diagnosis);
"""
