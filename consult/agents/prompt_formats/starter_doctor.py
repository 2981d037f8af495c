"""What one of the starter's doctors is told: the consultation behind tags, and what of it can be asked or quoted."""

from __future__ import annotations

import re
import textwrap

from consult.agents.acts import DoctorView, Line
from consult.agents.prompt_formats.starter_frames import named_first
from consult.agents.prompt_formats.starter_tags import EXPERT, TOPIC_TAGS, TRIAGED, WHO, tag, without_tags
from consult.agents.roles.advice import QUOTATION
from consult.scenarios.case import ALARM

CHILDHOOD = 12
"""Age from which a patient speaks as an adult; a younger one cannot be a mother either."""
CHILDBEARING = 55
"""Age up to which a woman is asked whether she is pregnant."""
_QUOTED = 120
"""Most characters between quotation marks."""
NEUTRAL = ("I see.", "I understand.", "All right, thank you.", "Okay, thank you.", "All right, I've noted that.")
"""Reactions to an answer that there is nothing."""


def is_open(topic: str, view: DoctorView) -> bool:
    """Return whether a topic is worth a question: not asked, not on the file, and possible."""
    if topic not in TOPIC_TAGS or topic in view.asked:
        return False
    person = view.patient
    if topic == "age":
        return person.age is None
    if topic == "pregnancy":
        return may_be_pregnant(person.age, person.sex)
    return True


def may_be_pregnant(age: int | None, sex: str | None) -> bool:
    """Return whether a patient is asked about pregnancy."""
    return sex != "male" and (age is None or CHILDHOOD <= age <= CHILDBEARING)


def denies_alarm(view: DoctorView) -> bool:
    """Return whether the patient denied an alarm and told of none."""
    return not alarm_of(view) and any(ALARM in line.absences for line in view.lines)


def finding_of(view: DoctorView) -> str:
    """Return what the attending saw, as named in its thought; empty if it names nothing."""
    # At the beginning: a later quotation of the patient may begin in the same way.
    if view.photograph is None or not view.thought.startswith("I see "):
        return ""
    said = view.thought.removeprefix("I see ")
    known = named_first(said, (view.seen, *view.findings))
    seen = re.match(r"(.+?)\.(?=\s|$)", said)
    return known or (seen.group(1) if seen else "")


def noted(view: DoctorView) -> str:
    """Return the first quotation of the patient in the attending's thought; empty if there is none."""
    _, noted, said = view.thought.partition('I noted "')
    known = named_first(said, tuple(quotable(view).values()), '"') if noted else None
    quote = QUOTATION.match(f'"{said}') if noted else None
    return known or (quote.group()[1:-1] if quote else "")


def alarm_of(view: DoctorView) -> str:
    """Return the alarm that the patient told last; empty if none was told."""
    return said_on(view).get(ALARM, "")


def told(view: DoctorView) -> str:
    """Render the patient's data, the triage decision, and each clause that was told or measured, after its tag."""
    person = view.patient
    known = (without_tags(person.name), "" if person.age is None else str(person.age), person.sex or "")
    lines = [f"{WHO} {', '.join(part for part in known if part)}"]
    if view.specialty:
        lines.append(f"{TRIAGED} {view.specialty}{f', {view.urgency}' if view.urgency else ''}")
    lines += [_line(line) for line in view.lines if line.speaker == "patient" or line.action == "examine"]
    if view.expert:
        lines.append(f"{EXPERT} {without_tags(', '.join(view.expert))}")
    return "\n".join(lines)


def _line(line: Line) -> str:
    if line.quotes:
        return "\n".join(f"{tag(topic)} {without_tags(clause)}" for topic, clause in line.quotes)
    return f"{tag(line.topic or '')} {without_tags(line.text)}"


def said_on(view: DoctorView) -> dict[str, str]:
    """Map topic to the present finding that the patient stated or an examination showed, word for word."""
    return {topic: _brief(clause) for line in view.lines for topic, clause in line.quotes if topic not in line.absences}


def supporting(view: DoctorView) -> dict[str, str]:
    """Map topic to findings that may support a diagnosis; an alarm calls for care with any diagnosis."""
    return {
        topic: _brief(clause)
        for line in view.lines
        for topic, clause in line.quotes
        if topic not in line.absences and topic != ALARM and not _tells_alarm(line, clause)
    }


def _tells_alarm(line: Line, clause: str) -> bool:
    """Return whether a line on another topic contains its alarm, as a person's own words can."""
    return any(alarm in clause for topic, alarm in line.quotes if topic == ALARM and topic not in line.absences)


def quotable(view: DoctorView) -> dict[str, str]:
    """Map topic to what may be quoted for a diagnosis; a vague complaint only if there is nothing else."""
    said = supporting(view)
    telling = {topic: clause for topic, clause in said.items() if topic != "complaint"}
    return telling if telling or view.seen else said


def _brief(clause: str) -> str:
    """Cut a person's long story to a quotable length; a card's clauses are shorter."""
    clause = without_tags(clause).removesuffix(".")
    if len(clause) <= _QUOTED:
        return clause
    cut = textwrap.shorten(clause, _QUOTED, placeholder=" …")
    # If words are not separated by spaces, it is cut between characters.
    return cut if len(cut) > _QUOTED // 2 else f"{clause[: _QUOTED - 1]}…"
