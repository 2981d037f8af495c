"""`consult runs`: list what has been played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consult.cli.commands.options import DEFAULT_DATABASE, Database, Json

if TYPE_CHECKING:
    from consult.envs.store.rows import Row


def runs(db: Database = DEFAULT_DATABASE, json: Json = False) -> None:
    """List the runs of a store, the newest first."""
    from consult.envs.store.readonly import reading

    with reading(db) as store:
        rows = [{**row, "status": store.state(row)} for row in store.runs()]
    if json:
        from consult.cli.commands.session import print_json

        for row in rows:
            print_json({"event": "run", **_described(row)})
        return
    _print_table(rows)


def _described(row: Row) -> Row:
    import json

    return {
        "run": row["id"],
        "status": row["status"],
        "created": row["created"],
        "scenario": row["scenario"],
        "strategy": row["strategy"],
        "team": row["team"],
        "seed": row["seed"],
        "models": json.loads(row["models"]),
        "consultations": row["consultations"],
        "finished": row["finished"],
        "unfinished": row["unfinished"],
        "failed": row["failed"],
        "correct": row["correct"],
        "with_truth": row["with_truth"],
        "unjudged": row["unjudged"],
    }


def _right(row: Row) -> str:
    if not row["with_truth"]:
        return "—"
    unjudged = f" ({row['unjudged']} unjudged)" if row["unjudged"] else ""
    return f"{row['correct'] / row['with_truth']:.0%}{unjudged}"


def _print_table(rows: list[Row]) -> None:
    from rich.table import Table

    from consult.foreign_text import as_name
    from consult.render.console import PlainConsole
    from consult.render.narrow import fitted
    from consult.render.terminal import DISCLAIMER, say, styled

    table = Table(box=None, header_style="bold", pad_edge=False)
    right = ("seed", "played", "right")
    for name in ("run", "status", "created (UTC)", "scenario", "strategy · team", "seed", "played", "right"):
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name == "run" or name in right)
    for row in map(_described, rows):
        ended = row["finished"] + row["unfinished"] + row["failed"]
        failed = f" ({row['failed']} failed)" if row["failed"] else ""
        table.add_row(
            row["run"],
            row["status"],
            row["created"][:16].replace("T", " "),
            as_name(row["scenario"]),
            f"{row['strategy']} · {row['team']}",
            str(row["seed"]),
            f"{ended}/{row['consultations']}{failed}",
            _right(row),
        )
    console = PlainConsole()
    console.print(fitted(table, console.width))
    say(console, styled(DISCLAIMER, "dim"))
