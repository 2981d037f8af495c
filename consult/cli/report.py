"""`consult report`: what one or several runs came to, as a page, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from consult.cli.options import DEFAULT_DATABASE, Database

if TYPE_CHECKING:
    from consult.envs.measures import Outcome
    from consult.envs.store import Store

Data = dict[str, Any]
Pieces = Callable[[], Iterable[str]]


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Runs such as r3; several are compared.")],
    out: Annotated[Path, typer.Option("--out", help="The folder for the files.")] = Path("report"),
    db: Database = DEFAULT_DATABASE,
) -> None:
    """Write report.html, report.md, report.json and consultations.csv about runs."""
    from consult.envs.store import Store

    with Store(db, create=False) as store:
        write_report(store, _known(store, runs), out)
    typer.echo(out / "report.html")


def write_report(store: Store, runs: Sequence[str], out: Path) -> Data:
    """Write all files about runs that are in the store, and give what report.json says.

    Args:
        store: Where they are.
        runs: Their ids.
        out: The folder; made where it is not there.
    """
    from consult.cli.report_data import described
    from consult.cli.report_markdown import markdown
    from consult.cli.report_page import MOST_LISTED, page
    from consult.cli.report_verdicts import HEADINGS_LINE, table_of

    listed = {}
    # A run is read once: what the page needs is kept, the table of consultations waits on the disk, the rest goes.
    with TemporaryFile("w+", encoding="utf-8", newline="") as table:
        table.write(HEADINGS_LINE)

        def keep(run: str, played: list[Outcome]) -> None:
            table.writelines(table_of(run, played))
            listed[run] = played[: MOST_LISTED // len(runs)]

        found = described(store, runs, keep)
        table.seek(0)
        write(
            out,
            {
                "report.json": lambda: _json(found),
                "report.md": lambda: iter([markdown(found)]),
                "report.html": lambda: page(found, listed, store),
                "consultations.csv": lambda: table,
            },
        )
    return found


def _known(store: Store, runs: Sequence[str]) -> list[str]:
    """Check the names, each taken once; a run of which nothing has ended is a mistake, too."""
    from consult.cli.session import naming
    from consult.errors import UserError
    from consult.scenarios import UnknownNameError

    menu = [row["id"] for row in store.query("SELECT id FROM runs ORDER BY rowid DESC")]
    for run in runs:
        if run not in menu:
            raise UnknownNameError("run", run, menu)
        ended = "SELECT 1 FROM consultations WHERE run_id = ? AND status != 'running' LIMIT 1"
        if not store.query(ended, run):
            again = f"consult resume {run}{naming(store.path)}"
            raise UserError(f"no consultation of {run} has ended; go on with: {again}")
    return list(dict.fromkeys(runs))


def _json(found: object) -> Iterator[str]:
    import json

    yield json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def write(out: Path, contents: dict[str, Pieces]) -> None:
    """Write files whole or not at all: all are written under other names before one takes its place.

    Args:
        out: Their folder; made where it is not there.
        contents: Name → what gives its text in pieces.
    """
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        drafts = {}
        for name, pieces in contents.items():
            drafts[name] = out / f".{name}.part"
            stack.callback(drafts[name].unlink, missing_ok=True)
            with drafts[name].open("w", encoding="utf-8", newline="") as file:
                file.writelines(pieces())
        for name, draft in drafts.items():
            draft.replace(out / name)
