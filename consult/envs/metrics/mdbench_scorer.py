"""The figure that 3MDBench's own scorer would give, including its defects, for comparison with its published figures.

An abstention is left out of the denominator, several answers count several times, "herpes zoster" is herpes, an answer
outside the list is a miss, and a dialogue that was cut off is scored as if it had finished. Its input is the doctor's
own words, in which a label or an alias that contains an "and", an "or" or a comma is one answer.
`consult.envs.metrics.diagnosis` uses the label that was read from the words, and has none of these defects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from consult.envs.metrics.confusion import by_label
from consult.envs.metrics.outcomes import Outcome
from consult.scenarios.normalised import unbracketed

ABSTAINS = "none"
_ENDS = " .:*\"'"
_MARK = re.compile(r"(?:[-\u2013\u2014\u2022]|\d+[.)])\s+")
"""Of an entry of a list."""
_SEVERAL = re.compile(r"[,;/\n]|\band/or\b|\bor\b|\band\b")


@dataclass(frozen=True)
class Legacy:
    """Result of 3MDBench's scorer."""

    f1: float | None
    """Weighted F1; None if nothing is left to score, and if its scorer stops."""
    dropped: float | None
    """Share of abstentions, which the scorer calls failed and leaves out."""
    predictions: int
    """Number of scored answers; a consultation can have several."""
    why: str = ""
    """Reason if there is no figure."""


def legacy(played: Sequence[Outcome], labels: Sequence[str], aliases: Sequence[str] = ()) -> Legacy:
    """Score consultations as 3MDBench's notebook would; one that failed stops it.

    Args:
        played: Consultations.
        labels: The scenario's labels.
        aliases: Other names of the labels; like a label, one with an "and" is one answer.
    """
    scored = [one for one in played if one.truth is not None]
    if any(one.status == "failed" for one in scored):
        return Legacy(None, None, 0, "its scorer stops at a failed consultation")
    whole = whole_names((*labels, *aliases))
    return score([(extracted(one.words, whole), str(one.truth)) for one in scored], labels, whole)


def whole_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, in lower case, that would be split into several answers; the longest first."""
    lowered = dict.fromkeys(name.lower() for name in names if _SEVERAL.search(name.lower()))
    return tuple(sorted(lowered, key=len, reverse=True))


@lru_cache(maxsize=10_000)
def extracted(words: str | None, whole: tuple[str, ...] = ()) -> str:
    """Return what 3MDBench's extractor returns for a doctor's diagnosis: in lower case, several separated by commas.

    The extractor is a language model that reads the doctor's lines in lower case. Its instruction is to list diagnoses
    that are considered equally likely, without words such as "or".

    Args:
        words: The doctor's words.
        whole: Names that are one answer although they would be split (`whole_names`).
    """
    lowered = re.sub(r"\beither\b", " ", (words or "").lower())
    parts = (_bare(part) for part in _split(lowered, _SEVERAL.pattern, whole))
    return ", ".join(part for part in parts if part) or ABSTAINS


def _bare(part: str) -> str:
    """Return an answer without a list marker before it, and without an unmatched bracket that the split has left."""
    return unbracketed(_MARK.sub("", part.strip(_ENDS)), _ENDS)


def _split(text: str, pattern: str, whole: tuple[str, ...]) -> list[str]:
    """Split a text, but not within a name that is one answer."""
    parts, done = list[str](), 0
    for match in _separator(pattern, whole).finditer(text):
        if match.lastgroup == "parts":
            parts.append(text[done : match.start()])
            done = match.end()
    return [*parts, text[done:]]


@lru_cache(maxsize=100)
def _separator(pattern: str, whole: tuple[str, ...]) -> re.Pattern[str]:
    names = "".join(rf"(?<!\w){re.escape(name)}(?!\w)|" for name in whole)
    return re.compile(f"{names}(?P<parts>{pattern})")


def score(texts: Sequence[tuple[str, str]], labels: Sequence[str], whole: tuple[str, ...] = ()) -> Legacy:
    """Score extracted answers.

    Args:
        texts: For each consultation its diagnoses, separated by commas, or `none`, and its truth.
        labels: The data set's labels; they and the truths are compared in lower case.
        whole: Names that are one answer although they contain a comma.
    """
    import numpy as np

    if not texts or not labels:
        return Legacy(None, None, 0, "there is nothing to score")
    numbers, true, said, kept = _Numbers([label.lower() for label in labels]), list[int](), list[int](), 0
    for text, truth in texts:
        answers = predictions(text, whole)
        kept += answers is not None
        for answer in answers or ():
            true.append(numbers[truth.lower()])
            said.append(numbers[answer])
    dropped = 1 - kept / len(texts)
    if not true:
        return Legacy(None, dropped, 0, "all abstained")
    counts = by_label(np.array(true), np.array(said), len(labels))
    value = np.average(counts.f1, weights=counts.true) if counts.true.any() else 0.0
    return Legacy(float(value), dropped, len(true))


class _Numbers(dict[str, int]):
    """Number names in order of appearance."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__({label: i for i, label in enumerate(labels)})

    def __missing__(self, name: str) -> int:
        self[name] = len(self)
        return self[name]


@lru_cache(maxsize=10_000)
def predictions(text: str, whole: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Return the predictions that a text of extracted diagnoses counts as; None for an abstention."""
    parts = _parts(text, whole)
    return None if parts == [ABSTAINS] else tuple(renamed(part) for part in parts)


def renamed(answer: str) -> str:
    """Return an answer's name from the synonym list, or the answer unchanged if no line fits."""
    lowered = answer.lower()
    for line in synonyms():
        if any(part in lowered for part in line.get("any", ())) or (
            "all" in line and all(part in lowered for part in line["all"])
        ):
            return str(line["becomes"])
    return answer


@lru_cache(maxsize=1)
def synonyms() -> list[dict[str, Any]]:
    """Return the lines of the synonym list, in order."""
    import yaml

    text = (files("consult.envs.metrics") / "mdbench_scorer.yaml").read_text(encoding="utf-8")
    lines: list[dict[str, Any]] = yaml.safe_load(text)
    return lines


def _parts(text: str, whole: tuple[str, ...]) -> list[str]:
    return [part.strip() for part in _split(text.replace("\n", "").replace("`", ""), ",", whole)]
