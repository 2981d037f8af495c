"""Check a patient's free line by rules: every fact is stated, and nothing is claimed without grounds.

A line may rest on the facts to state, on what the doctor says, and on what was said before. The rules are a veto for
what rules are good at: numbers, sides, sites, persons, names of diseases, facts that are not to be said, negation,
causes, and courses in time. A word of the vocabulary's classes that nothing licenses is a claim. Other words are free.
"""

from __future__ import annotations

from collections.abc import Sequence

from consult.agents.grounding.additions import additions
from consult.agents.grounding.contrasts import contradicted
from consult.agents.grounding.language import words_of
from consult.agents.grounding.reading import Finding as Finding
from consult.agents.grounding.reading import Grounds as Grounds
from consult.agents.grounding.reading import Kind as Kind
from consult.agents.grounding.reading import Reading, unique
from consult.agents.grounding.speech import not_speech
from consult.agents.grounding.statement import missing_facts

LONG = 15
"""From this many words on, one weak finding does not refuse a line."""


def check_claims(line: str, grounds: Grounds) -> list[Finding]:
    """Return what is wrong with a line; empty if it may be said."""
    wrong = not_speech(line, grounds.instructions, grounds.heard)
    if wrong:
        return [Finding("speech", wrong)]
    reading = Reading(line, grounds)
    found = unique([*missing_facts(reading), *additions(reading), *contradicted(reading)])
    return found if len(words_of(reading.said)) < LONG or _suffice(found) else []


def _suffice(found: Sequence[Finding]) -> bool:
    """Return whether findings refuse a line: one, or two weak ones in different words."""
    weak = [one.what for one in found if one.weak]
    apart = [what for i, what in enumerate(weak) if not any(what in other for other in weak[:i] + weak[i + 1 :])]
    return len(weak) < len(found) or len(apart) > 1
