"""What came of importing a source's rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

FIRST = 5
"""Most dropped rows in a summary; the report has all of them."""


@dataclass(frozen=True)
class Dropped:
    """A row that is not a case."""

    line: int
    reason: str
    detail: str = ""
    file: str = ""
    """Its file, if the source has several."""


@dataclass
class Summary:
    """Result of importing a source's rows."""

    rows: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason → number of dropped rows."""
    cleaned: Counter[str] = field(default_factory=Counter)
    """Field → number of kept rows from which something was removed."""
    leaks: int = 0
    """Number of sentences left out because they name the diagnosis."""
    long: int = 0
    """Sentences left out because they, or their number, are too long."""
    aside: int = 0
    """Sentences set aside because they are in the shorthand of notes; `import/kept.jsonl` lists them."""
    suggested: dict[str, str] = field(default_factory=dict)
    """Field that no column was found for → the column that may be meant."""
    facts: int = 0
    findings: int = 0
    photographs: int = 0
    unlisted: int = 0
    """Photographs of a folder that its table does not name."""
    labels: int = 0
    """Number of diagnoses in the closed list; 0 for open diagnoses."""
    unknown: int = 0
    """Number of kept cases without a diagnosis, or of questions without an answer."""
    open: bool = False
    """Whether there were too many diagnoses for a closed list."""
    questions: bool = False
    """Whether the cases are questions about pictures."""
    closed: int = 0
    """Number of questions with options."""
    first: list[Dropped] = field(default_factory=list)

    def drop(self, row: Dropped) -> dict[str, Any]:
        """Count a dropped row, and return what is reported of it."""
        self.dropped[row.reason] += 1
        if len(self.first) < FIRST:
            self.first.append(row)
        return {name: value for name, value in asdict(row).items() if value or name != "file"}


def usable_id(stated: str, line: int) -> str:
    """Return the source's id if it is valid, else an id from the line number."""
    usable = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", stated)
    return stated if usable else f"row-{line:06}"
