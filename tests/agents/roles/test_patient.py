"""The grounded patient: which facts are said, who words them, what is never said, and what is written down about it.

And the free patient, who says what it likes, all of it written down.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from consult.agents.acts import Act, Draft, Line, PatientView
from consult.agents.choices import Action
from consult.agents.models.model import ModelInfo, Reply, Request
from consult.agents.prompt_formats.wording import frames
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.patient import MOST_FACTS, PLAIN_QUESTIONS, QUESTIONS_BACK, TRIES, FreePatient, Patient
from consult.agents.temperament import temperaments
from consult.scenarios import Card, Fact, Scenario

RASH = Fact("complaint", "complaint", "I have a rash")
SITE = Fact("site", "site", "it's on the backs of both hands")
ITCH = Fact("sensation", "sensation", "it itches badly at night")
COURSE = Fact("course", "course", "it comes and goes with the weather")
NOTHING = Fact("treatment", "treatment", "I haven't tried anything on it", none=True)
CARD = Card(RASH, (SITE, ITCH, COURSE, NOTHING))


@dataclass
class Fake:
    """A voice's model: answers by task, and remembers what it was asked."""

    script: dict[str, list[str]]
    """Task → replies, the last one again and again; `{facts}` stands for the facts that a plain prompt lists."""
    asked: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        replies = self.script[request.task]
        before = sum(r.task == request.task for r in self.asked) - 1
        text = replies[min(before, len(replies) - 1)]
        if "{facts}" in text:
            listed = request.prompt.messages[-1].text.split("\n- ")[1:]
            text = text.replace("{facts}", ". ".join(listed) + ".")
        return Reply(text, tokens_in=10, tokens_out=3, seconds=0.5)

    @property
    def tasks(self) -> list[str]:
        return [request.task for request in self.asked]


def context(seed: int = 0) -> RequestContext:
    return RequestContext(0, (seed, "case", "temperament"), 4, 1)


@pytest.fixture
def make(derm34: Scenario) -> Callable[..., tuple[Patient, Fake]]:
    def patient(dialect: str = "plain", **script: list[str]) -> tuple[Patient, Fake]:
        fake = Fake(script)
        return Patient(RoleClient("patient", ModelInfo("fake", "test", dialect), fake), derm34), fake

    return patient


Make = Callable[..., tuple[Patient, Fake]]


def view(derm34: Scenario, *lines: Line, temperament: str = "phlegmatic", card: Card = CARD) -> PatientView:
    return PatientView(card, temperament, lines, derm34.topics, ("answer",))


VAGUE = "And what of that, then?"


def question(topic: str | None, text: str = "Where is it, then?") -> Line:
    return Line("attending", "ask", text, topic)


def quiet(patient: Patient, seen: PatientView) -> RequestContext:
    """Give a place at which nothing is volunteered, so that a test is about one thing."""
    return next(p for p in map(context, range(200)) if not patient._volunteered(seen, p, (SITE,)))


def volunteering(patient: Patient, seen: PatientView) -> RequestContext:
    return next(p for p in map(context, range(200)) if patient._volunteered(seen, p, (SITE,)))


def answer(patient: Patient, seen: PatientView) -> Act:
    return asyncio.run(patient.answer(seen, quiet(patient, seen)))


# -- (a) the topic -----------------------------------------------------------------------------------------------------


def test_a_question_that_carries_its_topic_needs_no_choice(make: Make, derm34: Scenario) -> None:
    patient, fake = make(answer=["Doctor, {facts}"])
    act = answer(patient, view(derm34, question("site")))
    assert fake.tasks == ["answer"]
    assert (act.action, act.topic, act.facts) == ("answer", "site", ("site",))
    assert act.text == "Doctor, it's on the backs of both hands."
    assert act.source == "model" and act.draft == Draft(backed=True, leaked=False, attempts=1, fallback=False)


def test_who_asks_about_a_topic_again_hears_the_rest_of_it(make: Make, derm34: Scenario) -> None:
    facts = tuple(Fact(f"history-{n}", "history", f"I had illness number {n}") for n in range(MOST_FACTS + 1))
    seen = view(derm34, question("history"), card=Card(RASH, facts))
    patient, _ = make(answer=["{facts}"])
    first = answer(patient, seen)
    assert first.facts == tuple(fact.id for fact in facts[:MOST_FACTS])
    assert answer(patient, replace(seen, told=first.facts)).facts == (facts[-1].id,)
    everything = tuple(fact.id for fact in facts)
    assert answer(patient, replace(seen, told=everything)).facts == first.facts


