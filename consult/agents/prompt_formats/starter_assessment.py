"""The starter's prompt format as an assessor: the spoken lines, each after tags, and the truth at the conclusion.

A program helps the tiny model: it reads a question's topic from its words; it tags what the patient told unasked,
except the history, which counts only if it was asked for; and it marks whether the recorded diagnosis is the true one.
There is no JSON.

A separate adapter is trained for the role, so this format has its own fingerprint, which is in the adapter's metadata.
The answer is one of 384 strings, with a digit after each item's tag: whatever the transcript says, the answer has the
rubric's shape.

Lines of more than 400 bytes are cut; from the conclusion on, the limit is five times higher. If the prompt still
exceeds the model's context, the backend uses the next shorter version: 120 bytes per line, 40 bytes per line, and
finally at most 900 bytes in total, which is never more than 900 tokens: the conclusion, and the last lines of the rest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import product

from consult.agents.acts import AssessorView, Line
from consult.agents.assessors.rubric import ITEMS, Verdict
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.prompt_formats.clean import clean
from consult.agents.prompt_formats.questions import topic_of
from consult.agents.prompt_formats.starter_tags import tag

VERSION = 1
ITEM_TAGS = ("<history>", "<symptoms>", "<fact>", "<said>", "<answer>", "<conclude>", "<treatment>", "<expert>")
"""One per item, in the rubric's order: a tag before the value tells the model where to look."""
CONSTRUCTED = ("2.1", "2.2")
"""Items that no rule decides; they are learned from constructed contrasts."""
WHY = "the starter's verdict, distilled from the rules"
WHY_CONSTRUCTED = "the starter's verdict, learned from made-up contrasts"
LIMITS = (400, 120, 40)
"""Most bytes of a line: at first, and if that is too long."""
LONGER = 5
"""Factor on the length of a line from the conclusion on."""
LAST = 900
"""Most bytes in total, if every limit is too long."""

_TRUTH, _QUESTION, _REPLY, _TRIAGE = "<fact>", "<ask>", "<answer>", "<clinic>"
_RIGHT, _WRONG = "<second>", "<third>"
_HISTORY = ("history", "family", "social", "allergies")
_VALUES = re.compile("".join(rf"{tag}(\d)" for tag in ITEM_TAGS))


def options() -> tuple[str, ...]:
    """List all answers."""
    levels = [[f"{tag}{level}" for level in item.levels] for tag, item in zip(ITEM_TAGS, ITEMS, strict=True)]
    return tuple("".join(values) for values in product(*levels))


OPTIONS = options()


def starter_assessment(view: AssessorView) -> Prompt:
    """Ask for all verdicts in one string; the photograph is not shown, since the rules do not use it either."""
    cuts = [(Message("system", "assessor"), Message("user", text)) for text in _shorter_and_shorter(view)]
    return Prompt(cuts[0], 2 * len(ITEMS), Choice(OPTIONS), temperature=0.0, shorter=tuple(cuts[1:]))


def read_starter_assessment(text: str) -> dict[str, Verdict]:
    """Parse the digit after each tag.

    Raises:
        ValueError: The reply is not one of the answers.
    """
    found = _VALUES.fullmatch(text.strip())
    if found is None or text.strip() not in OPTIONS:
        raise ValueError("the answer is not a value behind each item's tag")
    values = (int(value) for value in found.groups())
    return {item.key: Verdict(value, why(item.key)) for item, value in zip(ITEMS, values, strict=True)}


def why(item: str) -> str:
    """Return the source of a verdict."""
    return WHY_CONSTRUCTED if item in CONSTRUCTED else WHY


def assessment_fingerprint() -> str:
    """Hash the format; it must equal the hash in the adapter's metadata."""
    prompt = starter_assessment(_example())
    source = repr((VERSION, prompt.messages, prompt.choice and prompt.choice.options, prompt.shorter))
    return hashlib.sha256(source.encode()).hexdigest()[:16]


# -- what is judged ----------------------------------------------------------------------------------------------------


def _shorter_and_shorter(view: AssessorView) -> list[str]:
    written = [[line for _, line in rendered(view, limit)] for limit in LIMITS]
    whole = ["\n".join(lines) for lines in written]
    return list(dict.fromkeys((*whole, _within(written[-1], LAST))))


