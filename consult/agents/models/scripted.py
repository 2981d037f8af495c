"""`scripted:file.yaml`: answers from a list, for demonstrations and tests.

The file maps `role` or `role.task` to a list of replies. A role's nth line in a consultation gets the nth reply, and
the last reply repeats when the list is used up. An entry `{error: text}` makes the request fail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consult.agents.models.model import ModelError, ModelInfo, Reply, Request
from consult.fields import refusal
from consult.reading import FileError, KindError, MissingFileError, read_text
from consult.scenarios import nearest_first
from consult.scenarios.located_yaml import LocatedYaml, ScenarioError, parse_yaml

TASKS: Mapping[str, tuple[str, ...]] = {
    "patient": ("open", "answer", "unknown", "ask", "satisfied", "reluctant", "topic", "free"),
    "triage": ("triage",),
    "specialist": ("opinion",),
    "attending": ("action", "decision", "explanation", "reply", "talk"),
    "assessor": ("assess", "judge", "check", "extract"),
}
"""Role → its tasks, in the prompt format that scripts answer.

A judge, a checker and an extractor are tasks of the assessor.
"""


class Failure(BaseModel):
    """An entry that fails instead of replying."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    error: str


class Script(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    replies: dict[str, Annotated[list[str | Failure], Field(min_length=1)]]
    sees: bool = True


class ScriptedModel:
    """Answers from a script that depend only on the place in the consultation."""

    def __init__(self, reference: str, script: Script, revision: str = "") -> None:
        self.script = script
        self._info = ModelInfo(reference, "scripted", sees=script.sees, revision=revision)

    @classmethod
    def load(cls, path: Path, reference: str) -> ScriptedModel:
        """Read a script.

        Raises:
            ModelError: The file is missing or is not a script.
        """
        try:
            text = read_text(path, pipe=True)
            located = parse_yaml(text, path.name).without_doubled()
            script = Script.model_validate(located.data)
            _check_keys(script, located, path)
        except (MissingFileError, KindError) as error:
            raise ModelError(f"script '{path}' {error.what}; give scripted: and the path of a YAML file") from None
        except (ScenarioError, FileError) as error:
            raise ModelError(str(error)) from None
        except ValidationError as error:
            # A reply may be a text or a failure, so there are several errors about it; the deepest one is relevant.
            first = max(error.errors(include_url=False), key=lambda e: len(e["loc"]))
            place = [step for step in first["loc"] if step not in ("str", "Failure")]
            what = ".".join(map(str, place)) or "the file"
            line = located.line(place)
            raise ModelError(f"{path}:{line}: '{what}': {refusal(first)}; see docs/models.md for the format") from None
        return cls(reference, script, hashlib.sha256(text.encode()).hexdigest()[:16])

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""
        return self._info

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch; token counts are words.

        Raises:
            ModelError: The script has no entry for a role, or the entry is an error.
        """
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        replies = self.script.replies
        entries = replies.get(f"{request.role}.{request.task}") or replies.get(request.role)
        if entries is None:
            raise ModelError(f"the script has no replies for '{request.role}.{request.task}'; add that entry")
        entry = entries[min(request.nth, len(entries) - 1)]
        if isinstance(entry, Failure):
            raise ModelError(entry.error)
        words_in = sum(len(message.text.split()) for message in request.prompt.messages)
        return Reply(entry, words_in, len(entry.split()))


def _check_keys(script: Script, located: LocatedYaml, path: Path) -> None:
    """Refuse replies for a role or a task that there is not: they would be ignored.

    Raises:
        ModelError: There is one.
    """
    for key in script.replies:
        role, dot, task = key.partition(".")
        if role in TASKS and (not dot or task in TASKS[role]):
            continue
        menu = [f"{role}.{one}" for one in TASKS[role]] if role in TASKS else list(TASKS)
        line = located.line(("replies", key))
        kind = "task" if role in TASKS else "role"
        raise ModelError(f"{path}:{line}: '{key}' is not a {kind}; there are: {', '.join(nearest_first(key, menu))}")
