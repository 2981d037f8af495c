"""The verdict on a patient's line, whichever check gave it, and the check of a free line by rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from consult.agents.grounding.claims import Finding, Grounds, Kind, check_claims
from consult.scenarios import Scenario

MOST_NAMED = 3
"""Most findings that a reason names."""
_REASONS: dict[Kind, str] = {
    "speech": "it {}",
    "missing": 'it does not state "{}"',
    "denied": 'it says the opposite of "{}"',
    "number": 'it says a number that is not yours, "{}"',
    "disease": 'it names a disease, "{}"',
    "unsaid": 'it tells what was not to be told now, "{}"',
    "added": 'it adds "{}"',
}


@dataclass(frozen=True)
class Verdict:
    """The verdict on one line."""

    backed: bool
    """Whether the line states its facts and no others."""
    leaked: bool
    """Whether it names a diagnosis that nobody named to the patient."""
    reason: str = ""
    """Why it may not be said; empty if it may be said, or if no line could be read."""

    @property
    def sound(self) -> bool:
        """Return whether the line may be said."""
        return self.backed and not self.leaked

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Verdict:
        """Return the verdict that findings amount to."""
        found = list(findings)
        named = " and ".join(_REASONS[one.kind].format(one.what) for one in found[:MOST_NAMED])
        leaked = any(one.kind == "disease" for one in found)
        return cls(all(one.kind == "disease" for one in found), leaked, named)


UNREAD = Verdict(backed=False, leaked=False)
"""The verdict if a reply has no readable line."""


def check_free_line(line: str, grounds: Grounds, scenario: Scenario, card: Iterable[str] = ()) -> Verdict:
    """Check a line in a model's own words by rules.

    Args:
        line: The patient's line.
        grounds: What it may rest on.
        scenario: Its diagnoses must not be named, in any spelling, unless the grounds name them.
        card: All facts of the patient. With open diagnoses, the illnesses that they name are allowed.
    """
    known = {name for text in (grounds.heard, *(() if scenario.labels else card)) for name in scenario.leaks(text)}
    named = [Finding("disease", name) for name in scenario.leaks(line) if name not in known]
    found = [one for one in check_claims(line, grounds) if one.kind != "disease" or not named]
    return Verdict.of([*named, *found])
