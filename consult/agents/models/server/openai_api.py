"""Requests and replies as the JSON of the chat completions API."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from consult.agents.models.local.chat_format import merged
from consult.agents.models.model import THOUGHT_TOKENS, Choice, Message, Prompt, Request, Sent
from consult.agents.prompt_formats.clean import clean
from consult.foreign_text import without_tokens
from consult.scenarios import Photograph
from consult.scenarios.photographs import padded

Feature = Literal["system", "schema", "thinking", "photograph"]
"""Features that not every server supports: a system role, a schema of the reply, the switch for private thought,
photographs."""

JSON_TOKENS = 24
"""Additional tokens for a choice that is wrapped in JSON."""
SMALL = 1_000_000
"""Photographs with more pixels than this are sent as JPEG, others losslessly."""
LONGEST_SIDE = 2048
"""Longest side in pixels; larger photographs are shrunk, as models would do."""
SHORT = 200
"""Most characters of a server's message in an error message."""

DataUrl = Callable[[Photograph], str]


class BadReplyError(Exception):
    """A response that is not a reply of this API; the message says what it is."""


# -- out -----------------------------------------------------------------------------------------------------------


def chat(request: Request, model: str, features: Collection[Feature], data_url: DataUrl) -> dict[str, Any]:
    """Return the body of a request.

    Args:
        request: The request.
        model: The name under which the server knows the model.
        features: Features that the server supports.
        data_url: Encodes a photograph.
    """
    prompt = request.prompt
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(m, data_url) for m in _addressed(prompt.messages, "system" in features)],
        "max_tokens": prompt.max_new_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed & 0x7FFFFFFF,  # some servers keep seeds in 32 bits
    }
    if "thinking" in features:
        # Unless it is asked for, private thought would use up the tokens of the line.
        body["chat_template_kwargs"] = {"enable_thinking": request.thinks, "thinking": request.thinks}
    if "schema" in features:
        body |= _constraint(prompt)
    if request.thinks:
        body["max_tokens"] += THOUGHT_TOKENS
    return body


def sent(request: Request, features: Collection[Feature], body: Mapping[str, Any]) -> Sent:
    """Return the parts of a request that went into its body, without the pixels."""
    messages = tuple(_addressed(request.prompt.messages, "system" in features))
    return Sent(messages, body["max_tokens"], constrained="response_format" in body, seed=body["seed"])


def _constraint(prompt: Prompt) -> dict[str, Any]:
    """Constrain the whole reply to a schema; JSON after free text cannot be constrained this way."""
    if prompt.choice is not None and not prompt.choice.after:
        schema = {"name": "choice", "strict": True, "schema": _choice_schema(prompt.choice)}
        more = {"max_tokens": prompt.max_new_tokens + JSON_TOKENS}
    elif prompt.schema is not None and not prompt.schema_after:
        schema, more = {"name": "reply", "schema": dict(prompt.schema)}, {}
    else:
        return {}
    return {"response_format": {"type": "json_schema", "json_schema": schema}, **more}


def _choice_schema(choice: Choice) -> dict[str, Any]:
    # An object, because not every server accepts a bare string.
    return {
        "type": "object",
        "properties": {"choice": {"type": "string", "enum": list(choice.options)}},
        "required": ["choice"],
        "additionalProperties": False,
    }


def _addressed(messages: Collection[Message], system: bool) -> list[Message]:
    """Prepare messages: without tokens of models, without a system role where there is none, and with roles in turn."""
    messages = merged([replace(message, text=without_tokens(message.text)) for message in messages])
    if system:
        return messages
    words = [m.text for m in messages if m.speaker == "system"]
    others = [m for m in messages if m.speaker != "system"]
    if not words or not others:
        return merged([Message("user", m.text, m.photographs) for m in messages])
    first = others[0]
    return [Message(first.speaker, "\n\n".join([*words, first.text]), first.photographs), *others[1:]]


def _message(message: Message, data_url: DataUrl) -> dict[str, Any]:
    if not message.photographs:
        return {"role": message.speaker, "content": message.text}
    pictures = [{"type": "image_url", "image_url": {"url": data_url(p)}} for p in message.photographs]
    return {"role": message.speaker, "content": [*pictures, {"type": "text", "text": message.text}]}


def as_data_url(photograph: Photograph) -> str:
    """Encode a photograph: as PNG up to a megapixel, else as JPEG of at most 2,048 pixels a side."""
    from PIL import Image

    picture = padded(photograph.load().convert("RGB"))
    kind = "png" if picture.width * picture.height <= SMALL else "jpeg"
    if max(picture.size) > LONGEST_SIDE:
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, kind, quality=95)
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


# -- in ------------------------------------------------------------------------------------------------------------


def parsed(text: str) -> Any:
    """Read JSON.

    Raises:
        BadReplyError: The text is not in this form.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        page = re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE)
        raise BadReplyError("an HTML page" if page else "broken JSON" if text.strip() else "an empty reply") from None


def model_names(data: Any) -> dict[str, dict[str, Any]]:
    """Read the list of models: name → its other data.

    Raises:
        BadReplyError: The response is not such a list.
    """
    listed = data.get("data", ()) if isinstance(data, dict) else None
    if listed is None and isinstance(data, dict):
        return {}  # Ollama's answer if there are no models
    if not isinstance(listed, list):
        raise BadReplyError("other JSON")
    return {entry["id"]: entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("id"), str)}


def complaint(data: Any) -> str:
    """Find a server's error message, as one short line without terminal escapes; may be empty."""
    for _ in range(3):
        if isinstance(data, dict):
            data = next((data[name] for name in ("error", "message", "detail") if data.get(name)), None)
        elif isinstance(data, list):
            data = next((entry.get("msg") for entry in data if isinstance(entry, dict)), None)
    return shortened(data) if isinstance(data, str) else ""


def shortened(text: str) -> str:
    """Return untrusted text as one short line without terminal escapes."""
    words = clean(text)
    return words if len(words) <= SHORT else f"{words[:SHORT]}…"
