"""`consult.export`: write a run as files for other programs."""

from __future__ import annotations

from dataclasses import asdict

from consult.api.checks import for_python, path_of, text
from consult.api.given import PathLike, from_menu
from consult.api.report import known_runs
from consult.api.run import Run, place_of
from consult.envs.events import Event
from consult.envs.store.readonly import reading
from consult.envs.store.runs import stored_run
from consult.render.export import FORMATS, Exported, check_place, export_run


@for_python
def export(run: Run | str, to: str, out: PathLike, *, db: PathLike = "consult.db") -> Event:
    """Write a run as files for other programs, as `consult export` does.

    Args:
        run: The run, or its id.
        to: `jsonl`, `parquet` (with a data set card), `openai-chat`, `sft` (the models' prompts and replies),
            `3mdbench` (its result files) or `inspect` (an `.eval` log for Inspect's viewer; needs the extra `inspect`).
        out: The file, or for parquet and 3mdbench the folder, which must not exist or must be empty.
        db: The store's file, where `run` is an id.

    Returns:
        The event that `consult export --json` prints: `consultations` that were written, `left_out`, and `notes`.

    Raises:
        UserError: There is no such run or format, the place is taken, or the run cannot be written in the format.
        OSError: The disk is full, for example; nothing has changed then.
    """
    name, place = from_menu("format", text("to", to), tuple(FORMATS)), path_of("out", out)
    check_place(name, place)
    path, identifier = place_of(run, db)
    with reading(path, identifier) as store:
        known_runs(store, [identifier])
        written = export_run(Exported(store, stored_run(store, identifier)), name, place)
    return {"event": "export", "run": identifier, "to": name, "out": str(place), **asdict(written)}
