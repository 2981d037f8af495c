"""The interface of a model backend: a batch of chat requests in, a batch of texts with token counts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from consult.agents.choices import Rationale
from consult.errors import UserError
from consult.scenarios import Photograph

Role = Literal["patient", "triage", "specialist", "attending", "assessor"]
ROLES: tuple[Role, ...] = ("patient", "triage", "specialist", "attending", "assessor")


@dataclass(frozen=True)
class Message:
    """One chat message; its photographs stand before its text."""

    speaker: Literal["system", "user", "assistant"]
    text: str
    photographs: tuple[Photograph, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One of several strings that must stand at a certain place of the reply."""

    options: tuple[str, ...]
    after: str = ""
    """The text right before the place; empty for the start of the reply."""
    temperature: float | None = None
    """At which one is drawn, while the rest of the reply keeps the request's; a backend may ignore it."""
    final: bool = False
    """Whether the reply ends with the option; a backend that lets a model write on may ignore it."""


@dataclass(frozen=True)
class Prompt:
    """A prompt format's request to a model."""

    messages: tuple[Message, ...]
    max_new_tokens: int
    choice: Choice | None = None
    temperature: float | None = None
    """Overrides the run's sampling temperature; 0 is greedy."""
    schema: Mapping[str, Any] | None = None
    """JSON schema of the reply; a backend that cannot keep to one ignores it."""
    schema_after: str = ""
    """The text right before the JSON; empty if the whole reply is JSON."""
    begin: str = ""
    """How the reply begins; for a tiny model, which may forget its role. A backend that cannot begin it ignores it."""
    shorter: tuple[tuple[Message, ...], ...] = ()
    """Shorter and shorter messages, to be taken where these are longer than the context; without images. A backend
    that does not count tokens ignores it."""


@dataclass(frozen=True)
class Request:
    """One prompt with all that makes its reply reproducible."""

    key: tuple[int | str, ...]
    """Sorts the requests of a wave: consultation, turn, role, member, attempt."""
    role: Role
    task: str
    """What the role is asked to do: open, answer, topic, triage, action, opinion, decision, …"""
    nth: int
    """How many lines this role has left in the consultation so far."""
    prompt: Prompt
    seed: int
    temperature: float = 1.0
    top_p: float = 1.0


@dataclass(frozen=True)
class Sent:
    """What a backend made of a prompt: what it sent, where that is not the prompt as it stands."""

    messages: tuple[Message, ...]
    max_new_tokens: int
    text: str | None = None
    """The messages as the chat template rendered them, up to the place where the reply goes on; None if the
    backend renders none."""
    begin: str = ""
    """How the reply was begun; the end of `text`."""
    constrained: bool = False
    """Whether the reply was held to the prompt's choice or schema."""
    seed: int | None = None
    """Where it is not the request's."""


@dataclass(frozen=True)
class Reply:
    """What came back for one request."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    probability: float | None = None
    """Of the chosen option among the options of the request's `Choice`, 0 to 1; None if the backend cannot tell."""
    sent: Sent | None = field(default=None, compare=False, repr=False)
    """None if the backend took the prompt as it stands."""


@dataclass(frozen=True)
class ModelInfo:
    """What a backend is, for the store and for people."""

    reference: str
    backend: str
    dialect: str = "plain"
    sees: bool = True
    """Whether it takes photographs; doctors on a model that does not are told that they cannot see."""
    revision: str = ""
    """Hash of the weights or of the script."""
    details: dict[str, str] = field(default_factory=dict)
    rationale: Rationale = "before"
    """Where it gives its reason when it decides as an attending, see `consult.agents.acts.Rationale`."""


class ModelError(UserError):
    """A model that cannot be loaded or used; one sentence with the fix."""


class ModelGoneError(ModelError):
    """A model stopped responding: the run ends and can be resumed; no consultation is marked as failed."""


class Model(Protocol):
    """A backend; one with a connection also has a method `close`, which cancels running requests."""

    @property
    def info(self) -> ModelInfo:
        """What it is."""

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch, in order.

        Raises:
            ModelGoneError: No request can be answered any more.
            Exception: Any other; the caller then retries the requests one by one and blames the one that fails alone.
        """
