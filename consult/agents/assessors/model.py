"""The assessor: judges a finished consultation by the rubric, from transcript, photograph and true diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from consult.agents.acts import AssessorView
from consult.agents.assessors.reasons import with_own_reasons
from consult.agents.assessors.rubric import BY_KEY, ITEMS, NOT_DECIDED, Verdict, not_scored
from consult.agents.assessors.rules import RULES, VERSION, Played, assess_by_rules
from consult.agents.models import Model, ModelError, Opener, open_model
from consult.agents.models.human import PERSONS
from consult.agents.models.python import BUILT_IN as MODEL_REFERENCES
from consult.agents.models.python import as_model
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry
from consult.foreign_text import quoted_python, without_controls
from consult.plugins import PluginError, Registry, blame, revision, takes

TASK = "assess"
UNUSABLE = "unusable answer: "
"""Prefix of the reason if neither answer could be used."""


@dataclass(frozen=True)
class Assessor:
    """A judge with a model behind it."""

    client: RoleClient

    async def assess(self, view: AssessorView, context: RequestContext) -> dict[str, Verdict]:
        """Judge a consultation; after two unusable answers every item is None, with the reason.

        An item whose reason is a placeholder or a copy in both answers is None, too.

        Raises:
            Exception: The backend's error for this request.
        """
        dialect, refusals = self.client.dialect, [""]
        most = self.client.info.photographs if self.client.info.sees else 0
        if most is not None:
            shown = view.photographs[:most]
            view = replace(view, photograph=shown[0] if shown else None, further=shown[1:])
        prompt = dialect.assessment(view)
        best: dict[str, Verdict] = {}

        def read(text: str) -> dict[str, Verdict] | None:
            try:
                verdicts = with_own_reasons(dialect.read_assessment(text), prompt)
            except ValueError as error:
                refusals.append(str(error))
                return None
            wrong = [key for key, verdict in verdicts.items() if verdict.value is None]
            if not wrong:
                return verdicts
            refusals.append(f"the reasons of {', '.join(wrong)} are placeholders or copies")
            if not best or len(wrong) < sum(verdict.value is None for verdict in best.values()):
                best.update(verdicts)
            return None

        verdicts, _, _ = await generate_with_retry(self.client, prompt, TASK, context, read, why=lambda: refusals[-1])
        return (best or not_scored(UNUSABLE + refusals[-1])) if verdicts is None else verdicts


@dataclass(frozen=True)
class ProgramAssessor:
    """An assessor that is a program: the rules, or a user's function."""

    name: str
    """Its name in the store."""
    assess: Callable[[Played], Mapping[str, Verdict]]


Judges = ProgramAssessor | Model
"""Anything that can assess."""


def as_assessor(value: Any, reference: str) -> Judges:
    """Make an assessor from a function of one consultation, or from a model.

    Raises:
        PluginError: The object is neither.
    """
    if hasattr(value, "generate") or (callable(value) and takes(value, "messages", "images")):
        return as_model(value, reference)
    if callable(value) and takes(value, "consultation"):
        state = revision(reference, value)
        name = f"{reference}@{state}" if state else reference
        return ProgramAssessor(name, lambda played: _verdicts(value, reference, played))
    raise PluginError(
        f"'{reference}' is not an assessor; an assessor is a function of (consultation) that returns a dict of item to "
        "value, or a model"
    )


ASSESSORS: Registry[Judges] = Registry(
    "assessor", "consult.assessors", as_assessor, (RULES, "model", "none", *MODEL_REFERENCES)
)


def _verdicts(function: Any, reference: str, played: Played) -> dict[str, Verdict]:
    """Read a function's return value; items that it leaves out are not decided.

    Raises:
        PluginError: The function raised, or returned an item or a value that the rubric does not have.
    """
    with blame("assessor", reference):
        verdicts = {key: _verdict(key, value) for key, value in dict(function(played)).items()}
    left = Verdict(None, f"{NOT_DECIDED}'{reference}' returned no value")
    return {item.key: verdicts.get(item.key, left) for item in ITEMS}


def _verdict(key: str, value: Any) -> Verdict:
    """Read one item's value, with or without its reason.

    Raises:
        ValueError: The rubric has no such item, the item cannot have this value, or the reason is not a string.
    """
    item = BY_KEY.get(key)
    if item is None:
        raise ValueError(f"there is no item '{key}'; there are: {', '.join(BY_KEY)}")
    if isinstance(value, tuple) and len(value) != 2:
        raise ValueError(f"item {key} cannot be {quoted_python(value)}; give a value, or (value, reason)")
    level, why = (value.value, value.why) if isinstance(value, Verdict) else _with_reason(value)
    if level is not None and level not in item.levels:
        raise ValueError(f"item {key} cannot be {quoted_python(level)}; it is one of {item.levels} or None")
    if not isinstance(why, str):
        raise ValueError(f"the reason of item {key} cannot be {quoted_python(why)}; give a string")
    if isinstance(value, Verdict) and not all(type(turn) is int for turn in value.turns):
        raise ValueError(f"the turns of item {key} cannot be {quoted_python(value.turns)}; give their numbers")
    turns = value.turns if isinstance(value, Verdict) else ()
    why = without_controls(why)
    if level is None:
        return Verdict(None, why or f"{NOT_DECIDED}None", turns)
    return Verdict(int(level), why, turns)


def _with_reason(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, "")


def open_assessor(reference: str, opener: Opener = open_model) -> Judges:
    """Open an assessor: `rules`, a plugin, or a model.

    Args:
        reference: Its reference.
        opener: Opens a model for the role.

    Raises:
        ModelError: The model was not trained to assess, or cannot be opened.
        PluginError: The reference names code that cannot be loaded, or that was not named in this call.
    """
    if reference == RULES:
        return ProgramAssessor(f"{RULES}@{VERSION}", assess_by_rules)
    if reference in PERSONS:
        raise ModelError(f"'{reference}' cannot assess here; put a person's ratings into a CSV file and --import it")
    own = ASSESSORS.find(reference)
    return own if own is not None else opener(reference, "assessor")
