"""Reasons that give none: placeholders of the answer's shape, and copies of the question or of another item's reason.

A small model that copies the shape it was shown has judged nothing, whatever values it writes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from consult.agents.assessors.rubric import BY_KEY, Verdict

UNFOUNDED = "no reason of its own: "
"""Prefix of the reason of a verdict that is not scored since its reason is a placeholder or a copy."""
ALIKE = 3
"""Items with the same reason from which on it is a copy."""
FEWEST_WORDS = 4
"""Shorter reasons may agree by chance."""
_PLACEHOLDER = re.compile(
    r"[<\[{(]{1,2}[^<>\[\]{}()]{0,60}[>\]})]{1,2}|\W*|(?:(?:your|the|a|an|short|brief|one) )*"
    r"(?:reason|reasoning|explanation|rationale|justification|string|text|why|value|n/?a|none|null|tbd|todo)s?"
    r"(?: (?:here|goes here|for (?:this|the) (?:value|verdict|item|score)))?",
    re.IGNORECASE,
)


def is_placeholder(why: str) -> bool:
    """Return whether a reason that is not empty says nothing."""
    said = why.strip().strip("\"'.…: ")
    return bool(why.strip()) and ("<reason>" in why.lower() or _PLACEHOLDER.fullmatch(said) is not None)


def unfounded(verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """Return item → what is wrong with its reason, for the scored verdicts whose reason gives none."""
    scored = {key: one.why for key, one in verdicts.items() if one.value is not None}
    often = Counter(map(_plain, scored.values()))
    found = {}
    for key, why in scored.items():
        said = _plain(why)
        if is_placeholder(why):
            found[key] = "a placeholder"
        elif said == _plain(BY_KEY[key].question):
            found[key] = "a copy of the question"
        elif often[said] >= ALIKE and len(said.split()) >= FEWEST_WORDS:
            found[key] = f"the same for {often[said]} items"
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def without_unfounded(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Return the verdicts, with those whose reason gives none not scored."""
    wrong = unfounded(verdicts)
    return {
        key: Verdict(None, f"{UNFOUNDED}{wrong[key]}", one.turns) if key in wrong else one
        for key, one in verdicts.items()
    }
