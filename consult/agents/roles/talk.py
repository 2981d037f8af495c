"""The doctor of a free talk, and the reader of its final diagnosis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consult.agents.acts import Act, DoctorView, Usage
from consult.agents.models import Model, ModelError
from consult.agents.prompt_formats.talk import NONE, extraction_prompt, read_extraction, read_talk, talk_prompt
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.doctors import generate_with_retry
from consult.scenarios import Scenario
from consult.scenarios.scenario import Mention

ASKS = "Could you tell me more about it?"
"""Said if two replies of the doctor cannot be used."""
_LINE, _EXTRACT = "talk", "extract"
_EXCLUDED = re.compile(
    r"\b(?:not|no|isn't|rather than|instead of|unlike|without|(?:rule[sd]?|ruling) out|exclude[sd]?|excluding"
    r"|less likely(?: to be)?)\b(?: \w+){0,3} $",
    re.IGNORECASE,
)
"""Words before a name that exclude the diagnosis."""


@dataclass(frozen=True)
class TalkingDoctor:
    """A doctor who writes freely."""

    client: RoleClient

    async def speak(self, view: DoctorView, context: RequestContext) -> Act:
        """Say the next line; after two unusable replies, a program asks for more."""
        prompt = talk_prompt(view, self.client.texts)
        found, _, cost = await generate_with_retry(self.client, prompt, _LINE, context, read_talk)
        seed = self.client.seed(_LINE, context)
        if found is None:
            return Act("attending", "ask", ASKS, source="program", usage=cost, seed=seed)
        return Act("attending", "ask", found[0], thought=found[1], usage=cost, seed=seed)


@dataclass(frozen=True)
class Extractor:
    """Reads the final diagnosis from a doctor's lines.

    Args:
        client: The model that reads; None to search for the scenario's labels.
        scenario: Its labels and aliases.
    """

    client: RoleClient | None
    scenario: Scenario

    async def conclude(self, lines: Sequence[str], context: RequestContext) -> Act:
        """Return a conclusion without words of its own; labels are searched for if two replies cannot be used.

        Args:
            lines: What the doctor said, in order.
            context: The request's location in the run.
        """
        words, cost = None, Usage()
        if self.client is not None and lines:
            prompt = extraction_prompt(lines)
            words, _, cost = await generate_with_retry(self.client, prompt, _EXTRACT, context, read_extraction)
        by_model = words is not None
        said = words if words is not None else ", ".join(labels_named(lines, self.scenario))
        stated = None if said.strip() in ("", NONE) else said
        diagnosis = self._read(stated)
        return Act(
            speaker="attending",
            action="conclude",
            diagnosis=diagnosis,
            diagnosis_words=stated,
            differential=(diagnosis,) if diagnosis else (),
            source="model" if by_model else "program",
            usage=cost,
        )

    def _read(self, stated: str | None) -> str | None:
        if stated is None:
            return None
        return self.scenario.diagnosis(stated) if self.scenario.labels else stated


def labels_named(lines: Sequence[str], scenario: Scenario) -> tuple[str, ...]:
    """Return the labels that the last line with one names, and does not exclude, in the order of the text."""
    for line in reversed(lines):
        found = dict.fromkeys(one.label for one in scenario.mentions(line) if not _is_excluded(one, line))
        if found:
            return tuple(found)
    return ()


def _is_excluded(mention: Mention, line: str) -> bool:
    return _EXCLUDED.search(line[: mention.start]) is not None


def refuse_extractor(model: Model) -> None:
    """Refuse a model that does not read instructions.

    Raises:
        ModelError: The model is of another kind.
    """
    if model.info.dialect != "plain":
        raise ModelError(
            f"'{model.info.reference}' cannot extract a diagnosis; name an instruction-tuned model with --extractor, "
            "or leave it out to have the labels searched for"
        )
