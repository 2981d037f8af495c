"""The interface of a model backend: a batch of chat requests in, a batch of texts with token counts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from consult.agents.choices import Rationale
from consult.errors import UserError
from consult.scenarios import Photograph

Role = Literal["patient", "triage", "specialist", "attending", "assessor"]
ROLES: tuple[Role, ...] = ("patient", "triage", "specialist", "attending", "assessor")


THOUGHT_TOKENS = 1024
"""Room for a model's own private thought, apart from its reply's."""


@dataclass(frozen=True)
class Message:
    """One chat message; its photographs come before its text."""

    speaker: Literal["system", "user", "assistant"]
    text: str
    photographs: tuple[Photograph, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A choice of one of several strings at a certain place in the reply."""

    options: tuple[str, ...]
    after: str = ""
    """The text right before the place; empty for the start of the reply."""
    temperature: float | None = None
    """Temperature of the choice; the rest of the reply uses the request's. A backend may ignore it."""
    final: bool = False
    """Whether the reply ends with the option; a backend may ignore it and let the model continue."""


@dataclass(frozen=True)
class Prompt:
    """A prompt format's request to a model."""

    messages: tuple[Message, ...]
    max_new_tokens: int
    choice: Choice | None = None
    temperature: float | None = None
    """Overrides the run's sampling temperature; 0 is greedy."""
    schema: Mapping[str, Any] | None = None
    """JSON schema of the reply; a backend that cannot enforce one ignores it."""
    schema_after: str = ""
    """The text right before the JSON; empty if the whole reply is JSON."""
    begin: str = ""
    """Beginning of the reply; for a tiny model, which may forget its role. A backend without prefilling ignores it."""
    shorter: tuple[tuple[Message, ...], ...] = ()
    """Successively shorter messages, used if the messages exceed the context; without images. A backend that does not
    count tokens ignores it."""


@dataclass(frozen=True)
class Request:
    """One prompt with everything that makes its reply reproducible."""

    key: tuple[int | str, ...]
    """Sorts the requests of a wave: consultation, turn, role, member, attempt."""
    role: Role
    task: str
    """The role's task: open, answer, topic, triage, action, opinion, decision, …"""
    nth: int
    """Number of this role's lines in the consultation so far."""
    prompt: Prompt
    seed: int
    temperature: float = 1.0
    top_p: float = 1.0
    thinks: bool = False
    """Whether the model's own private thought comes before its reply, with `THOUGHT_TOKENS` more; a backend whose model
    has none ignores it."""


@dataclass(frozen=True)
class Sent:
    """A backend's form of a prompt: what it sent, if that differs from the prompt."""

    messages: tuple[Message, ...]
    max_new_tokens: int
    text: str | None = None
    """The messages as the chat template rendered them, up to the place where the reply continues; None if the
    backend does not render."""
    begin: str = ""
    """The prefilled beginning of the reply; the end of `text`."""
    constrained: bool = False
    """Whether the prompt's choice or schema was enforced."""
    seed: int | None = None
    """The temperature, if it is not the request's."""


@dataclass(frozen=True)
class Reply:
    """The reply to one request."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    probability: float | None = None
    """Probability of the chosen option among those of the request's `Choice`, 0 to 1; None if unknown."""
    thought: str = ""
    """The model's own private thought, if the backend tells it apart; never part of the text."""
    cut: bool = False
    """Whether the reply ended at its token limit and not at its own end."""
    problem: str = ""
    """Why there is no text although the request was answered, as the end of a sentence; empty if there is text."""
    sent: Sent | None = field(default=None, compare=False, repr=False)
    """None if the backend used the prompt unchanged."""


@dataclass(frozen=True)
class ModelInfo:
    """Description of a backend, for the store and for people."""

    reference: str
    backend: str
    dialect: str = "plain"
    sees: bool = True
    """Whether it takes photographs; if not, its doctors are told that they cannot see."""
    revision: str = ""
    """Hash of the weights or of the script."""
    details: dict[str, str] = field(default_factory=dict)
    rationale: Rationale = "before"
    """Where it gives its reason when it decides as an attending; see `consult.agents.acts.Rationale`."""
    photographs: int | None = None
    """Most photographs of one prompt; None for no limit that is known."""


class ModelError(UserError):
    """A model that cannot be loaded or used; the message is one sentence with the fix."""


class ModelGoneError(ModelError):
    """A model stopped responding: the run ends and can be resumed; no consultation is marked as failed."""


class Model(Protocol):
    """A backend; one with a connection also has a method `close`, which cancels running requests."""

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch, in order.

        Raises:
            ModelGoneError: The model can no longer answer any request.
            Exception: Any other error; the caller then retries the requests one by one, and only the failing one fails.
        """


@runtime_checkable
class ConcurrentModel(Model, Protocol):
    """A backend that answers each request on its own, so that none waits for a batch; it bounds what it works on."""

    @property
    def concurrency(self) -> int:
        """Return the most requests that it works on at once; further ones wait inside."""

    def limit(self, concurrency: int) -> None:
        """Change the most requests at once, as to measure what is best."""

    async def answer(self, request: Request) -> Reply:
        """Answer a request, with the seconds that it took without waiting; it may be called from any event loop.

        Raises:
            ModelGoneError: The model can no longer answer any request.
            Exception: Any other error; only this request fails.
        """
