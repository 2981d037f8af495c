"""The dialect of the starter: terse prompts with tags, since a tiny model cannot read instructions.

What a program does for the model here: the patient's facts are put into slots (`<fact>`) of the sentence that the model
writes; a doctor reads a patient's line as the clauses of its facts, tagged by topic, where the line states them word by
word, and as it is otherwise; who quotes the patient names the topic, and the program puts the clause into the quotation
marks. The attending chooses its next act in one request and words it in another, a short one: a tiny model that sees
the whole conversation forgets what it chose before the sentence ends. Advice to the patient is the scenario's, in slots
of a frame that the model words.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from consult.agents.acts import NOT_MY_FIELD, AssessorView, DoctorView, Line, Opinion, PatientTask, PatientView
from consult.agents.advice import stammers
from consult.agents.dialects.clean import clean
from consult.agents.dialects.dialect import ActionWord, DecisionWord, FreeWord, OpinionWord, TriageWord
from consult.agents.dialects.questions import topic_of
from consult.agents.dialects.starter_assessment import read_starter_assessment, starter_assessment
from consult.agents.models.model import Choice, Message, Prompt
from consult.agents.rubric import Verdict
from consult.agents.temperament import Temperament
from consult.scenarios import URGENCIES, Fact, Scenario

VERSION = 2

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
ADVICE = ("<answer>", "<second>", "<third>", "<said>", "<fact>")
"""The slots of an explanation: diagnosis, what it is, what to do, when to come back, what was seen. A reply has one."""
CLINIC = "<clinic>"
"""The slot of a triage doctor's reason for the specialty that it chose."""
SAID = "<said>"
"""The tag of a line whose topic is not known."""
TAGS = (
    *(f"<{topic}>" for topic in TOPIC_TAGS),
    *SLOTS,
    SAID,
    CLINIC,
    "<unsure>",
    "<ask>",
    "<examine>",
    "<consult>",
    "<conclude>",
    "<satisfied>",
    "<reluctant>",
    "<opinion>",
    "<expert>",
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
)
HABITS = 3
"""The panel's members have so many habits, by their number: weighing all, trusting their eyes, trusting the story."""

_DECIDED = {
    "before": r"\s*<think>(?P<thought>.*?)</think>\s*<answer>(?P<answer>.*?)</answer>(?P<others>.*)",
    "after": r"\s*<answer>(?P<answer>.*?)</answer>\s*<think>(?P<thought>.*?)(?:</think>|\Z)(?P<others>.*)",
    "none": r"\s*<answer>(?P<answer>.*?)</answer>(?P<others>.*)",
}
"""Where the reason stands → the form of a decision."""
_TAG = re.compile(r"</?[a-z]+>")
_SAYS = ("surely", "probably", "perhaps")
_QUOTED = 120
"""Most characters between quotation marks."""
_LAST = 200
"""Most characters of the last line that are read before a question is worded."""


def tag(topic: str) -> str:
    """Give the tag of a topic."""
    return f"<{topic}>" if topic in TOPIC_TAGS else SAID


def confidence_word(confidence: float | None) -> str:
    """Put a confidence of 0 to 1 into one of three words: from 0.75, from 0.45, below."""
    if confidence is None:
        return _SAYS[1]
    return _SAYS[0] if confidence >= 0.75 else _SAYS[1] if confidence >= 0.45 else _SAYS[2]


def with_article(specialty: str) -> str:
    """Name a specialty within a sentence: clinics take an article, fields do not."""
    return f"the {specialty}" if specialty.endswith("clinic") else specialty


