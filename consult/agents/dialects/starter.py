"""The dialect of the starter: terse prompts with tags, since a tiny model cannot read instructions.

What a program does for the model here: the patient's facts are put into slots (`<fact>`) of the sentence that the model
writes; a doctor reads a patient's line as the clauses of its facts, tagged by topic, where the line states them word by
word, and as it is otherwise; a specialist quotes the patient through a slot that names the topic.
"""

from __future__ import annotations

import hashlib
import re

from consult.agents.acts import NOT_MY_FIELD, Action, DoctorView, Line, PatientTask, PatientView
from consult.agents.dialects.clean import clean
from consult.agents.dialects.dialect import ActionWord, DecisionWord, OpinionWord, TriageWord
from consult.agents.dialects.questions import said_about, topic_of
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.temperament import Temperament
from consult.scenarios import URGENCIES, Scenario

VERSION = 1

TOPIC_TAGS = (
    "complaint",
    "site",
    "sensation",
    "duration",
    "course",
    "trigger",
    "history",
    "symptoms",
    "treatment",
    "family",
    "age",
    "alarm",
    "palpation",
    "temperature",
)
SLOTS = ("<fact>", "<second>", "<third>")
SAID = "<said>"
"""The tag of a line whose topic is not known."""
TAGS = (
    *(f"<{topic}>" for topic in TOPIC_TAGS),
    *SLOTS,
    SAID,
    "<unsure>",
    "<ask>",
    "<examine>",
    "<consult>",
    "<conclude>",
    "<opinion>",
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
)

_TAG = re.compile(r"</?[a-z]+>")
_SAYS = ("surely", "probably", "perhaps")


def tag(topic: str) -> str:
    """Give the tag of a topic."""
    return f"<{topic}>" if topic in TOPIC_TAGS else SAID


def confidence_word(confidence: float | None) -> str:
    """Put a confidence of 0 to 1 into one of three words: from 0.75, from 0.45, below."""
    if confidence is None:
        return _SAYS[1]
    return _SAYS[0] if confidence >= 0.75 else _SAYS[1] if confidence >= 0.45 else _SAYS[2]


