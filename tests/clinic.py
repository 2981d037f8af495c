"""Chat servers that play every role of a consultation, each in the shape of one kind of server."""

from __future__ import annotations

import json
from typing import Any

import rude

LINE = "It itches, and it has been there for three weeks."
DECISION = "<think>An itchy rash.</think><answer>eczema</answer><urgency>routine</urgency>"


def said(body: dict[str, Any]) -> str:
    """Give the answer that a request asks for: its schema filled, a decision, or a line."""
    if "response_format" in body:
        return json.dumps(filled(body["response_format"]["json_schema"]["schema"]))
    return DECISION if "<answer>" in asked(body) else LINE


def asked(body: dict[str, Any]) -> str:
    """Give all texts of a request."""
    contents = [message["content"] for message in body["messages"]]
    return "\n".join(c if isinstance(c, str) else c[-1]["text"] for c in contents)


WORDS = {"triage": "triage doctor", "specialist": "specialist in", "attending": "attending physician"}
"""Doctor → words of its system message; all other requests are the patient's."""


def role_of(body: dict[str, Any]) -> str:
    """Tell whose request it is."""
    said = asked(body)
    return next((role for role, words in WORDS.items() if words in said[:400]), "patient")


def filled(schema: dict[str, Any]) -> Any:
    """Give a value of a JSON schema."""
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return filled(schema[union][0])
    kind = str(schema.get("type"))
    if kind == "object":
        return {name: filled(one) for name, one in schema.get("properties", {}).items()}
    return {"array": [], "integer": 1, "number": 0.5, "boolean": True, "null": None}.get(kind, "Where is it?")


def message(finish: str = "stop", **parts: Any) -> dict[str, Any]:
    """Give a completion with a message of any shape."""
    made: dict[str, Any] = rude.completion(None)
    made["choices"][0] = {"message": {"role": "assistant", **parts}, "finish_reason": finish}
    return made


def serving(shape: Any) -> rude.Server:
    """Serve a clinic whose answers take a shape: a function of the answer and the body.

    The greeting is answered politely.
    """
    return rude.Server(rude.after_greeting(lambda handler, body: shape(said(body), body)))


# -- shapes ------------------------------------------------------------------------------------------------------------


def polite(text: str, body: dict[str, Any]) -> Any:
    return text


def cut(text: str, body: dict[str, Any]) -> Any:
    """Cut every answer in its middle, whatever the room."""
    return message("length", content=text[:9])


def cut_first(text: str, body: dict[str, Any]) -> Any:
    """Cut an answer that has less than 200 tokens of room, or 500 where it is long."""
    return message("length", content=text[:20]) if body["max_tokens"] < 500 else text


def misfiled(text: str, body: dict[str, Any]) -> Any:
    """Put the whole answer into the private thought."""
    return message(content="", reasoning_content=f"I think so. {text}")


def musing(text: str, body: dict[str, Any]) -> Any:
    """Think, and never answer."""
    return message(content=None, reasoning="Let me think about this patient.")


def nothing(text: str, body: dict[str, Any]) -> Any:
    return message(content=None)


def declining(text: str, body: dict[str, Any]) -> Any:
    return message(content=None, refusal="I cannot help with medical matters.")


def calling(text: str, body: dict[str, Any]) -> Any:
    """Call a tool that nobody offered."""
    given: dict[str, Any] = json.loads(text) if text.startswith("{") else {"text": text}
    name = given.pop("action", None) or "answer"
    return message(
        "tool_calls", content=None, tool_calls=[{"function": {"name": name, "arguments": json.dumps(given)}}]
    )


def in_parts(text: str, body: dict[str, Any]) -> Any:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Secret musings."}]}
    return message(content=[thought, {"type": "text", "text": text[:5]}, {"type": "text", "text": text[5:]}])