@pytest.mark.parametrize(("dialect", "named", "line"), [("plain", "site", "{facts}"), ("starter", "<site>", "<fact>.")])
def test_a_question_without_a_topic_is_mapped_by_choice(
    make: Make, derm34: Scenario, dialect: str, named: str, line: str
) -> None:
    patient, fake = make(dialect, topic=[named], answer=[line])
    act = answer(patient, view(derm34, question(None, VAGUE)))
    choice, _ = (request.prompt.choice for request in fake.asked)
    assert choice is not None and named in choice.options
    assert fake.asked[0].temperature == 0
    assert (act.topic, act.facts) == ("site", ("site",))
    assert act.text.lower() == f"{SITE.text}."
    assert (act.usage.tokens_in, act.usage.tokens_out, act.usage.seconds) == (20, 6, 1.0)


@pytest.mark.parametrize("said", ["Where is it?", "Which part is it on?"])
def test_the_words_of_a_question_overrule_a_tiny_model(make: Make, derm34: Scenario, said: str) -> None:
    patient, fake = make("starter", topic=["<alarm>"], answer=["<fact>."])
    act = answer(patient, view(derm34, question(None, said)))
    assert (act.topic, act.facts, fake.tasks) == ("site", ("site",), ["answer"])
    plain, asked = make("plain", topic=["site"], answer=["{facts}"])
    assert answer(plain, view(derm34, question(None, said))).topic == "site" and asked.tasks[0] == "topic"


UNKNOWING = frames("patient", "phlegmatic", "unknown")[0]


@pytest.mark.parametrize(
    ("dialect", "named", "said"),
    [("plain", "unsure", "Couldn't say, doctor."), ("starter", "<unsure>", UNKNOWING)],
)
def test_who_is_unsure_what_is_meant_does_not_know(
    make: Make, derm34: Scenario, dialect: str, named: str, said: str
) -> None:
    patient, fake = make(dialect, topic=[named], unknown=[said])
    act = answer(patient, view(derm34, question(None, VAGUE)))
    assert fake.tasks == ["topic", "unknown"]
    assert (act.action, act.topic, act.facts, act.text) == ("answer", None, (), said)


def test_a_topic_without_facts_is_not_made_up(make: Make, derm34: Scenario) -> None:
    patient, fake = make(unknown=["No idea."])
    act = answer(patient, view(derm34, question("family")))
    assert fake.tasks == ["unknown"]
    assert (act.action, act.topic, act.facts, act.text) == ("answer", "family", (), "No idea.")


@pytest.mark.parametrize("invented", ["It's on the backs of both hands.", "For 9 weeks.", "I think it is eczema.", ""])
def test_an_invention_instead_of_not_knowing_becomes_not_knowing(make: Make, derm34: Scenario, invented: str) -> None:
    patient, fake = make(unknown=[invented])
    act = answer(patient, view(derm34, question("family")))
    assert fake.tasks == ["unknown"] * TRIES
    assert (act.text, act.source, act.facts) == ("I don't know.", "program", ())
    assert act.draft is not None and act.draft.fallback


def test_an_absence_is_a_fact_that_can_be_said(make: Make, derm34: Scenario) -> None:
    patient, _ = make(answer=["{facts}"])
    act = answer(patient, view(derm34, question("treatment")))
    assert (act.facts, act.text) == (("treatment",), "I haven't tried anything on it.")


# -- (b) what is volunteered -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperament", ["sanguine", "choleric", "melancholic", "phlegmatic"])
def test_volunteering_follows_the_temperament(make: Make, derm34: Scenario, temperament: str) -> None:
    patient, _ = make(answer=["{facts}"])
    seen = view(derm34, question("site"), temperament=temperament)

    async def many() -> list[Act]:
        return [await patient.answer(seen, context(seed)) for seed in range(1500)]

    acts = asyncio.run(many())
    counts = Counter(len(act.facts) - 1 for act in acts)
    expected = temperaments()[temperament].volunteers
    assert set(counts) <= set(range(len(expected)))
    for count, p in enumerate(expected):
        assert abs(counts[count] / len(acts) - p) < 0.04
    assert all(act.facts[0] == "site" and len(set(act.facts)) == len(act.facts) for act in acts)
    assert {fact for act in acts for fact in act.facts[1:]} == {"sensation", "course"}
    assert all(act.draft is not None and act.draft.backed for act in acts)


