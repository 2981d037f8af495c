"""Whether a model's reason is its own: placeholders and copies show that it has not judged.

A small model often repeats the shape of the answer that it was shown (`<reason>`), or gives one sentence for all items.
Its values are then no verdicts, whatever they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from consult.agents.assessors.rubric import ITEMS, NO_REASON, Verdict
from consult.agents.models.model import Prompt

ALIKE = 3
"""Items with the same reason from which on it is a copy."""
FEWEST_ALIKE = 4
"""Fewest words of such a reason; a shorter one is a copy only if most items have it."""
FEWEST_COPIED = 6
"""Fewest words of a reason that is looked for within the instructions; a shorter one may occur there by chance."""

_MARKED = re.compile(r"<[^<>]*>|\.{2,}|…|_{2,}|\b(?:xx+|tbd|todo|n/?a|lorem ipsum)\b", re.IGNORECASE)
"""Pattern of a blank to be filled in."""
_BLANK_WORDS = frozenset(
    """
    a an the one your my short brief reason reasons why because here goes text string explanation
    explain justification rationale comment turn turns value values number numbers integer item items
    insert write give add placeholder example sample first for this of is to be or length
    """.split()  # noqa: SIM905
)
"""Words of a text that only says where a reason would stand."""
_LEVELS = frozenset(["yes", "no", "true", "false", "met", "unmet", "not", "null", "none", "unknown"])


def not_own(why: str, prompt: Prompt) -> str:
    """Return what is wrong with a reason: `a placeholder`, `a copy of its instructions`, or nothing.

    An empty reason passes: a model may give values alone.

    Args:
        why: The reason.
        prompt: The prompt that was answered; its instructions, not its material, are compared.
    """
    if is_placeholder(why):
        return "a placeholder"
    said = _plain(why)
    told = [_plain(message.text) for message in prompt.messages if message.speaker == "system"]
    copied = said.count(" ") + 1 >= FEWEST_COPIED and any(f" {said} " in f" {one} " for one in told)
    return "a copy of its instructions" if copied else ""


def with_own_reasons(verdicts: Mapping[str, Verdict], prompt: Prompt) -> dict[str, Verdict]:
    """Return the verdicts of a model; one whose reason is a placeholder or a copy has no value.

    Args:
        verdicts: Item → verdict.
        prompt: The prompt that was answered. Where it offers a closed choice, the reasons are the program's.
    """
    if prompt.choice is not None:
        return dict(verdicts)
    counts = Counter(_plain(verdict.why) for verdict in verdicts.values() if verdict.why.strip())
    return {
        key: _unscored(verdict, not_own(verdict.why, prompt) or _repeated(verdict.why, counts[_plain(verdict.why)]))
        for key, verdict in verdicts.items()
    }


def _unscored(verdict: Verdict, wrong: str) -> Verdict:
    if not wrong or verdict.value is None:
        return verdict
    return replace(verdict, value=None, why=f"{NO_REASON}{wrong} ({verdict.why})")


def _repeated(why: str, count: int) -> str:
    few = ALIKE if len(_plain(why).split()) >= FEWEST_ALIKE else len(ITEMS) // 2 + 1
    return f"the same for {count} items" if count >= few else ""


def is_placeholder(why: str) -> bool:
    """Return whether a text that is not empty holds only blanks, numbers, levels and words for a reason."""
    left = re.findall(r"[^\W\d_]+", _MARKED.sub(" ", why).lower())
    return bool(why.strip()) and all(word in _BLANK_WORDS or word in _LEVELS for word in left)


def _plain(text: str) -> str:
    """Return the words of a text without numbers, so that `item 1.1 is met` and `item 1.2 is met` are one reason."""
    return " ".join(re.findall(r"[^\W\d_]+", text.lower()))
