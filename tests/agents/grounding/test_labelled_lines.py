"""Does the check keep what it reached on labelled lines? Lower figures are welcome: then lower the limits.

`grounding_lines.jsonl` and `grounding_lines_by_kind.jsonl` are by the check's author, the second for development.
`grounding_lines_other_author.jsonl` is by somebody who had not seen the check; the check has been tuned on it since.
`grounding_lines_strong_voices.jsonl` is by a second such author: lines as strong models word them. The check was
tuned on those with odd numbers alone. `grounding_lines_third_author.jsonl` is by a third: of its 240 cases, sorted and
shuffled with seed 0, the rules were tuned on the first half alone. `grounding_lines_fourth_author.jsonl` is by a
fourth, as the fifth's and the sixth's are by two more; the rules were tuned on all of them.
`grounding_lines_eighth_author.jsonl` says what to expect, and so does, a little too favourably,
`grounding_lines_seventh_author.jsonl`: do not tune the rules on them.
`grounding_lines_odd_kinds.jsonl`, `grounding_lines_by_claim.jsonl` and `grounding_lines_batches.jsonl` are by the
check's author, for development.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from consult.agents.grounding.claims import check_claims
from consult.agents.grounding.labelled import read_labelled

DATA = Path(__file__).parents[2] / "data"
LIMITS = {
    "grounding_lines.jsonl": (2, 2),
    "grounding_lines_by_kind.jsonl": (10, 5),
    "grounding_lines_by_claim.jsonl": (2, 5),
    "grounding_lines_other_author.jsonl": (1, 0),
    "grounding_lines_strong_voices.jsonl": (7, 2),
    "grounding_lines_third_author.jsonl": (12, 0),
    "grounding_lines_fourth_author.jsonl": (2, 1),
    "grounding_lines_fifth_author.jsonl": (6, 4),
    "grounding_lines_sixth_author.jsonl": (5, 3),
    "grounding_lines_seventh_author.jsonl": (12, 8),
    "grounding_lines_eighth_author.jsonl": (16, 3),
    "grounding_lines_odd_kinds.jsonl": (0, 0),
    "grounding_lines_batches.jsonl": (16, 3),
}
"""File → most faithful lines refused, most others accepted."""


@pytest.mark.parametrize("name", LIMITS)
def test_the_mistakes_on_labelled_lines_stay_few(name: str) -> None:
    lines = read_labelled(DATA / name)
    accepted = [not check_claims(one.line, one.grounds) for one in lines]
    decided = list(zip(lines, accepted, strict=True))
    refused = [one.line for one, ok in decided if one.faithful and not ok]
    let_through = [one.line for one, ok in decided if ok and not one.faithful]
    most_refused, most_accepted = LIMITS[name]
    assert len(refused) <= most_refused, refused
    assert len(let_through) <= most_accepted, let_through