def test_nothing_said_before_is_volunteered_again(make: Make, derm34: Scenario) -> None:
    patient, _ = make(answer=["{facts}"])
    # In words of the patient's own, so that the line quotes nothing.
    told = Line("patient", "answer", "The itching keeps me up all night.", "sensation")
    seen = replace(view(derm34, told, question("site"), temperament="melancholic"), told=("sensation",))
    volunteered = {
        fact for seed in range(200) for fact in asyncio.run(patient.answer(seen, context(seed))).facts if fact != "site"
    }
    assert volunteered == {"course"}


def test_the_same_place_gives_the_same_line(make: Make, derm34: Scenario) -> None:
    seen = view(derm34, question("site"), temperament="melancholic")
    runs = [
        [asyncio.run(make(answer=["{facts}"])[0].answer(seen, context(seed))) for seed in range(20)] for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len({act.facts for act in runs[0]}) > 1


# -- opening -----------------------------------------------------------------------------------------------------------


def test_the_opening_is_the_complaint_and_what_frightens(make: Make, derm34: Scenario) -> None:
    patient, _ = make(open=["Good day. {facts}"])
    act = asyncio.run(patient.open(view(derm34), context()))
    assert (act.action, act.facts, act.text) == ("open", ("complaint",), "Good day. I have a rash.")
    afraid = replace(CARD, opening=("course",))
    act = asyncio.run(patient.open(view(derm34, card=afraid), context()))
    assert act.facts == ("complaint", "course")


@pytest.mark.parametrize(
    ("dialect", "line"), [("plain", "{facts}"), ("starter", "<fact>. <second>. <third>.")], ids=["plain", "starter"]
)
def test_an_opening_of_many_facts_is_cut(make: Make, derm34: Scenario, dialect: str, line: str) -> None:
    patient, _ = make(dialect, open=[line])
    afraid = replace(CARD, opening=("site", "sensation", "course"))
    act = asyncio.run(patient.open(view(derm34, card=afraid), context()))
    assert act.facts == ("complaint", "site", "sensation")
    assert len(act.facts) == MOST_FACTS
    assert act.draft == Draft(backed=True, leaked=False, attempts=1, fallback=False)


# -- (c) and (d) the words ---------------------------------------------------------------------------------------------

GOOD, POOR, LEAK = (
    "It's on the backs of both hands.",
    "Somewhere, doctor.",
    "My eczema: it's on the backs of both hands.",
)
BOTH = "It's on the backs of both hands. It itches badly at night."


@pytest.mark.parametrize(
    ("drafts", "text", "draft"),
    [
        ([GOOD], GOOD, Draft(True, False, 1, False)),
        ([POOR, GOOD], GOOD, Draft(False, False, 2, False)),
        ([BOTH, GOOD], GOOD, Draft(False, False, 2, False)),
        ([LEAK, GOOD], GOOD, Draft(True, True, 2, False)),
        (["", GOOD], GOOD, Draft(False, False, 2, False)),
        ([POOR, POOR, GOOD], GOOD, Draft(False, False, 3, False)),
        ([POOR, POOR, LEAK, GOOD], GOOD, Draft(False, False, 3, True)),
        ([POOR, LEAK], GOOD, Draft(False, False, 3, True)),
        ([LEAK, LEAK], GOOD, Draft(True, True, 3, True)),
        ([LEAK, POOR], GOOD, Draft(True, True, 3, True)),
        (["<think>It is"], GOOD, Draft(False, False, 3, True)),
    ],
)
def test_two_retries_then_the_facts_plainly(
    make: Make, derm34: Scenario, drafts: list[str], text: str, draft: Draft
) -> None:
    patient, fake = make(answer=drafts)
    act = answer(patient, view(derm34, question("site")))
    assert (act.text, act.draft) == (text, draft)
    assert act.source == ("program" if draft.fallback else "model")
    assert len(fake.asked) == draft.attempts
    assert act.usage.tokens_out == 3 * draft.attempts
    assert len({request.seed for request in fake.asked}) == draft.attempts
    assert act.seed == fake.asked[0].seed


def test_a_retry_is_told_what_was_wrong_with_the_answer_before(make: Make, derm34: Scenario) -> None:
    patient, fake = make(answer=["It's on the backs of both hands, and they swell up.", POOR, GOOD])
    answer(patient, view(derm34, question("site")))
    first, second, third = (request.prompt.messages[-1].text for request in fake.asked)
    assert "could not be used" not in first
    assert second == (
        f'{first}\n\nYour last answer was: "It\'s on the backs of both hands, and they swell up."\n'
        'It could not be used: it adds "swell". Answer again without this fault.'
    )
    assert f'does not state "{SITE.text}"' in third and "swell" not in third


def test_a_corrected_line_may_keep_the_words_of_the_refused_one(make: Make, derm34: Scenario) -> None:
    corrected = "Oh well, doctor, since you ask me like that, it's on the backs of both hands."
    patient, fake = make(answer=[f"{corrected} They swell up.", corrected])
    act = answer(patient, view(derm34, question("site")))
    assert (act.text, act.source, len(fake.asked)) == (corrected, "model", 2)


def test_a_second_answer_that_repeats_what_was_said_of_the_first_is_refused(make: Make, derm34: Scenario) -> None:
    echo = "It's on the backs of both hands. It could not be used, so answer again without this fault."
    patient, fake = make(answer=[POOR, echo, GOOD])
    act = answer(patient, view(derm34, question("site")))
    assert (act.text, len(fake.asked)) == (GOOD, 3)


def test_instructions_that_are_repeated_twice_are_refused_twice(make: Make, derm34: Scenario) -> None:
    echo = "The doctor has told you the conclusion and you have no more questions. Say goodbye in one line."
    patient, fake = make(satisfied=[echo, echo, "Thanks."], reluctant=[echo, echo, "Hm, no."])
    told = Line("attending", "conclude", "I think that I know what it is.")
    seen = replace(view(derm34, told, temperament="sanguine"), offers=("satisfied",))
    said = asyncio.run(patient.react(seen, context(0)))
    assert said.text in ("Thanks.", "Hm, no.") and len(fake.asked) == 3


@pytest.mark.parametrize(
    "unspoken",
    [
        "<what you tell the patient>",
        '{"text": "<your line>"}',
        "[your answer]",
        "\u2026",
        "*shrugs*",
        "Patient: It's on the backs of both hands. Doctor: I see.",
        "State only the facts that you are given. It's on the backs of both hands.",
        "Answer the doctor's last question, stating these facts: it's on the backs of both hands",
    ],
)
def test_no_speech_is_never_backed(make: Make, free: MakeFree, derm34: Scenario, unspoken: str) -> None:
    """Placeholders, echoes of the instructions and other speakers count as not backed for either patient."""
    patient, _ = make(answer=[unspoken, GOOD])
    act = answer(patient, view(derm34, question("site")))
    assert act.text == GOOD and act.draft is not None and not act.draft.backed and act.draft.said_backed
    chatty, _ = free("plain", unspoken)
    act = asyncio.run(chatty.answer(view(derm34, question("site")), context()))
    assert act.draft is not None and not act.draft.backed and not act.draft.said_backed


WELL = next(frame for frame in frames("patient", "phlegmatic", "plain") if frame != "<fact>.")
OTHERS = frames("patient", "melancholic", "trouble")[0]


@pytest.mark.parametrize(
    ("drafts", "draft"),
    [
        ([WELL], Draft(True, False, 1, False)),
        (["Oh dear.", WELL], Draft(False, False, 2, False)),
        ([f"{WELL} Oh dear.", WELL], Draft(False, False, 2, False)),
        ([OTHERS, WELL], Draft(False, False, 2, False)),
        (["<fact>, <fact>."], Draft(False, False, 2, True)),
        (["Psoriasis, <fact>."], Draft(False, False, 2, True)),
        ([WELL.replace("<fact>", SITE.text)], Draft(False, False, 2, True)),
    ],
)
def test_slots_go_through_the_same_check(make: Make, derm34: Scenario, drafts: list[str], draft: Draft) -> None:
    patient, fake = make("starter", answer=drafts)
    act = answer(patient, view(derm34, question("site")))
    said = f"{SITE.text}." if draft.fallback else WELL.replace("<fact>", SITE.text)
    assert (act.text.lower(), act.draft) == (said.lower(), draft)
    assert act.source == ("program" if draft.fallback else "model")
    assert fake.asked[0].prompt.messages[-1].text == "answer plain <fact>"


def test_a_child_speaks_as_a_child_does(make: Make, derm34: Scenario) -> None:
    childs = next(
        f for f in frames("patient", "phlegmatic", "child") if f not in frames("patient", "phlegmatic", "plain")
    )
    for age, taken in ((7, True), (70, False)):
        patient, fake = make("starter", answer=[childs])
        act = answer(patient, view(derm34, question("site"), card=replace(CARD, age=age)))
        assert act.draft is not None and act.draft.backed == taken
        assert fake.asked[0].prompt.messages[0].text == f"patient phlegmatic{' child' if taken else ''}"


def test_an_age_that_is_on_the_file_is_not_volunteered(make: Make, derm34: Scenario) -> None:
    patient, _ = make(answer=["{facts}"])
    card = replace(CARD, facts=(SITE, Fact("age", "age", "I'm 40 years old")))
    for on_file, ever in ((None, True), (40, False)):
        seen = view(derm34, question("site"), temperament="melancholic", card=replace(card, age=on_file))
        said = {fact for n in range(60) for fact in asyncio.run(patient.answer(seen, context(n))).facts}
        assert ("age" in said) == ever and "site" in said
        # Who is asked says it all the same.
        asked = replace(seen, lines=(question("age", "How old are you?"),))
        assert "age" in asyncio.run(patient.answer(asked, context())).facts


def test_a_leak_is_never_said(make: Make, derm34: Scenario) -> None:
    """Whatever the model writes and whatever is asked of the patient, no diagnosis is in the line."""
    rng = random.Random(0)
    names = [*derm34.labels, *(alias for label in derm34.labels.values() for alias in label.aliases)]
    tasks = ("open", "answer", "unknown", "ask", "satisfied", "reluctant")
    for seed in range(40):
        name = rng.choice(names)
        patient, _ = make(**{task: [f"Could it be {name.upper()}? {{facts}}"] for task in tasks})
        seen = replace(view(derm34, question("site"), temperament="melancholic"), offers=("ask", "satisfied"))
        acts = [asyncio.run(act(seen, context(seed))) for act in (patient.open, patient.answer, patient.react)]
        assert [derm34.diagnoses(act.text) for act in acts] == [(), (), ()], name
        assert all(act.draft is not None and act.draft.leaked and act.draft.fallback for act in acts), name


def test_volunteered_facts_are_said_plainly_too(make: Make, derm34: Scenario) -> None:
    patient, _ = make(answer=["Hm."])
    seen = view(derm34, question("site"), temperament="melancholic")
    act = asyncio.run(patient.answer(seen, volunteering(patient, seen)))
    texts = {fact.id: fact.text for fact in CARD.facts}
    assert len(act.facts) > 1
    assert act.text.lower() == ". ".join(texts[fact] for fact in act.facts).lower() + "."


# -- after the conclusion ----------------------------------------------------------------------------------------------


def reactions(make: Make, seen: PatientView, dialect: str = "plain", n: int = 1000) -> list[Act]:
    patient, _ = make(dialect, ask=["And is that so?"], satisfied=["Thanks."], reluctant=["Hm, no."])

    async def many() -> list[Act]:
        return [await patient.react(seen, context(seed)) for seed in range(n)]

    return asyncio.run(many())


TOLD = Line("attending", "conclude", "I think that I know what it is.")


@pytest.mark.parametrize("temperament", ["sanguine", "choleric", "melancholic", "phlegmatic"])
def test_a_question_back_is_as_likely_as_the_temperament_has_it(make: Make, derm34: Scenario, temperament: str) -> None:
    seen = replace(view(derm34, TOLD, temperament=temperament), offers=("ask", "satisfied"))
    acts = reactions(make, seen)
    asked = [act for act in acts if act.action == "ask"]
    assert {act.action for act in acts} == {"ask", "satisfied"}
    assert {act.accepts for act in asked} == {None}
    assert abs(len(asked) / len(acts) - temperaments()[temperament].asks_back) < 0.05
    assert {act.topic for act in asked} == set(QUESTIONS_BACK)


def test_only_one_question_back(make: Make, derm34: Scenario) -> None:
    asked = Line("patient", "ask", "Is it dangerous?", "serious")
    lines = (TOLD, asked, Line("attending", "answer", "No."))
    seen = replace(view(derm34, *lines, temperament="melancholic"), offers=("ask", "satisfied"))
    assert {act.action for act in reactions(make, seen, n=100)} == {"satisfied"}


def test_an_emergency_leaves_no_question(make: Make, derm34: Scenario) -> None:
    seen = replace(view(derm34, TOLD, temperament="melancholic"), offers=("satisfied",), urgency="emergency")
    assert {act.action for act in reactions(make, seen, n=100)} == {"satisfied"}


@pytest.mark.parametrize("temperament", ["sanguine", "choleric", "melancholic", "phlegmatic"])
def test_the_plan_is_taken_to_as_often_as_the_temperament_has_it(
    make: Make, derm34: Scenario, temperament: str
) -> None:
    seen = replace(view(derm34, TOLD, temperament=temperament), offers=("satisfied",))
    acts = reactions(make, seen)
    accepting = [act for act in acts if act.accepts]
    assert abs(len(accepting) / len(acts) - temperaments()[temperament].accepts) < 0.05
    # Who accepts says so, and who does not leaves reluctantly; both end the consultation.
    assert {(act.action, act.accepts, act.text) for act in acts} == {
        ("satisfied", True, "Thanks."),
        ("satisfied", False, "Hm, no."),
    }
    assert all(act.draft == Draft(True, False, 1, False) and act.topic is None and not act.facts for act in acts)


def test_whether_the_plan_is_taken_to_does_not_hang_on_the_words(make: Make, derm34: Scenario) -> None:
    seen = replace(view(derm34, TOLD, temperament="choleric"), offers=("satisfied",))
    poor, _ = make(satisfied=["It is eczema."], reluctant=["It is eczema."])
    plainly = [asyncio.run(poor.react(seen, context(seed))) for seed in range(40)]
    assert [act.accepts for act in plainly] == [act.accepts for act in reactions(make, seen, n=40)]
    assert {(act.accepts, act.text) for act in plainly} == {
        (True, "Thank you, doctor."),
        (False, "I am not sure about that. I will think it over."),
    }


@pytest.mark.parametrize(
    ("line", "source"),
    [("A long time.", "program"), ("How long, doctor?", "model"), ("I was wondering how long it will last.", "model")],
)
def test_a_question_back_asks_something(make: Make, derm34: Scenario, line: str, source: str) -> None:
    patient, _ = make(ask=[line], satisfied=["Bye."], reluctant=["Bye."])
    seen = replace(view(derm34, TOLD, temperament="melancholic"), offers=("ask", "satisfied"))
    acts = [asyncio.run(patient.react(seen, context(seed))) for seed in range(20)]
    assert {act.source for act in acts if act.action == "ask"} == {source}


@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_a_question_back_falls_back_to_its_kind(make: Make, derm34: Scenario, dialect: str) -> None:
    bad = ["<fact> for 9 weeks, eczema?"]
    patient, _ = make(dialect, ask=bad, satisfied=bad, reluctant=bad)
    seen = replace(view(derm34, TOLD, temperament="melancholic"), offers=("ask", "satisfied"))
    acts = [asyncio.run(patient.react(seen, context(seed))) for seed in range(60)]
    said = {act.topic or act.accepts: act.text for act in acts}
    assert {kind: text for kind, text in said.items() if isinstance(kind, str)} == PLAIN_QUESTIONS
    assert said[True] == "Thank you, doctor."
    assert said[False] == "I am not sure about that. I will think it over."
    assert {act.source for act in acts} == {"program"}


def test_the_prompt_says_what_to_ask_about_in_the_dialects_way(make: Make, derm34: Scenario) -> None:
    seen = replace(view(derm34, TOLD, temperament="melancholic"), offers=("ask", "satisfied"))
    words: dict[str, tuple[dict[str, str], Callable[[str], str]]] = {
        "plain": (QUESTIONS_BACK, lambda kind: "And is that so?"),
        "starter": (
            {kind: f"ask {kind}" for kind in QUESTIONS_BACK},
            lambda kind: frames("patient", "melancholic", "ask_back", kind)[0],
        ),
    }
    for dialect, (about, said) in words.items():
        for kind in QUESTIONS_BACK:
            patient, fake = make(dialect, ask=[said(kind)], satisfied=["Thanks."], reluctant=["No."])
            acts = (asyncio.run(patient.react(seen, context(s))) for s in range(200))
            act = next(a for a in acts if a.action == "ask" and a.topic == kind)
            assert fake.asked[-1].prompt.messages[-1].text.endswith(about[kind])
            assert (act.text, act.source) == (said(kind), "model")


# -- the free patient --------------------------------------------------------------------------------------------------

MakeFree = Callable[..., tuple[FreePatient, Fake]]


@pytest.fixture
def free(derm34: Scenario) -> MakeFree:
    def patient(dialect: str, *replies: str) -> tuple[FreePatient, Fake]:
        fake = Fake({"free": list(replies)})
        return FreePatient(RoleClient("patient", ModelInfo("fake", "test", dialect), fake), derm34), fake

    return patient


def free_answer(patient: FreePatient, seen: PatientView) -> Act:
    return asyncio.run(patient.answer(seen, context()))


def test_the_free_patient_is_given_its_whole_card_and_the_grounded_one_is_not(
    make: Make, free: MakeFree, derm34: Scenario
) -> None:
    seen = view(derm34, question("site"))
    (mind, told), (patient, fake) = free("plain", "On my hands."), make(answer=["{facts}"])
    free_answer(mind, seen)
    answer(patient, seen)
    shown, kept = ("\n".join(m.text for m in f.asked[0].prompt.messages) for f in (told, fake))
    assert all(fact.text in shown for fact in (RASH, *CARD.facts))
    assert [fact.id for fact in (RASH, *CARD.facts) if fact.text in kept] == ["site"]
    assert temperaments()["phlegmatic"].talking in shown
    assert (told.tasks, fake.tasks) == (["free"], ["answer"])


@pytest.mark.parametrize(
    ("line", "facts", "backed"),
    [
        (GOOD, ("site",), True),
        ("Both hands, on the backs.", ("site",), True),
        ("At night it's itching badly, on the backs of both hands.", ("site", "sensation"), True),
        ("I haven't tried anything on it.", ("treatment",), False),
        (POOR, (), False),
        ("It's on the backs of both hands, for 9 weeks.", ("site",), False),
        ("No, it isn't on the backs of both hands.", (), False),
    ],
)
def test_what_a_free_patient_said_is_found_in_its_words(
    free: MakeFree, derm34: Scenario, line: str, facts: tuple[str, ...], backed: bool
) -> None:
    """The answer must state what was asked for; what it states besides may be anything of the card."""
    patient, fake = free("plain", line)
    act = free_answer(patient, view(derm34, question("site")))
    assert (act.action, act.text, act.topic, act.facts, act.source) == ("answer", line, "site", facts, "model")
    assert act.draft == Draft(backed, False, 1, False, said_backed=backed, said_leaked=False)
    assert len(fake.asked) == 1 and act.seed == fake.asked[0].seed
    assert (act.usage.tokens_in, act.usage.tokens_out) == (10, 3)


@pytest.mark.parametrize(("dialect", "line"), [("plain", LEAK), ("starter", "<site>My eczema: <fact>.")])
def test_a_leak_of_a_free_patient_is_written_down_and_not_mended(
    free: MakeFree, derm34: Scenario, dialect: str, line: str
) -> None:
    patient, fake = free(dialect, line)
    act = free_answer(patient, view(derm34, question("site")))
    assert (act.text.lower(), act.facts, act.source) == (LEAK.lower(), ("site",), "model")
    assert act.draft == Draft(True, True, 1, False, said_backed=True, said_leaked=True)
    assert len(fake.asked) == 1


def test_a_question_on_nothing_known_asks_for_no_fact(free: MakeFree, derm34: Scenario) -> None:
    for topic in (None, "family"):
        act = free_answer(free("plain", "I couldn't say.")[0], view(derm34, question(topic)))
        assert (act.topic, act.facts, act.draft) == (topic, (), Draft(True, False, 1, False))


@pytest.mark.parametrize(
    ("line", "text", "facts"),
    [
        ("<site>Well, <fact>.", "Well, it's on the backs of both hands.", ("site",)),
        (
            "<sensation><site><second>. Then <fact>!",
            "It's on the backs of both hands. Then it itches badly at night!",
            ("site", "sensation"),
        ),
        ("<unsure>who knows.", "Who knows.", ()),
        ("<family>none of us.", "None of us.", ()),
    ],
)
def test_the_starter_puts_the_facts_in_whose_topics_it_names(
    free: MakeFree, derm34: Scenario, line: str, text: str, facts: tuple[str, ...]
) -> None:
    """The question carries no topic, so that whatever the card has will do."""
    patient, fake = free("starter", line)
    act = free_answer(patient, view(derm34, question(None)))
    assert (act.text, act.facts, act.draft) == (text, facts, Draft(True, False, 1, False))
    assert fake.asked[0].prompt.messages[-1].text == "free Where is it, then?"


def test_the_starters_words_on_another_topic_are_not_an_answer(free: MakeFree, derm34: Scenario) -> None:
    act = free_answer(free("starter", "<sensation><fact>.")[0], view(derm34, question("site")))
    assert act.facts == ("sensation",)
    assert act.draft == Draft(False, False, 1, False, said_backed=False)


@pytest.mark.parametrize(("dialect", "unusable"), [("plain", "<think>hm"), ("starter", "<site>No slot.")])
def test_a_free_patient_is_asked_twice_and_then_does_not_know(
    free: MakeFree, derm34: Scenario, dialect: str, unusable: str
) -> None:
    good = {"plain": GOOD, "starter": "<site><fact>."}[dialect]
    patient, fake = free(dialect, unusable, good)
    act = free_answer(patient, view(derm34, question("site")))
    assert (act.text, act.facts, act.source) == (GOOD, ("site",), "model")
    assert act.draft == Draft(False, False, 2, False, said_backed=True)
    assert len({request.seed for request in fake.asked}) == 2 and act.usage.tokens_out == 6

    patient, fake = free(dialect, unusable)
    act = free_answer(patient, view(derm34, question("site")))
    assert (act.text, act.facts, act.source, len(fake.asked)) == ("I don't know.", (), "program", 2)
    assert act.draft == Draft(False, False, 2, True, said_backed=False)
    # Where nothing was known, not to know is what there was to say.
    act = free_answer(patient, view(derm34, question("family")))
    assert act.draft == Draft(False, False, 2, True, said_backed=True)


@pytest.mark.parametrize(
    ("dialect", "line", "text"),
    [
        ("plain", "Hello, I have a rash.", "Hello, I have a rash."),
        ("starter", "Hello, <fact>.", "Hello, I have a rash."),
        ("plain", "", "I have a rash."),
        ("starter", "Hello.", "I have a rash."),
    ],
)
def test_a_free_patient_opens_with_the_complaint(
    free: MakeFree, derm34: Scenario, dialect: str, line: str, text: str
) -> None:
    patient, _ = free(dialect, line)
    act = asyncio.run(patient.open(replace(view(derm34), offers=("open",)), context()))
    assert (act.action, act.topic, act.text, act.facts) == ("open", "complaint", text, ("complaint",))
    assert act.draft is not None and act.draft.said_backed
    assert act.source == ("program" if act.draft.fallback else "model")


BOTH_WAYS: tuple[Action, ...] = ("ask", "satisfied")
ONE_WAY: tuple[Action, ...] = ("satisfied",)


@pytest.mark.parametrize(
    ("dialect", "line", "offers", "expected"),
    [
        ("plain", '{"satisfied": false, "text": "Why?"}', BOTH_WAYS, ("ask", "Why?", None, None)),
        ("plain", '{"satisfied": true, "accepts": false, "text": "No."}', BOTH_WAYS, ("satisfied", "No.", None, False)),
        ("plain", '{"satisfied": true, "accepts": true, "text": "Yes."}', BOTH_WAYS, ("satisfied", "Yes.", None, True)),
        ("plain", '{"satisfied": false, "accepts": true, "text": "Why?"}', ONE_WAY, ("satisfied", "Why?", None, True)),
        ("plain", "Is it bad?", BOTH_WAYS, ("ask", "Is it bad?", None, None)),
        ("plain", "Is it bad?", ONE_WAY, ("satisfied", "Is it bad?", None, None)),
        ("plain", "Goodbye.", BOTH_WAYS, ("satisfied", "Goodbye.", None, None)),
        ("starter", "<ask>cause: why me?", BOTH_WAYS, ("ask", "Why me?", "cause", None)),
        ("starter", "<ask>Why me?", BOTH_WAYS, ("ask", "Why me?", None, None)),
        ("starter", "<satisfied>thanks.", BOTH_WAYS, ("satisfied", "Thanks.", None, True)),
        ("starter", "<reluctant>no.", ONE_WAY, ("satisfied", "No.", None, False)),
    ],
)
def test_a_free_patient_decides_itself_whether_to_ask_and_to_accept(
    free: MakeFree,
    derm34: Scenario,
    dialect: str,
    line: str,
    offers: tuple[Action, ...],
    expected: tuple[Action, str, str | None, bool | None],
) -> None:
    patient, fake = free(dialect, line)
    act = asyncio.run(patient.react(replace(view(derm34, TOLD), offers=offers), context()))
    assert (act.action, act.text, act.topic, act.accepts) == expected
    assert act.draft == Draft(True, False, 1, False) and len(fake.asked) == 1


@pytest.mark.parametrize(
    ("dialect", "unusable"),
    [("plain", '{"satisfied": true}'), ("plain", "{"), ("starter", "<ask>Why?"), ("starter", "<satisfied><fact>")],
)
def test_a_free_patient_without_usable_words_takes_its_leave(
    free: MakeFree, derm34: Scenario, dialect: str, unusable: str
) -> None:
    patient, fake = free(dialect, unusable)
    act = asyncio.run(patient.react(replace(view(derm34, TOLD), offers=ONE_WAY), context()))
    assert (act.action, act.text, act.accepts, act.source) == ("satisfied", "Thank you, doctor.", None, "program")
    assert act.draft == Draft(False, False, 2, True) and len(fake.asked) == 2
