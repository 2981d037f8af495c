"""Turn questions of a source into the cases of a scenario of questions about pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consult.scenarios.case import LETTERS, MOST_PHOTOGRAPHS
from consult.scenarios.files import QuestionSpec
from consult.scenarios.folder import SPECIALTIES
from consult.scenarios.importing.cleaning import excerpt
from consult.scenarios.importing.names import dumped
from consult.scenarios.importing.question_readers import IN_DOMAIN
from consult.scenarios.importing.question_row import QuestionRow, Questions, ReadQuestion, answered, split_in
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.importing.summary import Dropped, Summary, usable_id
from consult.scenarios.importing.writing import REPORT, Target
from consult.scenarios.normalised import open_name

MOST_SPECIALTIES = 100
MOST_ALIASES = 10_000
"""Most answers whose other names are kept."""


def import_questions(questions: Questions, target: Target, source: Path, name: str, title: str) -> Summary:
    """Import questions into a scenario folder; nothing is written if none can be kept.

    Args:
        questions: What a reader found.
        target: The folder in progress.
        source: The file or folder that paths of pictures are relative to.
        name: The scenario's name.
        title: Name of the source, for the scenario's title.

    Raises:
        UserError: The source cannot be read.
    """
    importer = _QuestionImporter(target, source if source.is_dir() else source.parent)
    for read in questions:
        importer.take(read)
    if importer.summary.kept:
        importer.finish(name, f"{importer.summary.kept} questions imported from {title}")
    return importer.summary


class _QuestionImporter:
    """Turns questions into cases, one at a time."""

    def __init__(self, target: Target, root: Path) -> None:
        self.target, self.root, self.summary = target, root, Summary(questions=True)
        self.names_sets = False
        """Whether some question names its data set."""
        self.specialties: dict[str, None] = {}
        self.aliases: dict[str, list[str]] = {}
        """Answer to an open question → other right answers."""
        self._owners: dict[str, str] = {}
        """Form of an answer for comparison → the answer that it belongs to: an alias names only one."""

    def take(self, read: ReadQuestion) -> None:
        """Keep a question as a case, or drop it."""
        self.summary.rows += 1
        try:
            if isinstance(read.row, UnusableRow):
                raise read.row
            self._keep(read, read.row)
        except UnusableRow as unusable:
            dropped = Dropped(read.line, unusable.reason, excerpt(unusable.detail), excerpt(read.file, 200))
            self.target.drop(self.summary.drop(dropped))

    def _keep(self, read: ReadQuestion, row: QuestionRow) -> None:
        fields = self._fields(read.number, row)
        _validated(fields)
        if len(row.pictures) > MOST_PHOTOGRAPHS:
            raise UnusableRow(f"there are more than {MOST_PHOTOGRAPHS} pictures", str(len(row.pictures)))
        saved = [self.target.shared(self.root, picture.name, picture.content) for picture in row.pictures]
        if not self.target.take(fields["id"]):
            raise UnusableRow("the id occurs twice", fields["id"])
        pictures: dict[str, Any] = {"image": saved[0]} if len(saved) == 1 else {"images": saved} if saved else {}
        note = {"id": fields["id"], "line": read.line, **({"file": read.file} if read.file else {})}
        self.target.keep({**fields, **pictures}, {**note, "images": _names(row)})
        self._count(row, fields)

    def _fields(self, number: int, row: QuestionRow) -> dict[str, Any]:
        options = list(row.options)
        if len(options) > len(LETTERS) or len(options) == 1:
            raise UnusableRow(f"there are not 2 to {len(LETTERS)} options", str(len(options)))
        if len(set(options)) < len(options):
            raise UnusableRow("an option appears twice")
        split = split_in(row.split) if row.split else "test"
        if not split:
            raise UnusableRow("the split is not one of train, validation, test", row.split)
        told: dict[str, Any] = {
            "id": usable_id(row.id, number),
            "question": row.question,
            "options": options,
            "answer": answered(row.answer, options),
            "form": None if row.form is None or (row.form == "closed") == bool(options) else row.form,
            "dataset": row.dataset,
            "modality": row.modality,
            "type": row.type,
            "specialty": self._specialty(row.specialty),
            "split": split,
        }
        return {name: value for name, value in told.items() if value}

    def _specialty(self, stated: str) -> str:
        if stated and len(self.specialties) >= MOST_SPECIALTIES and stated not in self.specialties:
            raise UnusableRow(f"there are more than {MOST_SPECIALTIES} specialties", stated)
        return stated

    def _count(self, row: QuestionRow, fields: dict[str, Any]) -> None:
        self.summary.kept += 1
        self.summary.closed += bool(row.options)
        self.summary.unknown += "answer" not in fields
        self.names_sets |= bool(row.dataset)
        if row.specialty:
            self.specialties.setdefault(row.specialty)
        if row.also and "answer" in fields and len(self.aliases) < MOST_ALIASES:
            self._take_aliases(fields["answer"], row.also)

    def _take_aliases(self, answer: str, also: Sequence[str]) -> None:
        answer = self._owners.setdefault(open_name(answer), answer)
        for other in also:
            if self._owners.setdefault(open_name(other), answer) == answer and open_name(other) != open_name(answer):
                self.aliases.setdefault(answer, []).append(other)

    def finish(self, name: str, title: str) -> None:
        """Write the files that depend on all questions."""
        summary = self.summary
        summary.photographs = self.target.photographs
        own = [one for one in self.specialties if one not in SPECIALTIES]
        scenario: dict[str, Any] = {"kind": "vqa", "name": name, "title": title}
        scenario |= {"specialties": [*SPECIALTIES, *own] if own else []}
        scenario |= {"in_domain": list(IN_DOMAIN) if self.names_sets else []}
        scenario |= {"aliases": {name: list(dict.fromkeys(others)) for name, others in self.aliases.items()}}
        self.target.write("scenario.yaml", dumped({key: value for key, value in scenario.items() if value}))
        report = {**asdict(summary), "dropped": dict(summary.dropped), "cleaned": dict(summary.cleaned)}
        self.target.write(f"{REPORT}/summary.json", json.dumps(report, indent=2) + "\n")
        self.target.finish()


def _names(row: QuestionRow) -> list[str]:
    return [excerpt(picture.name, 200) for picture in row.pictures]


def _validated(fields: dict[str, Any]) -> None:
    """Check a case against the format, so that everything that is written can be read.

    Raises:
        UnusableRow: The case breaks the format.
    """
    try:
        QuestionSpec.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UnusableRow(f"the question would break the format at '{first['loc'][0]}'", first["msg"]) from None
