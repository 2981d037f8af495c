"""`consult scenarios import`: import cases from other sources as a scenario folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consult.cli.commands.options import Json
from consult.counts import count_of
from consult.foreign_text import as_name

if TYPE_CHECKING:
    from consult.scenarios.importing import Summary


def import_(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="The kind is 3mdbench, agentclinic, agentclinic-nejm, craft-md, scin, pad-ufes-20, ham10000, "
            "fitzpatrick17k, ddi, derm1m, csv, jsonl, folder or FILE.py:NAME; of questions "
            "about pictures it is vqa-rad, slake, pathvqa, omnimedvqa, mmmu, gmai or vqa.",
        ),
    ],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="This is the file or folder; for 3mdbench and for questions also an id on the hub.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The scenario is made in this folder.")],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="This field is in this column; it may be given again."),
    ] = None,
    own_split: Annotated[
        bool, typer.Option("--own-split", help="All cases of 3mdbench stay in the split test, as in the data set.")
    ] = False,
    language: Annotated[
        str | None, typer.Option("--language", help="Questions of slake in this language are read, en without it.")
    ] = None,
    fetch_images: Annotated[
        bool,
        typer.Option(
            "--fetch-images", help="Pictures that agentclinic-nejm or fitzpatrick17k name by address are fetched."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Import cases from other sources as a scenario folder; report what was kept, what was dropped and why."""
    from dataclasses import asdict

    from consult.cli.commands.session import print_json
    from consult.errors import UserError
    from consult.plugins import Named
    from consult.scenarios.importing import IMPORTERS, import_cases

    named = Named()
    reference = named.add(IMPORTERS, kind)
    with named.known():
        summary = import_cases(
            reference,
            source,
            out,
            _mapping(map_ or []),
            own_split=own_split,
            language=language,
            fetch_images=fetch_images,
        )
    if json:
        print_json({"event": "import", "out": str(out) if summary.kept else None, **asdict(summary)})
    else:
        for line in _lines(summary, out):
            typer.echo(line)
    if not summary.kept:
        raise UserError(f"no row of '{source}' could be kept, so nothing was written; fix it and import it again")


def _mapping(entries: list[str]) -> dict[str, str]:
    from consult.errors import UserError

    mapping = {}
    for entry in entries:
        field, equals, column = entry.partition("=")
        if not equals:
            raise UserError(f"'{entry}' is not a mapping; write --map FIELD=COLUMN")
        if field.strip() in mapping:
            raise UserError(f"--map is given twice for '{field.strip()}'; give it once")
        mapping[field.strip()] = column.strip()
    return mapping


def _lines(summary: Summary, out: Path) -> list[str]:
    lines = [f"{count_of(summary.rows, 'row')}: {summary.kept:,} kept, {summary.rows - summary.kept:,} dropped"]
    lines += [f"  {count:,} dropped: {reason}" for reason, count in summary.dropped.most_common()]
    for row in summary.first:
        detail = f" ({row.detail})" if row.detail else ""
        lines.append(f"    {row.file + ', ' if row.file else ''}line {row.line}: {row.reason}{detail}")
    lines += _details(summary)
    if summary.kept:
        lines += [
            f"{out}: import/ lists what happened to each row; check it: consult scenarios check {shlex.quote(str(out))}"
        ]
    return [as_name(line) for line in lines]


_WITHOUT_TRUTH = {
    False: ("case has no diagnosis", "cases have no diagnosis"),
    True: ("question has no answer", "questions have no answer"),
}


def _details(summary: Summary) -> list[str]:
    diagnoses = count_of(summary.labels, "label") if summary.labels else "open diagnoses"
    if summary.open:
        diagnoses += " (too many different ones for a closed list)"
    counts = [count_of(summary.facts, "fact"), count_of(summary.findings, "finding")]
    if summary.questions:
        diagnoses, counts = f"{count_of(summary.closed, 'question')} with options", []
        counts.append(f"{summary.kept - summary.closed:,} without")
    counts.append(count_of(summary.photographs, "photograph"))
    lines = [f"  {diagnoses}, {', '.join(counts)}"] if summary.kept else []
    for count, one, several in (
        (summary.unknown, *_WITHOUT_TRUTH[summary.questions]),
        (summary.leaks, "sentence left out: it names the diagnosis", "sentences left out: they name the diagnosis"),
        (
            summary.aside,
            "sentence set aside: no patient says it, see import/kept.jsonl",
            "sentences set aside: no patient says them, see import/kept.jsonl",
        ),
        (summary.long, "sentence left out: too long or too many", "sentences left out: too long or too many"),
        (
            summary.unlisted,
            "photograph is not in the table beside it and was left out",
            "photographs are not in the table beside them and were left out",
        ),
    ):
        lines += [f"  {count_of(count, one, several)}"] if count else []
    lines += [
        f"  no column is called {field}; if '{column}' holds it, add --map {shlex.quote(f'{field}={column}')}"
        for field, column in summary.suggested.items()
    ]
    if summary.cleaned:
        cleaned = ", ".join(f"{field} of {count:,}" for field, count in summary.cleaned.most_common())
        lines.append(f"  cleaned: {cleaned}")
    return lines