def sentence_case(text: str) -> str:
    """Begin each sentence with a capital, after slots were filled."""
    return re.sub(r"(^|[.!?…]\s+)([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)


class StarterDialect:
    """Terse prompts with tags."""

    name = "starter"
    slots = True

    def fingerprint(self) -> str:
        """Hash the dialect's formats; it stands in the weights' metadata and must be the same there."""
        source = hashlib.sha256(repr((VERSION, TAGS, _SAYS)).encode())
        for prompt in _examples(self):
            source.update(repr((prompt.messages, prompt.choice)).encode())
        return source.hexdigest()[:16]

    # -- patient ---------------------------------------------------------------------------------------------------

    def patient_line(self, view: PatientView, task: PatientTask, temperament: Temperament) -> Prompt:
        """Ask the patient to put a task into words."""
        slots = " ".join(SLOTS[: len(task.facts)])
        user = " ".join(part for part in (task.kind, task.about, slots) if part)
        return Prompt((Message("system", f"patient {view.temperament}"), Message("user", user)), 64)

    def read_patient_line(self, text: str, task: PatientTask) -> str | None:
        """Fill the slots; None where a slot is missing, doubled or left over."""
        expected = list(SLOTS[: len(task.facts)])
        if sorted(_TAG.findall(text)) != sorted(expected):
            return None
        said = clean(text)
        for slot, fact in zip(expected, task.facts, strict=True):
            said = said.replace(slot, fact.text)
        return sentence_case(said) or None

    def topic(self, question: str, view: PatientView) -> Prompt:
        """Ask which topic a question is about."""
        options = tuple(tag(topic) for topic in view.topics if topic in TOPIC_TAGS)
        messages = (Message("system", "topic"), Message("user", clean(question)[:300]))
        return Prompt(messages, 2, Choice((*options, "<unsure>")), temperature=0.0)

    def read_topic(self, text: str, view: PatientView) -> str | None:
        """Read the topic."""
        named = text.strip().strip("<>")
        return named if named in view.topics else None

    # -- doctors ---------------------------------------------------------------------------------------------------

    def triage(self, view: DoctorView) -> Prompt:
        """Ask for specialty, urgency and why."""
        options = tuple(f"{specialty}, {urgency}." for specialty in view.specialties for urgency in URGENCIES)
        return self._doctor("triage", view, _lines(view), 48, Choice(options) if options else None)

    def read_triage(self, text: str, view: DoctorView) -> TriageWord | None:
        """Read specialty, urgency and why."""
        for specialty in view.specialties:
            for urgency in URGENCIES:
                head = f"{specialty}, {urgency}."
                if text.strip().startswith(head):
                    return TriageWord(specialty, urgency, clean(text.strip()[len(head) :]))
        return None

    def action(self, view: DoctorView) -> Prompt:
        """Ask for the next act; what was asked before is not among the choices."""
        options: list[str] = []
        if "ask" in view.offers:
            options += [f"<ask><{t}>" for t in view.topics if t in TOPIC_TAGS and t not in view.asked]
        if "examine" in view.offers:
            options += [f"<examine><{t}>" for t in view.examinations if t in TOPIC_TAGS and t not in view.asked]
        options += [f"<{offer}>" for offer in ("consult", "conclude") if offer in view.offers]
        alone = "consult" not in view.offers and not view.opinions
        user = _lines(view, last_in_full=True) + ("\n<opinion>" if view.opinions else "")
        messages = (Message("system", "alone" if alone else "lead"), Message("user", user))
        return Prompt(messages, 48, Choice(tuple(options)))

    def read_action(self, text: str, view: DoctorView) -> ActionWord | None:
        """Read the next act."""
        match = re.match(r"\s*<(ask|examine|consult|conclude)>(?:<([a-z]+)>)?(.*)", text, re.DOTALL)
        if match is None:
            return None
        action = next((offer for offer in view.offers if offer == match.group(1)), None)
        said = clean(_TAG.sub(" ", match.group(3)))
        if action in ("ask", "examine"):
            return self._about(action, match.group(2), said, view) if match.group(2) else None
        return None if action is None else ActionWord(action, None, said)

    def _about(self, action: Action, chosen: str, said: str, view: DoctorView) -> ActionWord:
        """Let the words decide on the topic; words about nothing new give way to a line about the chosen topic."""
        kind, menu = ("questions", view.topics) if action == "ask" else ("examinations", view.examinations)
        topic = topic_of(said, kind)
        if topic is not None and topic in menu and topic not in view.asked:
            return ActionWord(action, topic, said)
        lines = said_about(kind)[chosen]
        return ActionWord(action, chosen, lines[len(said) % len(lines)], source="program")

    def opinion(self, view: DoctorView, specialty: str) -> Prompt:
        """Ask one specialist."""
        options = tuple(f"{name}." for name in (*view.labels, NOT_MY_FIELD))
        choice = Choice(options) if view.labels else None
        return self._doctor(f"specialist {specialty}", view, _lines(view), 64, choice)

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionWord | None:
        """Read an opinion; a quotation's slot is filled with what the patient said."""
        named, _, reason = text.strip().partition(".")
        if named == NOT_MY_FIELD:
            return OpinionWord(None, None, clean(_TAG.sub(" ", reason)))
        if named not in view.labels:
            return None
        return OpinionWord(named, None, sentence_case(_quoted(reason, view)))

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for thought, diagnosis and differential."""
        opinions = "".join(
            f"\n<opinion> {o.specialty}: {confidence_word(o.confidence)} {o.diagnosis or NOT_MY_FIELD}. {o.reason}"
            for o in view.opinions
        )
        choice = Choice(tuple(f"{label}</answer>" for label in view.labels), after="<answer>") if view.labels else None
        return self._doctor("decision", view, _lines(view) + opinions, 96, choice)

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionWord | None:
        """Read thought, diagnosis and differential."""
        match = re.match(r"\s*<think>(.*?)</think>\s*<answer>(.*?)</answer>(.*)", text, re.DOTALL)
        if match is None or match.group(2) not in view.labels:
            return None
        others = [label for label in re.split(r"[,.]\s*", match.group(3).strip()) if label in view.labels]
        differential = tuple(dict.fromkeys((match.group(2), *others)))[:3]
        return DecisionWord(match.group(2), differential, clean(_TAG.sub(" ", match.group(1))))

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask for the conclusion in words for the patient."""
        seen = view.thought.partition(".")[0] + "." if view.photograph and view.thought else ""
        how = "emergency" if view.urgency == "emergency" else "explain"
        user = f"{how} {view.diagnosis or 'no diagnosis'}. {seen}".strip()
        return Prompt((Message("system", "attending"), Message("user", user)), 160)

    def reply(self, view: DoctorView, question: str) -> Prompt:
        """Ask for an answer to the patient."""
        user = f"reply {view.diagnosis or 'no diagnosis'}. {clean(question)[:300]}"
        return Prompt((Message("system", "attending"), Message("user", user)), 64)

    def read_speech(self, text: str, view: DoctorView) -> str | None:
        """Read an explanation or a reply."""
        return sentence_case(clean(_TAG.sub(" ", text))) or None

    def _doctor(self, role: str, view: DoctorView, user: str, tokens: int, choice: Choice | None) -> Prompt:
        photographs = (view.photograph,) if view.photograph else ()
        return Prompt((Message("system", role), Message("user", user, photographs)), tokens, choice)


def _lines(view: DoctorView, *, last_in_full: bool = False) -> str:
    """Render what the patient said and examinations showed, each clause after the tag of its topic.

    Whoever answers the patient reads the last line in full besides, to hear its tone.
    """
    heard = [line for line in view.lines if line.speaker == "patient" or line.action == "examine"]
    rendered = [_line(line) for line in heard]
    if last_in_full and heard and heard[-1].speaker == "patient" and heard[-1].quotes:
        rendered.append(f"{SAID} {heard[-1].text}")
    return "\n".join(rendered)


def _line(line: Line) -> str:
    if line.quotes:
        return "\n".join(f"{tag(topic)} {clause}" for topic, clause in line.quotes)
    return f"{tag(line.topic or '')} {line.text}"


def _quoted(reason: str, view: DoctorView) -> str:
    """Fill a quotation's slot with what the patient said on its topic, or with the last thing said."""
    said = {topic: clause for line in view.lines for topic, clause in line.quotes}
    last = next(reversed(said.values()), "as told")
    return clean(_TAG.sub(lambda m: said.get(m.group().strip("<>"), last), reason))


def _examples(dialect: StarterDialect) -> list[Prompt]:
    """Render one prompt of each kind from fixed views, so that any change of format changes the fingerprint."""
    from consult.agents.acts import Opinion
    from consult.agents.temperament import temperaments
    from consult.scenarios import Card, Fact

    fact = Fact("site", "site", "it is on my hands")
    lines = (
        Line("patient", "open", "Hello, I have a rash.", "complaint", (("complaint", "I have a rash"),)),
        Line("attending", "ask", "Where is it?", "site"),
        Line("patient", "answer", "It is on my hands.", "site", (("site", "it is on my hands"),)),
        Line("patient", "answer", "Who can tell?"),
        Line("attending", "examine", "It is warm.", "palpation", (("palpation", "it is warm"),)),
    )
    doctor = DoctorView(
        lines=lines,
        labels=("eczema", "hives"),
        specialties=("dermatology", "allergy clinic"),
        topics={"site": "where", "duration": "how long"},
        examinations={"palpation": "feeling"},
        opinions=(Opinion("dermatology", "eczema", 0.5, "I see it."), Opinion("dermatology", None, None, "")),
        asked=("site",),
        offers=("ask", "examine", "consult", "conclude"),
        turns_left=9,
        diagnosis="eczema",
        thought="I see it. They agree.",
    )
    patient = PatientView(
        Card(Fact("complaint", "complaint", "I have a rash"), (fact,)), "sanguine", lines, doctor.topics
    )
    temperament = temperaments()["sanguine"]
    tasks = [
        PatientTask("open", (fact,)),
        PatientTask("answer", (fact, fact)),
        PatientTask("unknown"),
        PatientTask("ask", about="outlook"),
        PatientTask("satisfied"),
    ]
    return [
        *(dialect.patient_line(patient, task, temperament) for task in tasks),
        dialect.topic("Where is it?", patient),
        dialect.triage(doctor),
        dialect.action(doctor),
        dialect.opinion(doctor, "dermatology"),
        dialect.decision(doctor),
        dialect.explanation(doctor),
        dialect.reply(doctor, "Is it catching?"),
    ]
