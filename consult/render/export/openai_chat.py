"""`openai-chat`: conversations as chat messages; the patient is the user, the doctors are the assistant."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consult.agents.acts import Act
from consult.agents.choices import STRATEGY_RULES
from consult.render.export.exported import Exported, Written, picture_type

SYSTEM = "You are a doctor. Find out what the patient has, say what the diagnosis is and why, and what to do."


def write_openai_chat(run: Exported, out: Path) -> Written:
    """Write a run's conversations that did not fail and in which a doctor spoke.

    The photograph is a data URL in the first message of the patient, if the doctors saw it.
    """
    written, shown = Written(), STRATEGY_RULES[run.config.strategy].shows_photograph
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for one in run.ended():
            messages = chat(one.acts)
            if one.row["status"] == "failed" or not messages:
                written.left_out += 1
                continue
            picture = run.photograph(one.row["case_id"], run.config.picture_width) if shown else None
            if picture:
                messages[0]["content"] = [_image(picture), {"type": "text", "text": messages[0]["content"]}]
            whole = [{"role": "system", "content": SYSTEM}, *messages]
            file.write(json.dumps({"messages": whole}, ensure_ascii=False) + "\n")
            written.consultations += 1
    return written


def chat(acts: Sequence[Act]) -> list[dict[str, Any]]:
    """Return what was said as alternating messages, from the patient's first line to a doctor's last."""
    messages = list[dict[str, Any]]()
    for act in acts:
        if act.speaker == "triage" or not act.text.strip():
            continue
        role = "user" if act.speaker == "patient" else "assistant"
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += f" {act.text}"
        elif messages or role == "user":
            messages.append({"role": role, "content": act.text})
    while messages and messages[-1]["role"] == "user":
        messages.pop()
    return messages


def _image(picture: bytes) -> dict[str, Any]:
    url = f"data:image/{picture_type(picture)};base64,{base64.b64encode(picture).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
