"""The attending's words: asked for apart by a tiny model's dialect and held against its choice; private thoughts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from consult.agents.acts import Act, DoctorView, Draft, Line
from consult.agents.attending import CONSULT, Attending, plain_wording
from consult.agents.dialects.questions import said_about
from consult.agents.models.model import ModelInfo, Reply, Request
from consult.agents.triage import TriageDoctor
from consult.agents.voice import Place, Voice
from consult.scenarios import Scenario

HEARD = Line("patient", "answer", "Well, it is on my hands.", "site", (("site", "it is on my hands"),))
HOW_LONG, WHERE = said_about("questions")["duration"][0], said_about("questions")["site"][0]
WARM = said_about("examinations")["temperature"][0]
Ask = Callable[..., tuple[Act, list[Request]]]


def view(scenario: Scenario, **more: object) -> DoctorView:
    seen = DoctorView(
        lines=(Line("attending", "ask", WHERE, "site"), HEARD),
        labels=tuple(scenario.labels),
        specialties=scenario.specialties,
        topics=scenario.topics,
        examinations=scenario.examinations,
        offers=("ask", "examine", "consult", "conclude"),
        turns_left=9,
        **more,  # type: ignore[arg-type]
    )
    return seen


@pytest.fixture
def act(derm34: Scenario) -> Ask:
    """Let an attending act, given its replies by task, one after another and the last one again."""

    def acting(dialect: str, **script: list[str]) -> tuple[Act, list[Request]]:
        asked: list[Request] = []

        async def generate(request: Request) -> Reply:
            asked.append(request)
            before = sum(r.task == request.task for r in asked) - 1
            replies = script[request.task]
            return Reply(replies[min(before, len(replies) - 1)], tokens_in=10, tokens_out=3)

        attending = Attending(Voice("attending", ModelInfo("fake", "test", dialect), generate), derm34)
        return asyncio.run(attending.act(view(derm34), Place(0, (0,), 3, 1))), asked

    return acting


@pytest.mark.parametrize(
    ("words", "text", "draft"),
    [
        ([HOW_LONG], HOW_LONG, Draft(True, False, 1, False)),
        ([WHERE, HOW_LONG], HOW_LONG, Draft(False, False, 2, False)),
        (["", HOW_LONG], HOW_LONG, Draft(False, False, 2, False)),
        (["I see, <fact>. " + HOW_LONG], f"I see, it is on my hands. {HOW_LONG}", Draft(True, False, 1, False)),
        ([WHERE, WARM, HOW_LONG], None, Draft(False, False, 2, True)),
        (["Blue, is it?"], None, Draft(False, False, 2, True)),
    ],
)
def test_a_question_on_another_topic_is_asked_for_once_more_and_then_put_plainly(
    act: Ask, derm34: Scenario, words: list[str], text: str | None, draft: Draft
) -> None:
    said, asked = act("starter", action=["<ask><duration>"], wording=words)
    assert (said.action, said.topic, said.draft) == ("ask", "duration", draft)
    assert said.text == (text or plain_wording("ask", "duration", derm34))
    assert said.source == ("program" if text is None else "model")
    assert [request.task for request in asked] == ["action", *["wording"] * draft.attempts]
    assert len({request.seed for request in asked}) == len(asked)
    assert (said.usage.tokens_in, said.usage.tokens_out) == (10 * len(asked), 3 * len(asked))


def test_an_examination_is_worded_apart_too(act: Ask, derm34: Scenario) -> None:
    said, asked = act("starter", action=["<examine><temperature>"], wording=[HOW_LONG, WARM])
    assert (said.action, said.topic, said.text, said.source) == ("examine", "temperature", WARM, "model")
    assert asked[1].prompt.messages[-1].text.startswith("examine temperature\n")
    said, _ = act("starter", action=["<examine><temperature>"], wording=[HOW_LONG])
    assert (said.text, said.source) == (plain_wording("examine", "temperature", derm34), "program")


def test_any_words_will_do_for_consulting(act: Ask) -> None:
    said, _ = act("starter", action=["<consult>"], wording=["one moment, please."])
    assert (said.action, said.text, said.source) == ("consult", "One moment, please.", "model")
    said, asked = act("starter", action=["<consult>"], wording=["<site>"])
    assert (said.text, said.source, len(asked)) == (CONSULT, "program", 3)


def test_concluding_needs_no_words_of_its_own(act: Ask) -> None:
    said, asked = act("starter", action=["<conclude>"])
    assert (said.action, said.text, said.draft, len(asked)) == ("conclude", "", None, 1)


def test_a_model_that_words_its_acts_itself_is_asked_once(act: Ask) -> None:
    said, asked = act("plain", action=['{"action": "ask", "topic": "duration", "text": "Where is it?"}'])
    assert (said.text, said.topic, said.draft, said.source) == ("Where is it?", "duration", None, "model")
    assert len(asked) == 1
    said, asked = act("plain", action=['{"action": "consult"}'])
    assert (said.text, said.draft, len(asked)) == (CONSULT, None, 1)


def test_two_unusable_choices_are_an_abstention_without_words(act: Ask) -> None:
    said, asked = act("starter", action=["<dance>"], wording=[HOW_LONG])
    assert (said.action, said.diagnosis, said.source) == ("conclude", None, "program")
    assert [request.task for request in asked] == ["action", "action"]


@pytest.mark.parametrize(
    ("dialect", "script"),
    [
        ("starter", {"action": ["<think>Is it old?</think><ask><duration>"], "wording": [HOW_LONG]}),
        ("plain", {"action": ["<think>Is it old?</think>" + HOW_LONG]}),
        ("plain", {"action": ['<think>Is it old?</think>{"action": "ask", "text": "' + HOW_LONG + '"}']}),
    ],
)
def test_a_thought_stays_apart_from_what_is_said(act: Ask, dialect: str, script: dict[str, list[str]]) -> None:
    said, asked = act(dialect, **script)
    assert (said.action, said.text, said.thought) == ("ask", HOW_LONG, "Is it old?")
    assert not any("Is it old?" in message.text for request in asked for message in request.prompt.messages)


@pytest.mark.parametrize(
    ("dialect", "reply"),
    [
        ("starter", "<think>A tooth?</think>dentistry, soon. A look."),
        ("plain", '<think>A tooth?</think>{"specialty": "dentistry", "urgency": "soon", "why": "A look."}'),
    ],
)
def test_the_triage_doctors_thought_is_kept(derm34: Scenario, dialect: str, reply: str) -> None:
    async def generate(request: Request) -> Reply:
        return Reply(reply)

    doctor = TriageDoctor(Voice("triage", ModelInfo("fake", "test", dialect), generate))
    said = asyncio.run(doctor.act(view(derm34, thinks=True), Place(0, (0,), 1, 0)))
    assert (said.specialty, said.urgency, said.text, said.thought) == ("dentistry", "soon", "A look.", "A tooth?")


@pytest.fixture
def conclude(derm34: Scenario) -> Ask:
    """Let an attending conclude, given its reply to each task."""

    def concluding(dialect: str, decision: str, explanation: str, **more: object) -> tuple[Act, list[Request]]:
        asked: list[Request] = []

        async def generate(request: Request) -> Reply:
            asked.append(request)
            return Reply(decision if request.task == "decision" else explanation, tokens_in=10, tokens_out=3)

        attending = Attending(Voice("attending", ModelInfo("fake", "test", dialect), generate), derm34)
        return asyncio.run(attending.conclude(view(derm34, **more), Place(0, (0,), 3, 1))), asked

    return concluding


SHINGLES = "<think>Near the eye.</think><answer>shingles</answer><differential>herpes</differential>"


@pytest.mark.parametrize(
    ("tag", "words", "triaged", "final", "told"),
    [
        ("<urgency>urgent</urgency>", "Go to the ER now.", "soon", "urgent", "urgent"),
        ("<urgency>Emergency.</urgency>", "It is shingles.", None, "emergency", "emergency"),
        ("", "Please go to the emergency department now.", "soon", "emergency", "soon"),
        ("", "It is shingles. If your eye hurts, go to the ER.", "soon", "soon", "soon"),
        ("<urgency>routine|soon|urgent|emergency</urgency>", "It is shingles.", "soon", "soon", "soon"),
        ("<urgency>at once</urgency>", "It is shingles.", None, None, "not stated"),
    ],
)
def test_the_final_urgency_is_stated_else_said_else_triaged(
    conclude: Ask, tag: str, words: str, triaged: str | None, final: str | None, told: str
) -> None:
    act, asked = conclude("plain", SHINGLES + tag, words, urgency=triaged)
    assert (act.urgency, act.diagnosis, act.differential) == (final, "shingles", ("shingles", "herpes"))
    assert f"Urgency: {told}." in asked[-1].prompt.messages[-1].text
    assert "<urgency>routine|soon|urgent|emergency</urgency>" in asked[0].prompt.messages[-1].text


def test_an_abstention_has_the_urgency_of_its_words(conclude: Ask) -> None:
    act, _ = conclude("plain", "I cannot tell.", "I cannot tell what it is. Please see a doctor today.", urgency="soon")
    assert (act.diagnosis, act.urgency) == (None, "urgent")


def test_where_to_go_with_an_alarm_is_in_no_prompt_and_in_the_program_s_words(conclude: Ask) -> None:
    where = "Have an eye doctor look at it today."
    for dialect, decision in (("plain", SHINGLES), ("starter", "<think>I see it.</think><answer>shingles</answer>")):
        act, asked = conclude(dialect, decision, "Nonsense.", where=(where,), urgency="soon")
        assert where not in repr(asked)
        assert (where in act.text, act.urgency) == ((True, "urgent") if dialect == "starter" else (False, "soon"))