def sentence_case(text: str) -> str:
    """Begin each sentence with a capital, after slots were filled."""
    return re.sub(r"(^|[.!?…]\s+)([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)


class StarterDialect:
    """Terse prompts with tags."""

    name = "starter"
    slots = True

    def fingerprint(self) -> str:
        """Hash the dialect's formats; it stands in the weights' metadata and must be the same there."""
        source = hashlib.sha256(repr((VERSION, TAGS, ADVICE, _SAYS, HABITS)).encode())
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
        return _filled(text, task.facts)

    def free_line(self, view: PatientView, temperament: Temperament) -> Prompt:
        """Ask a patient who decides for itself what to say."""
        system = Message("system", f"patient {view.temperament}")
        if not view.lines:
            return Prompt((system, Message("user", f"open {SLOTS[0]}")), 64)
        if "answer" in view.offers:
            return Prompt((system, Message("user", f"free {clean(view.lines[-1].text)[:_LAST]}")), 64)
        asked = any(line.speaker == "patient" and line.action == "ask" for line in view.lines)
        acts = ("<ask>", "<satisfied>", "<reluctant>") if "ask" in view.offers else ("<satisfied>", "<reluctant>")
        user = "react again" if asked else "react"
        return Prompt((system, Message("user", user)), 64, Choice(acts))

    def read_free_line(self, text: str, view: PatientView) -> FreeWord | None:
        """Read it: an answer begins with the topics whose facts go into its slots."""
        if not view.lines:
            said = _filled(text, (view.card.complaint,))
            return FreeWord("open", said, (view.card.complaint.id,)) if said else None
        if "answer" in view.offers:
            return self._free_answer(text, view)
        match = re.match(r"\s*<(ask|satisfied|reluctant)>\s*(?:([a-z]+):)?(.*)", text, re.DOTALL)
        said = _filled(match.group(3), ()) if match else None
        if match is None or said is None:
            return None
        if match.group(1) == "ask":
            return FreeWord("ask", said, topic=match.group(2))
        return FreeWord("satisfied", said, accepts=match.group(1) == "satisfied")

    def _free_answer(self, text: str, view: PatientView) -> FreeWord | None:
        match = re.match(r"\s*((?:<[a-z]+>)+)(.*)", text, re.DOTALL)
        if match is None:
            return None
        topics = [name.strip("<>") for name in _TAG.findall(match.group(1)) if name not in SLOTS]
        # A line may begin with a slot; whatever is no topic belongs to the line.
        words = re.sub(r"^(?:<(?!fact>|second>|third>)[a-z]+>)+", "", text.strip())
        facts = [fact for topic in dict.fromkeys(topics) for fact in view.card.about(topic)[:1]]
        said = _filled(words, facts)
        return FreeWord("answer", said, tuple(fact.id for fact in facts)) if said else None

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
        choice = Choice(options, after="</think>" if view.thinks else "") if options else None
        return self._doctor(_thinking("triage", view), view, _told(view), 72 if view.thinks else 48, choice)

    def read_triage(self, text: str, view: DoctorView) -> TriageWord | None:
        """Read specialty, urgency and why."""
        thought, said = _thought(text)
        for specialty in view.specialties:
            for urgency in URGENCIES:
                head = f"{specialty}, {urgency}."
                if said.startswith(head):
                    why = said[len(head) :].replace(CLINIC, with_article(specialty))
                    why = clean(_TAG.sub(" ", why))
                    return TriageWord(specialty, urgency, "" if stammers(why) else why, thought)
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
        user = _told(view) + ("\n<opinion>" if view.opinions else "")
        role = _thinking("alone" if alone else "lead", view)
        choice = Choice(tuple(options), after="</think>" if view.thinks else "")
        if view.thinks:
            return self._doctor(role, view, user, 32, choice)
        # What to ask next follows from what is not known yet; the photograph would only make the prompt longer.
        return Prompt((Message("system", role), Message("user", user)), 4, choice)

    def read_action(self, text: str, view: DoctorView) -> ActionWord | None:
        """Read the next act; its words are asked for apart."""
        thought, said = _thought(text)
        match = re.match(r"<(ask|examine|consult|conclude)>(?:<([a-z]+)>)?", said)
        action = next((offer for offer in view.offers if match and offer == match.group(1)), None)
        if match is None or action is None:
            return None
        topic = match.group(2) if action in ("ask", "examine") else None
        return None if action in ("ask", "examine") and topic is None else ActionWord(action, topic, "", thought)

    def wording(self, view: DoctorView, word: ActionWord) -> Prompt | None:
        """Ask for the words of an act."""
        if word.action == "conclude":
            return None
        first = "" if any(line.speaker == "attending" for line in view.lines) else "first "
        last = view.lines[-1] if view.lines else None
        heard = f"\n{SAID} {clean(last.text)[:_LAST]}" if last and last.speaker == "patient" else ""
        act = f"{first}{word.action} {word.topic or ''}".strip()
        return Prompt((Message("system", "attending"), Message("user", f"{act}{heard}")), 48)

    def read_wording(self, text: str, view: DoctorView, word: ActionWord) -> str | None:
        """Read the words; None where they are about another topic than was chosen."""
        quotes = view.lines[-1].quotes if view.lines else ()
        if _TAG.search(text.replace(SLOTS[0], "", 1)) or (SLOTS[0] in text and not quotes):
            return None
        said = sentence_case(clean(text.replace(SLOTS[0], _brief(quotes[-1][1]) if quotes else "")))
        if word.action == "consult":
            return said or None
        # What was picked up of the patient's words says nothing about the question.
        asked = clean(text.replace(SLOTS[0], ""))
        return said if topic_of(asked, "questions" if word.action == "ask" else "examinations") == word.topic else None

    def opinion(self, view: DoctorView, specialty: str, member: int) -> Prompt:
        """Ask one specialist."""
        options = tuple(f"{name}." for name in (*view.labels, NOT_MY_FIELD))
        choice = Choice(options) if view.labels else None
        return self._doctor(f"specialist {specialty} {member % HABITS + 1}", view, _told(view), 64, choice)

    def read_opinion(self, text: str, view: DoctorView, scenario: Scenario) -> OpinionWord | None:
        """Read an opinion; the topic before its reason is what the reason's slot quotes."""
        named, _, reason = text.strip().partition(".")
        if named == NOT_MY_FIELD:
            # A reason that quotes has nothing to quote here: it would be left with an empty pair of quotation marks.
            said = re.sub(r"^\s*<[a-z]+>", "", reason)
            return OpinionWord(None, None, "" if _TAG.search(said) else clean(said))
        if named not in view.labels:
            return None
        match = re.match(r"\s*<([a-z]+)>(.*)", reason, re.DOTALL)
        topic, words = (match.group(1), match.group(2)) if match else ("", reason)
        clause = _said_on(view).get(topic)
        if not clause and SLOTS[0] in words:
            return OpinionWord(named, None, "")
        said = sentence_case(clean(_TAG.sub(lambda _: clause or "", words)))
        return OpinionWord(named, None, said if _is_reason(said, named, scenario) else _in_brackets(clause))

    def decision(self, view: DoctorView) -> Prompt:
        """Ask for thought, diagnosis and differential."""
        opinions = "".join(
            f"\n<opinion> {o.specialty}: {confidence_word(o.confidence)} {o.diagnosis or NOT_MY_FIELD}."
            for o in view.opinions
        )
        prompt = self._doctor("decision", view, _told(view) + opinions, 96, _decisions(view))
        if view.rationale != "before":
            return replace(prompt, begin="<answer>")
        # Without opinions the prompt looks like a specialist's, and the answer would, too.
        return prompt if view.opinions else replace(prompt, begin="<think>")

    def read_decision(self, text: str, view: DoctorView, scenario: Scenario) -> DecisionWord | None:
        """Read thought, diagnosis and differential; a topic in the thought is quoted from what was said on it."""
        match = re.match(_DECIDED[view.rationale], text, re.DOTALL)
        if match is None or match["answer"] not in view.labels:
            return None
        others = [label for label in re.split(r"[,.]\s*", match["others"].strip()) if label in view.labels]
        differential = tuple(dict.fromkeys((match["answer"], *others)))[:3]
        thought = match.groupdict().get("thought")
        if thought is None:
            return DecisionWord(match["answer"], differential, "")
        return DecisionWord(match["answer"], differential, _counting(_quoting(thought, _said_on(view)), view.opinions))

    def explanation(self, view: DoctorView) -> Prompt:
        """Ask for a frame around the scenario's advice, a sentence or more for each of its slots."""
        how = "emergency" if view.urgency == "emergency" else "explain seen" if _finding(view) else "explain told"
        return Prompt((Message("system", "attending"), Message("user", how)), 80)

    def read_explanation(self, text: str, view: DoctorView, scenario: Scenario) -> str | None:
        """Fill the frame; None where a slot is missing, doubled or left over, or there is no diagnosis."""
        label = scenario.labels.get(view.diagnosis or "")
        if label is None:
            return None
        if view.urgency == "emergency":
            return _framed(text, {ADVICE[0]: view.diagnosis or ""})
        # Where to go with an alarm comes before what to do at home.
        steps = (*view.where, *label.plan_for(view.known))
        plan = " ".join(step if step.endswith((".", "!", "?")) else f"{step}." for step in steps)
        net = label.safety_net_for(view.known)
        fillings = (view.diagnosis or "", label.explanation, plan, net, _finding(view))
        return _framed(text, {slot: filling for slot, filling in zip(ADVICE, fillings, strict=True) if filling})

    def reply(self, view: DoctorView, question: Line) -> Prompt:
        """Ask for a frame around the scenario's answer."""
        return Prompt((Message("system", "attending"), Message("user", "reply")), 48)

    def read_reply(self, text: str, view: DoctorView, question: Line, scenario: Scenario) -> str | None:
        """Fill the frame; None where the scenario has no answer to a question of this kind."""
        label = scenario.labels.get(view.diagnosis or "")
        answer = label.answers.get(question.topic or "") if label else None
        return _framed(text, {ADVICE[0]: answer}) if answer else None

    # -- assessor --------------------------------------------------------------------------------------------------

    def assessment(self, view: AssessorView) -> Prompt:
        """Ask for all verdicts; an adapter has learned this role, the weights have not."""
        return starter_assessment(view)

    def read_assessment(self, text: str) -> dict[str, Verdict]:
        """Read all verdicts."""
        return read_starter_assessment(text)

    def _doctor(self, role: str, view: DoctorView, user: str, tokens: int, choice: Choice | None) -> Prompt:
        photographs = (view.photograph,) if view.photograph else ()
        return Prompt((Message("system", role), Message("user", user, photographs)), tokens, choice)


def _decisions(view: DoctorView) -> Choice | None:
    if not view.labels:
        return None
    # What comes after a decision is forced where a reason has to.
    close = "</answer><think>" if view.rationale == "after" else "</answer>"
    options = tuple(f"{label}{close}" for label in view.labels)
    return Choice(options, after="<answer>" if view.rationale == "before" else "")


def _filled(text: str, facts: Sequence[Fact]) -> str | None:
    """Put facts into a line's slots; None where a slot is missing, doubled or left over."""
    expected = list(SLOTS[: len(facts)])
    if sorted(_TAG.findall(text)) != sorted(expected):
        return None
    said = clean(text)
    for slot, fact in zip(expected, facts, strict=True):
        said = said.replace(slot, fact.text)
    return sentence_case(said) or None


def _framed(text: str, fillings: Mapping[str, str]) -> str | None:
    """Put a scenario's words into a frame; None where a slot is missing, doubled or left over."""
    if sorted(_TAG.findall(text)) != sorted(fillings):
        return None
    said = clean(text)
    for slot, filling in fillings.items():
        # A sentence that ends a filling needs no second full stop.
        said = said.replace(f"{slot}.", slot) if filling.endswith((".", "!", "?")) else said
        said = said.replace(slot, filling)
    return sentence_case(said) or None


def _finding(view: DoctorView) -> str:
    """Give what the attending saw, in the words of its own thought; empty without a photograph."""
    seen = re.search(r"I see (.+?)\.", view.thought) if view.photograph else None
    return seen.group(1) if seen else ""


def _thinking(role: str, view: DoctorView) -> str:
    return f"{role} thinking" if view.thinks else role


def _thought(text: str) -> tuple[str, str]:
    """Part a private thought from what follows it."""
    match = re.match(r"\s*<think>(.*?)</think>\s*(.*)", text, re.DOTALL)
    if match is None:
        return "", text.strip()
    # Who thinks of the same diagnosis twice thinks of one.
    return re.sub(r"\bof (.+), or of \1\.", r"of \1.", clean(match.group(1))), match.group(2)


def _told(view: DoctorView) -> str:
    """Render what the patient said and examinations showed, each clause after the tag of its topic."""
    heard = [line for line in view.lines if line.speaker == "patient" or line.action == "examine"]
    rendered = [_line(line) for line in heard]
    if view.expert:
        rendered.append(f"<expert> {', '.join(view.expert)}")
    return "\n".join(rendered)


def _line(line: Line) -> str:
    if line.quotes:
        return "\n".join(f"{tag(topic)} {clause}" for topic, clause in line.quotes)
    return f"{tag(line.topic or '')} {line.text}"


def _said_on(view: DoctorView) -> dict[str, str]:
    """Give topic → what the patient said, or an examination showed, word by word."""
    return {topic: _brief(clause) for line in view.lines for topic, clause in line.quotes}


def _brief(clause: str) -> str:
    """Cut a person's long story to what can stand between quotation marks; a card's clauses are shorter."""
    return clause if len(clause) <= _QUOTED else textwrap.shorten(clause, _QUOTED, placeholder=" …")


def _quoting(thought: str, said: Mapping[str, str]) -> str:
    """Put what was said in place of topics; a sentence that quotes what nobody said is left out."""
    sentences = re.split(r"(?<=\.)\s+", re.sub(r"(<[a-z]+>) and \1", r"\1", thought.strip()))
    kept = [s for s in sentences if all(topic.strip("<>") in said for topic in _TAG.findall(s))]
    return clean(_TAG.sub(lambda m: f'"{said[m.group().strip("<>")]}"', " ".join(kept)))


def _is_reason(said: str, named: str, scenario: Scenario) -> bool:
    """Tell whether a reason can stand: one that stammers, or names another diagnosis than its own, cannot."""
    own = {named, *scenario.diagnoses(" ".join(scenario.labels[named].aliases) if named in scenario.labels else "")}
    return bool(said) and not stammers(said) and set(scenario.diagnoses(said)) <= own


def _in_brackets(clause: str | None) -> str:
    """Give a program's words in place of a reason that cannot stand; square brackets say that they are a program's."""
    return f'[goes by what was said: "{clause}"]' if clause else ""


def _counting(thought: str, opinions: Sequence[Opinion]) -> str:
    """Hold what a thought says of the colleagues against what they said; a program counts them where it is untrue."""
    if not opinions:
        return thought
    named = [opinion.diagnosis or NOT_MY_FIELD for opinion in opinions]
    if f"Colleagues: {', '.join(named)}." in thought:
        return thought
    counted = ", ".join(f"{name} {n} of {len(named)}" for name, n in Counter(named).most_common())
    return f"{re.sub(r'Colleagues:[^.]*[.]?', '', thought).strip()} [colleagues: {counted}]".strip()


def _examples(dialect: StarterDialect) -> list[Prompt]:
    """Render one prompt of each kind from fixed views, so that any change of format changes the fingerprint."""
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
        PatientTask("reluctant"),
    ]
    thinking = replace(doctor, thinks=True, expert=("eczema", "hives"), opinions=())
    free = [
        replace(patient, lines=()),
        replace(patient, lines=lines[:2], offers=("answer",)),
        replace(patient, offers=("ask", "satisfied")),
        replace(patient, lines=(*lines, Line("patient", "ask", "Is it bad?")), offers=("satisfied",)),
    ]
    asking = ActionWord("ask", "duration", "")
    return [
        *(dialect.patient_line(patient, task, temperament) for task in tasks),
        *(dialect.free_line(view, temperament) for view in free),
        dialect.topic("Where is it?", patient),
        *(dialect.triage(view) for view in (doctor, thinking)),
        *(dialect.action(view) for view in (doctor, thinking)),
        *(p for n in (1, 3) if (p := dialect.wording(replace(doctor, lines=lines[:n]), asking)) is not None),
        *(dialect.opinion(doctor, "dermatology", member) for member in range(HABITS)),
        dialect.decision(doctor),
        *(dialect.explanation(replace(doctor, thought=thought)) for thought in ("", "I see it. They agree.")),
        dialect.explanation(replace(doctor, urgency="emergency")),
        dialect.reply(doctor, Line("patient", "ask", "Is it catching?")),
        dialect.reply(doctor, Line("patient", "ask", "Is it catching?", "contagious")),
    ]
