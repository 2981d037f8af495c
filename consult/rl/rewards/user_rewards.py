"""The user's rewards: a function of a decision, of a whole consultation, or in TRL's form.

    @consult.reward(weight=0.5)
    def early_red_flag(consultation):
        \"\"\"1.0 when the first question is about red flags.\"\"\"
        first = next((act for act in consultation.acts if act.action == "ask"), None)
        return float(first is not None and first.topic == "alarm")

`--reward mine.py:early_red_flag` trains with it; `=0.2` after it sets another weight.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, overload

from consult.foreign_text import quoted_python
from consult.plugins import Named, PluginError, Registry, called, takes

F = TypeVar("F", bound=Callable[..., Any])
Over = Literal["decision", "consultation", "trl"]
WEIGHT = "consult_weight"
"""The attribute that `reward` sets on a function."""


@dataclass(frozen=True)
class OwnReward:
    """A reward written by the user."""

    name: str
    """Its reference."""
    over: Over
    """`decision`: (decision, wanted) -> float; `consultation`: (consultation) -> float; `trl`: TRL's form."""
    weight: float
    pays: Callable[..., Any] = field(repr=False)


@overload
def reward(function: F, /) -> F: ...
@overload
def reward(*, weight: float = 1.0) -> Callable[[F], F]: ...
def reward(function: F | None = None, /, *, weight: float = 1.0) -> F | Callable[[F], F]:
    """Mark a function as a reward; it can still be called as before.

    Args:
        function: Of a decision `(decision, wanted) -> float`, of a consultation `(consultation) -> float`, or in
            TRL's form `(completions, **kwargs) -> list[float]`. Its parameters decide which.
        weight: Factor on the reward if a training run names no other weight.

    Returns:
        The function.

    Raises:
        PluginError: The function has none of these forms.
    """
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
        raise PluginError(f"the weight of a reward cannot be {quoted_python(weight)}; give a number, such as 0.5")

    def mark(marked: F) -> F:
        as_reward(marked, called(marked))
        setattr(marked, WEIGHT, float(weight))
        return marked

    return mark if function is None else mark(function)


def as_reward(value: Any, reference: str) -> OwnReward:
    """Make a reward from a function.

    Raises:
        PluginError: The parameters fit none of the three forms.
    """
    if callable(value):
        over = _over(value)
        if over is not None:
            return OwnReward(reference, over, float(getattr(value, WEIGHT, 1.0)), value)
    raise PluginError(
        f"'{reference}' is not a reward; a reward is a function of (consultation), of (decision, wanted), "
        "or of (completions, **kwargs) as TRL calls it"
    )


def over_consultations(given: Any) -> tuple[str, Callable[[Any], Any]]:
    """Return the name of a reward and its function of one consultation.

    Args:
        given: A function, `file.py:name`, an entry point, or the name of a built-in reward.

    Raises:
        UnknownNameError: There is no such reward.
        PluginError: It is not a reward, or it does not score whole consultations.
    """
    from consult.rl.rewards.decisions import INTERVIEW_REWARDS
    from consult.scenarios import UnknownNameError

    if isinstance(given, str) and given in INTERVIEW_REWARDS:
        return given, INTERVIEW_REWARDS[given]
    named, name = Named(), given if isinstance(given, str) else called(given)
    if isinstance(given, str):
        named.add(REWARDS, given)
    with named.known():
        own = REWARDS.find(given) if isinstance(given, str) else REWARDS.made(given, name)
    if own is None:
        raise UnknownNameError("reward", name, [*INTERVIEW_REWARDS, *REWARDS.names()])
    if own.over != "consultation":
        raise PluginError(f"the reward '{name}' scores one decision; give one of a whole consultation")
    return name, own.pays


def paid(name: str, value: Any, where: str = "") -> float:
    """Convert a reward's return value to a number.

    Args:
        name: The reward's name.
        value: The returned value.
        where: The scored item, such as ` on r1.3`.

    Raises:
        PluginError: The value is not a finite number; a string of digits does not count as one.
    """
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise PluginError(
            f"the reward '{name}' returned {quoted_python(value)}{where}; a reward returns a finite number"
        )
    return number


def _over(function: Callable[..., Any]) -> Over | None:
    try:
        named = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None  # a C function without a signature
    if "completions" in named:
        return "trl"
    if takes(function, "decision", "wanted"):
        return "decision"
    return "consultation" if takes(function, "consultation") else None


REWARDS: Registry[OwnReward] = Registry("reward", "consult.rewards", as_reward)
