"""`consult.report`: write the results of one or several runs as files and return them as data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consult.api.checks import folder, for_python
from consult.api.given import PathLike, naming
from consult.api.run import Run, place_of, run_row
from consult.envs.held import held_report
from consult.envs.store.readonly import reading
from consult.envs.store.runs import has_ended
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.render.report.write import write_report

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT = 800
"""Height of a report in a notebook, in pixels."""


class Report:
    """A report that was written; it displays as its page in a notebook.

    Args:
        folder: Where its files are: report.html, report.md, report.json, summary.csv, summary.tex, consultations.csv.
        data: The content of report.json.
    """

    def __init__(self, folder: Path, data: dict[str, Any]) -> None:
        self.folder, self.data = folder, data

    @property
    def page(self) -> Path:
        """The page, one self-contained HTML file."""
        return self.folder / "report.html"

    @property
    def table(self) -> pd.DataFrame:
        """The figures as a table, a row for each condition and measure: what summary.csv holds."""
        import pandas as pd

        from consult.render.report.summary import rows

        return pd.DataFrame(rows(self.data))

    @property
    def latex(self) -> str:
        """The main figures as a table for a paper: what summary.tex holds."""
        from consult.render.report.latex import latex

        return latex(self.data)

    def __str__(self) -> str:
        return (self.folder / "report.md").read_text(encoding="utf-8")

    def __repr__(self) -> str:
        return f"<report of {', '.join(run['run'] for run in self.data['runs'])}: {self.page}>"

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{_HEIGHT}px;border:0"
        page = escape(self.page.read_text(encoding="utf-8"))
        return f'<iframe sandbox srcdoc="{page}" style="{style}"></iframe>'


@for_python
def report(
    *runs: Run | str | Sequence[Run | str], out: PathLike = "runs/report", db: PathLike = "consult.db"
) -> Report:
    """Measure runs and compare them, as `consult report` does.

    Args:
        runs: One or several runs of one store, or their ids; also as one list.
        out: The folder for the files; created if missing.
        db: The store's file, if ids are given.

    Returns:
        The report: shares from 0 to 1 with their intervals and n, as data and as files.

    Raises:
        UserError: There is no such run, none of its consultations has ended, no run is given, the runs are in
        several stores, or another process writes a report into the folder.
        OSError: The files cannot be written.
    """
    return written(runs, out, db)


def written(runs: Sequence[Any], out: PathLike, db: PathLike) -> Report:
    """Report on runs, as `report`.

    Raises:
        UserError: As `report`.
        OSError: As `report`.
    """
    if len(runs) == 1 and isinstance(runs[0], list | tuple):
        runs = runs[0]
    own = next((run.db for run in runs if isinstance(run, Run)), db)  # the ids beside a run are of its store
    target, places = folder("out", out), [place_of(run, own) for run in runs]
    if not places:
        raise UserError("name a run to report on, e.g. report(run)")
    stores = {path.resolve(): path for path, _ in places}
    if len(stores) > 1:
        raise UserError(f"the runs are in {len(stores)} stores; report on runs of one store")
    with held_report(target), reading(places[0][0], *(run for _, run in places)) as store:
        return Report(target, write_report(store, known_runs(store, [run for _, run in places]), target))


def known_runs(store: Store, runs: Sequence[str]) -> list[str]:
    """Check the run names and drop duplicates; a run without an ended consultation is also a mistake."""
    for run in runs:
        run_row(store, run)
        if not has_ended(store, run):
            again = f"consult resume {run}{naming(store.path)}"
            raise UserError(f"no consultation of {run} has ended; continue with: {again}")
    return list(dict.fromkeys(runs))
