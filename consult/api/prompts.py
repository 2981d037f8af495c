"""`consult.prompts`: the prompts of a consultation, without a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.agents.choices import TALK
from consult.agents.models import ROLES
from consult.agents.prompt import PLAIN, PromptTexts, own_prompts, prompt_folder
from consult.api.checks import for_python, path_of, text
from consult.api.given import PathLike, from_menu
from consult.api.presets import PRESETS
from consult.envs.events import Event
from consult.envs.rehearsal import Rendered, rehearse
from consult.errors import UserError
from consult.foreign_text import harmless
from consult.scenarios import load_scenario

PLAYERS = tuple(role for role in ROLES if role != "assessor")


@dataclass(frozen=True)
class Prompts:
    """The prompts of one consultation, as instruction-tuned models get them."""

    revision: str
    """Version of the prompt format, and hash of its texts."""
    folder: Path
    """Where the built-in texts lie."""
    case: str
    prompts: tuple[Rendered, ...]
    """In the order of play; those of one role if a role was named."""

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def events(self) -> list[Event]:
        """Describe each prompt as `consult prompts --json` prints it."""
        return [_event(self, one) for one in self.prompts]


@for_python
def prompts(
    role: str | None = None,
    *,
    scenario: PathLike = "derm34",
    case: str | None = None,
    prompts: PathLike | None = None,
    preset: str | None = None,
) -> Prompts:
    """Render the prompts of one consultation, as `consult prompts` does; no model is needed.

    A program answers in place of the models: it decides for the first entry of each menu.

    Args:
        role: patient, triage, specialist or attending; None for all.
        scenario: Built-in name or a folder.
        case: The patient's case; None for the first test case.
        prompts: A folder with prompts that replace the built-in ones, file by file.
        preset: `3mdbench` for the prompts of its protocol; role `assessor` is then the extractor of the diagnosis.

    Returns:
        The prompts; printed, they are a readable text.

    Raises:
        UserError: An unknown role, scenario or case, or a folder that cannot be used.
    """
    if role is not None:
        from_menu("role", role, PLAYERS if preset is None else ("patient", "attending", "assessor"))
    protocol = "consult" if preset is None else from_menu("preset", text("preset", preset), PRESETS)
    told = load_scenario(str(scenario))
    texts = PromptTexts(own_prompts(None if prompts is None else path_of("prompts", prompts)))
    found = told.case(_first(told.name, told.case_ids) if case is None else text("case", case))
    rendered = rehearse(told, found, texts, TALK if protocol == TALK else "consult")
    kept = tuple(one for one in rendered if role in (None, one.role))
    return Prompts(f"{PLAIN} {texts.revision}", prompt_folder(), found.id, kept)


def _first(name: str, case_ids: Any) -> str:
    """Return the first case of the test split.

    Raises:
        UserError: It has none.
    """
    ids = case_ids("test")
    if not ids:
        raise UserError(f"the split 'test' of '{name}' has no cases; name a case with --case")
    return str(ids[0])


def _lines(shown: Prompts) -> list[str]:
    lines = [
        f"Prompts {shown.revision}, case {shown.case}; the texts with their blanks lie in this package's folder "
        "consult/agents/prompts/plain"
    ]
    before: dict[str, str] = {}
    for one in shown.prompts:
        member = f", member {one.member + 1}" if one.role == "specialist" else ""
        lines += [
            "",
            f"======== {one.role}: {one.task} (turn {one.turn}{member}), at most {one.prompt.max_new_tokens} tokens",
        ]
        for message in one.prompt.messages:
            told = "[photograph]\n" * len(message.photographs) + _shown(message.text)
            same = message.speaker == "system" and before.get(one.role) == told
            lines += [f"-------- {message.speaker}", "(as in the prompt before of this role)" if same else told]
            if message.speaker == "system":
                before[one.role] = told
    return lines


def _shown(text: str) -> str:
    return "\n".join(harmless(line) for line in text.split("\n"))


def _event(shown: Prompts, one: Rendered) -> Event:
    prompt = one.prompt
    return {
        "event": "rendered_prompt",
        "prompts": shown.revision,
        "folder": str(shown.folder),
        "case": shown.case,
        "role": one.role,
        "task": one.task,
        "turn": one.turn,
        "member": one.member,
        "max_tokens": prompt.max_new_tokens,
        "messages": [
            {"role": message.speaker, "content": message.text, "images": len(message.photographs)}
            for message in prompt.messages
        ],
        "schema": None if prompt.schema is None else dict(prompt.schema),
    }
