"""One figure of a report: a value, its interval, and the missing data behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; None is *not known*, never 0."""

    value: float | None
    low: float | None = None
    """Lower end of the 95 % interval; None if there is none."""
    high: float | None = None
    n: int = 0
    """Consultations behind the value."""
    clusters: int = 0
    """Independent cases behind the value; the interval is over them."""
    failed: int = 0
    """Failed consultations among the n; they count as wrong."""
    judge_failed: int = 0
    """Verdicts that an assessor failed to give; they are not among the n."""
    not_decided: int = 0
    """Verdicts that an assessor does not give by design; they are not among the n, and are not failures."""
    unjudged: int = 0
    """Open diagnoses among the n that nobody has judged; they count as wrong."""
    method: str = ""
    """Method of the interval: `wilson`, `wilson over cases`, `bootstrap over cases`, or empty if there is none."""

    def __post_init__(self) -> None:
        """Keep the value within its interval: the last digit of either may be rounded, and a bootstrap may be skew."""
        if self.value is None or self.low is None or self.high is None:
            return
        object.__setattr__(self, "low", min(self.low, self.value))
        object.__setattr__(self, "high", max(self.high, self.value))

    def having(self, failed: int) -> Estimate:
        """Return the same figure with its number of failed consultations."""
        return replace(self, failed=failed)

    def left_unjudged(self, unjudged: int) -> Estimate:
        """Return the same figure with the number of its n that a judge could still find right."""
        return replace(self, unjudged=unjudged)

    def as_json(self) -> dict[str, Any]:
        """Return it as it appears in report.json."""
        return asdict(self)


NOTHING = Estimate(None)
