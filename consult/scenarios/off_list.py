"""Cases off the list: patients whose diagnosis is none of the labels, so that the right decision is to refer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from consult.scenarios.case import Case
from consult.scenarios.case_generator import ALARMS, Grammar


@dataclass(frozen=True)
class WithOffList:
    """Drawn cases, some of them off the list at regular places; a `CaseSource`.

    The others are drawn as in a scenario without such cases, and cycle through the labels. The pairs of the split
    `alarms` are all on the list.
    """

    listed: Grammar
    off: Grammar
    """Its labels are the diagnoses off the list, which its cases cycle through."""
    every: int
    """Each so many cases, the last one is off the list."""

    def ids(self, split: str) -> Sequence[str]:
        """List a split's ids."""
        return self.listed.ids(split)

    def get(self, case_id: str) -> Case:
        """Make one case.

        Raises:
            KeyError: There is no such case.
        """
        if not self.listed.has(case_id):
            raise KeyError(case_id)
        split, _, number = case_id.rpartition("-")
        if split == ALARMS:
            return self.listed.get(case_id)
        nth, rest = divmod(int(number), self.every)
        # Each of the two generators numbers its own cases.
        own = self.off.make(split, nth) if rest == self.every - 1 else self.listed.make(split, int(number) - nth)
        photograph = own.photograph and replace(own.photograph, id=f"{self.listed.scenario}/{case_id}")
        return replace(own, id=case_id, photograph=photograph)
