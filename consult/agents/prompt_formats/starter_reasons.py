"""Reasons of the starter's doctors: which sentences fit the occasion, and what a program corrects in them."""

from __future__ import annotations

import re
from collections import Counter

from consult.agents.acts import NOT_MY_FIELD, DoctorView
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.starter_doctor import alarm_of, finding_of, noted, quotable, said_on
from consult.agents.prompt_formats.starter_frames import TAG, fill
from consult.agents.prompt_formats.starter_tags import ADVICE, CLINIC, SEEN, SLOTS, TOPIC_TAGS, tag
from consult.agents.prompt_formats.wording import frames, is_learned
from consult.scenarios.case import ALARM

_NO_PHOTOGRAPH = re.compile(r"photograph|only the patient's own words")
"""Matches the words of a triage doctor that uses only the complaint."""
_NOTED = re.compile(r"I noted <[a-z]+>(?: and <[a-z]+>)?\.?")
"""Text of a thought about the patient's answers, before they replace the tags."""


def reason_of(text: str, view: DoctorView, role: str, clinic: str = "", label: str = "") -> str:
    """Fill a reason's slots; empty if it is broken, or quotes something that nobody said or that is absent."""
    match = re.match(r"\s*((?:<[a-z]+>)*)(?=[^<]|<)", text)
    topics = [name.strip("<>") for name in re.findall(r"<[a-z]+>", match.group(1) if match else "")]
    heads = [topic for topic in topics if topic in TOPIC_TAGS]
    frame = text.strip()[sum(len(f"<{topic}>") for topic in heads) :].strip()
    kind = _reason_kind(frame, role, outside=role == "specialist" and not label)
    said = said_on(view) if role == "triage" else quotable(view)
    if not is_learned(frame, true_frames(view, role, kind)) or (kind == "alarm" and heads[:1] != [ALARM]):
        return ""
    # The same words are one reason.
    present = list(dict.fromkeys(said[topic] for topic in heads if topic in said))
    slots = [slot for slot in SLOTS if slot in frame]
    if len(present) < len(slots) or (SEEN in frame and not view.seen):
        return ""
    fillings = dict(zip(slots, present, strict=False))
    return fill(frame, {**fillings, SEEN: view.seen, CLINIC: clinic, ADVICE[0]: label})


def true_frames(view: DoctorView, role: str, kind: str) -> tuple[str, ...]:
    """List the frames of a reason, without those that deny an available photograph."""
    known = frames("doctor", role, kind)
    denied = role == "triage" and kind == "told" and view.photograph is not None
    return tuple(frame for frame in known if not _NO_PHOTOGRAPH.search(frame)) if denied else known


def _reason_kind(frame: str, role: str, *, outside: bool) -> str:
    if outside:
        return "outside"
    seen, facts = SEEN in frame, sum(slot in frame for slot in SLOTS)
    if role == "triage":
        return "seen" if seen else "alarm" if "warning" in frame else "told"
    return ("seen_told" if facts else "seen") if seen else ("neither", "told", "told_two")[min(facts, 2)]


def explaining(view: DoctorView) -> str:
    """Return the kind of frame that an explanation needs."""
    if view.urgency == "emergency":
        return "emergency"
    if view.where and alarm_of(view):
        return "alarm"
    parts = [name for name, there in (("seen", finding_of(view)), ("told", noted(view))) if there]
    return "_".join(parts) or "plain"


def quoting(thought: str, view: DoctorView) -> str:
    """Replace tags with what was seen and said; broken sentences and untrue quotes are left out."""
    said = {tag(topic): f'"{clause}"' for topic, clause in quotable(view).items()}
    said |= {SEEN: view.seen} if view.seen else {}
    sentences = re.split(r"(?<=\.)\s+", re.sub(r"(<[a-z]+>) and \1", r"\1", thought.strip()))
    whole = (s for s in sentences if not s.startswith("I noted") or _NOTED.fullmatch(s))
    kept = [s for s in whole if all(name in said for name in TAG.findall(s))]
    return clean(TAG.sub(lambda m: said[m.group()], " ".join(kept)))


def in_brackets(clause: str | None) -> str:
    """Replace an unusable reason with a program's words; square brackets mark them as a program's."""
    return f'[goes by what was said: "{clause}"]' if clause else "[gives no reason]"


def counting(thought: str, view: DoctorView) -> str:
    """Check a thought's statement about the colleagues against their opinions; if untrue, a program counts them."""
    if not view.opinions:
        return thought
    named = [opinion.diagnosis or NOT_MY_FIELD for opinion in view.opinions]
    if f"Colleagues: {', '.join(named)}." in thought:
        return thought
    counted = ", ".join(f"{name} {n} of {len(named)}" for name, n in Counter(named).most_common())
    known = "|".join(re.escape(name) for name in sorted((*view.labels, NOT_MY_FIELD), key=len, reverse=True))
    return f"{re.sub(rf'Colleagues:(?:{known}|[^.])*[.]?', '', thought).strip()} [colleagues: {counted}]".strip()
