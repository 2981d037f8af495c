"""Models in Python: a function `(messages, images) -> str`, or an object with `generate`.

Messages are dicts of `role` (system, user, assistant) and `content` (text), oldest first; images are the photographs of
all messages as RGB pictures of Pillow, in their order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from consult.agents.models.model import Model, ModelGoneError, ModelInfo, Reply, Request
from consult.counts import count_of
from consult.plugins import PluginError, Registry, blame, revision, takes

if TYPE_CHECKING:
    from PIL.Image import Image

Answer = Callable[[list[dict[str, str]], "list[Image]"], str]
"""The simplest form of a model."""


@dataclass(frozen=True)
class FunctionModel:
    """A function that answers one request at a time."""

    info: ModelInfo
    answer: Answer = field(repr=False)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer the requests one after the other; token counts are words.

        Raises:
            PluginError: The function raised, or did not return a string.
        """
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        said = request.prompt.messages
        messages = [{"role": message.speaker, "content": message.text} for message in said]
        images = [photograph.load() for message in said for photograph in message.photographs]
        with blame("model", self.info.reference, ModelGoneError):
            text = self.answer(messages, images)
            if not isinstance(text, str):
                raise TypeError(f"it returned {type(text).__name__}, not str")
        return Reply(text, sum(len(message.text.split()) for message in said), len(text.split()))


@dataclass(frozen=True)
class ObjectModel:
    """An object with a method `generate`, which takes requests and returns as many replies or strings."""

    info: ModelInfo
    model: Any = field(repr=False)
    owned: bool = False
    """Whether the object was made here, and must be closed here."""

    def close(self) -> None:
        """Release the resources of an object that was made here; a given object is not changed."""
        close = getattr(self.model, "close", None)
        if self.owned and close is not None:
            close()

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch.

        Raises:
            PluginError: The object raised, or did not return one reply for each request.
        """
        with blame("model", self.info.reference, ModelGoneError):
            replies = [Reply(one) if isinstance(one, str) else one for one in self.model.generate(requests)]
            if len(replies) != len(requests) or not all(isinstance(one, Reply) for one in replies):
                asked = count_of(len(requests), "request")
                raise TypeError(f"it answered {asked} with {len(replies)} replies or other objects")
        return replies


def as_model(value: Any, reference: str) -> Model:
    """Make a model from a function, an object with `generate`, or a class of such objects.

    Raises:
        PluginError: The object is none of these.
    """
    owned = inspect.isclass(value) and hasattr(value, "generate")
    if owned:
        with blame("model", reference):
            value = value()
    if hasattr(value, "generate"):
        info = getattr(value, "info", None)
        known = replace(info, reference=reference) if isinstance(info, ModelInfo) else _info(reference, value)
        return ObjectModel(known, value, owned)
    if inspect.isgeneratorfunction(value):
        raise PluginError(f"'{reference}' is a generator; a model returns its text at once, with return and not yield")
    if callable(value) and takes(value, "messages", "images"):
        return FunctionModel(_info(reference, value), value)
    raise PluginError(
        f"'{reference}' is not a model; a model is a function of (messages, images) that returns a str, "
        "or an object with generate(requests)"
    )


def _info(reference: str, value: Any) -> ModelInfo:
    return ModelInfo(reference, "python", revision=revision(reference, value))


BUILT_IN = ("starter", "human", "nobody", "scripted:", "http:", "https:", "bayes:", "silent:", "random:")
"""Built-in references, and the prefixes of others."""
MODELS: Registry[Model] = Registry("model", "consult.models", as_model, BUILT_IN)