def rendered(view: AssessorView, limit: int = LIMITS[0]) -> list[tuple[int, str]]:
    """Return the lines of the prompt, each with the index of its turn."""
    lines: list[tuple[int, str]] = []
    long = False
    for idx, line in enumerate(view.lines):
        long = long or line.action == "conclude"
        lines += [(idx, written) for written in _line(view, idx, line, limit * (LONGER if long else 1))]
    return lines


def _line(view: AssessorView, idx: int, line: Line, limit: int) -> list[str]:
    """Render one line: a patient's as the clauses of its facts, and empty if it is only a farewell."""
    text = _data(line.text, limit)
    if line.speaker == "patient":
        if line.action == "satisfied":
            return ["<satisfied>"]
        if line.action == "ask":
            return [f"{_QUESTION} {text}"]
        asked = _topic(view.lines, idx - 1) if idx else ""
        clauses = [f"{_unasked(topic, asked)} {_data(clause, limit)}" for topic, clause in line.quotes]
        return clauses or [f"<said> {text}"]
    if line.action == "conclude":
        return [f"<conclude>{_held_against_truth(view, limit)} {text}"]
    if line.action in ("ask", "examine"):
        return [f"<{line.action}>{tag(_topic(view.lines, idx))} {text}"]
    if line.action == "consult":
        return [f"<consult>{_aside(line.text)} {text}"]
    head = {"triage": _TRIAGE, "answer": _REPLY}.get(line.action, "<said>")
    return [f"{head} {text}"]


def _topic(lines: Sequence[Line], idx: int) -> str:
    """Return a question's topic: as stated, else from its words, else from the answer's first fact."""
    line = lines[idx]
    quotes = lines[idx + 1].quotes if idx + 1 < len(lines) else ()
    kind = "examinations" if line.action == "examine" else "questions"
    return line.topic or topic_of(line.text, kind) or (quotes[0][0] if quotes else "")


def _unasked(topic: str, asked: str) -> str:
    return "<said>" if topic == asked or topic in _HISTORY else tag(topic)


def _held_against_truth(view: AssessorView, limit: int) -> str:
    """Mark whether the recorded diagnosis is the true one, and name both."""
    same = view.concluded is not None and view.concluded.casefold() == (view.diagnosis or "").casefold()
    truth = ", ".join(_data(part, limit) for part in (view.diagnosis, view.urgency) if part)
    return f"{_RIGHT if same else _WRONG} {_data(view.concluded or 'nothing', limit)} {_TRUTH} {truth or 'unknown'}."


def _aside(text: str) -> str:
    """Return the tag of a question in the line to the panel, which the rules also count."""
    topic = topic_of(text, "questions") if "?" in text else None
    return tag(topic) if topic else ""


def _data(text: str, limit: int) -> str:
    """Make a text safe: without tags and line breaks, and with at most the given number of bytes."""
    plain = clean(re.sub(r"[<>]", " ", clean(text)))
    return plain.encode()[:limit].decode(errors="ignore").rstrip()


def _within(lines: Sequence[str], most: int) -> str:
    """Keep the conclusion, and the last of the other lines."""
    kept = set([i for i, line in enumerate(lines) if line.startswith("<conclude>")][:1])
    left = most - sum(len(lines[i].encode()) + 1 for i in kept)
    for i in sorted(set(range(len(lines))) - kept, reverse=True):
        left -= len(lines[i].encode()) + 1
        if left < 0:
            break
        kept.add(i)
    return "\n".join(lines[i] for i in sorted(kept))


def _example() -> AssessorView:
    """Return a view with every kind of line that exceeds the first limits."""
    clauses = (("complaint", "I have a rash"), ("site", "it is on my hands"))
    lines = (
        Line("patient", "open", "Hello, I have a rash on my hands.", "complaint", clauses),
        Line("triage", "triage", "A rash is for dermatology."),
        Line("attending", "ask", "How long have you had it?"),
        Line("patient", "answer", "Who can tell? " * 40),
        Line("attending", "examine", "Let me feel it. [palpation: it is warm]", "palpation"),
        Line("attending", "ask", "And is anything new?", "trigger"),
        Line("patient", "answer", "A <b>soap</b>."),
        Line("attending", "consult", "I ask my colleagues. Do you have any allergies?"),
        Line("attending", "conclude", "This is eczema. " * 20),
        Line("patient", "ask", "Is it catching?", "contagious"),
        Line("attending", "answer", "No."),
        Line("patient", "satisfied", "Thank you."),
    )
    return AssessorView(lines, "eczema", None, "routine", "eczema")
