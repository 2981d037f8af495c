"""Read replies of the chat completions API: text, private thought, tool calls, refusals, and how the reply ended.

Servers put an answer in several places: `content` as a string or a list of parts, `reasoning_content` if a parser of
private thought took all of it, or `tool_calls` although no tools were offered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from consult.agents.exchange import NO_TOOLS, ONLY_THOUGHT, REFUSED, WITHHELD
from consult.agents.models.model import Choice, Prompt, Reply, Request
from consult.agents.models.server.openai_api import BadReplyError, complaint
from consult.agents.prompt_formats.thoughts import part, without_marks

CUT = ("length", "max_tokens")
"""Values of `finish_reason` for a reply that ended at its limit."""
FILTERED = "content_filter"
THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Fields of a message with private thought, in the servers' different names."""


def reply(data: Any, request: Request) -> Reply:
    """Read a reply.

    Raises:
        BadReplyError: The data is not in this form.
    """
    try:
        choice = data["choices"][0]
        message, finish = dict(choice["message"]), str(choice.get("finish_reason") or "").lower()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        words = complaint(data)
        raise BadReplyError(f"an error ({words})" if words else "other JSON") from None
    cut = finish in CUT
    said, thought = _content(message)
    text, problem = _answer(said, thought, message, request.prompt, cut=cut)
    if not text.strip() and finish == FILTERED:
        problem = WITHHELD
    usage = data.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    tokens = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    return Reply(text, *tokens, thought=thought, cut=cut, problem="" if text.strip() else problem)


def answered_as(data: Any) -> str | None:
    """Return the model name in a reply; None if there is none."""
    name = data.get("model") if isinstance(data, dict) else None
    return name if isinstance(name, str) and name else None


# -- where the answer is -----------------------------------------------------------------------------------------------


def _answer(said: str, thought: str, message: Mapping[str, Any], prompt: Prompt, *, cut: bool) -> tuple[str, str]:
    """Find the answer; return it, and why there is none if it is empty."""
    call = _call(message)
    if said.strip() and (call is None or not _is_structured(prompt) or "{" in said):
        return _chosen(said, prompt.choice), ""
    if call is not None:
        return _called(*call, said, prompt), NO_TOOLS
    found = "" if cut else _in_thought(thought, prompt)
    if found:
        return _chosen(found, prompt.choice), ""
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        return "", REFUSED
    return "", ONLY_THOUGHT if thought.strip() else ""


def _is_structured(prompt: Prompt) -> bool:
    return prompt.schema is not None or prompt.choice is not None


def _content(message: Mapping[str, Any]) -> tuple[str, str]:
    """Return the text and the private thought of a message."""
    content, thoughts = message.get("content"), [message.get(name) for name in THOUGHT_FIELDS]
    said: list[str] = []
    for each in content if isinstance(content, list) else [content]:
        kind = str(each.get("type") or "") if isinstance(each, dict) else ""
        if isinstance(each, dict) and kind.startswith(("think", "reason")):
            thoughts += [each.get("text"), each.get("thinking"), each.get("reasoning")]
        else:
            said += _strings(each)
    thought = next((one for one in ("".join(_strings(each)) for each in thoughts) if one.strip()), "")
    within = part("".join(said))
    return within.answer, "\n".join(one for one in (without_marks(thought), within.thought) if one.strip())


def _strings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    text = value.get("text") if isinstance(value, dict) else value
    return [text] if isinstance(text, str) else []


def _call(message: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return name and arguments of a message's first tool call."""
    calls = message.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else {"function": message.get("function_call")}
    function = first.get("function") if isinstance(first, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    given = function.get("arguments")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    return function["name"], given if isinstance(given, dict) else {}


def _called(name: str, given: Mapping[str, Any], said: str, prompt: Prompt) -> str:
    """Write a tool call as the answer that it stands for: the act of its name, an option, or a line."""
    if not _is_structured(prompt):
        spoken = given.get("text")
        return spoken if isinstance(spoken, str) else ""
    options = prompt.choice.options if prompt.choice is not None and not prompt.choice.after else ()
    chosen = next((one for one in (*_texts(given.values()), name) if one in options), None)
    if chosen is not None:
        return chosen
    spoken = {"text": said.strip()} if said.strip() else {}
    return json.dumps({"name": name, "arguments": {**spoken, **given}}, ensure_ascii=False)


def _texts(values: Iterable[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _in_thought(thought: str, prompt: Prompt) -> str:
    """Find an answer with a form of its own in private thought; a thought is never taken for speech."""
    if prompt.choice is not None and prompt.choice.after:
        after = prompt.choice.after
        return thought[thought.rindex(after) :] if after in thought else ""
    if prompt.choice is None and prompt.schema is None:
        return ""
    keys = {"choice"} if prompt.choice is not None else _keys(prompt.schema)
    found = [one for one in _objects(thought) if keys & set(one)]
    return json.dumps(found[-1], ensure_ascii=False) if found else ""


def _keys(schema: Any) -> set[str]:
    """Return the names of an object's properties in a schema, in any of its alternatives."""
    if not isinstance(schema, Mapping):
        return set()
    parts = [one for name in ("anyOf", "oneOf", "allOf") for one in schema.get(name, ())]
    return set(schema.get("properties", ())).union(*map(_keys, parts))


def _objects(text: str) -> list[dict[str, Any]]:
    """List the JSON objects in a text, without those inside others."""
    decoder, found, at = json.JSONDecoder(), list[dict[str, Any]](), text.find("{")
    while at >= 0:
        try:
            data, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        found.append(data)
        at = text.find("{", end)
    return found


def _chosen(text: str, choice: Choice | None) -> str:
    """Unwrap a choice; if the server ignored the schema, the prompt format parses the reply as it is."""
    if choice is None:
        return text
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    chosen = data.get("choice") if isinstance(data, dict) else None
    return chosen if isinstance(chosen, str) else text


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
