"""What doctors say: looks, reasons and words, asked for apart by a tiny model's dialect; private thoughts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from consult.agents.acts import Act, DoctorView, Draft, Line, Opinion, Usage
from consult.agents.models.model import ModelInfo, Reply, Request
from consult.agents.prompt_formats.starter_frames import sentence_case
from consult.agents.prompt_formats.wording import frames, rewordings, taught_questions
from consult.agents.roles.advice import explained
from consult.agents.roles.attending import CONSULT, Attending, plain_wording
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.specialist import NO_OPINION, Specialist
from consult.agents.roles.triage import NO_SPECIALTY, TriageDoctor
from consult.envs.batcher import Batcher
from consult.envs.graph import _in_words_of_their_own
from consult.scenarios import Photograph, Scenario, Urgency

HEARD = Line("patient", "answer", "Well, it is on my hands.", "site", (("site", "it is on my hands"),))
HOW_LONG, WHERE = (taught_questions("questions", topic)[1] for topic in ("duration", "site"))
WARM = taught_questions("examinations", "temperature")[1]
THANKS, TO_THE_PANEL = frames("doctor", "acknowledge")[0], frames("doctor", "consult")[0]
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

        attending = Attending(RoleClient("attending", ModelInfo("fake", "test", dialect), generate), derm34)
        return asyncio.run(attending.act(view(derm34), RequestContext(0, (0,), 3, 1))), asked

    return acting


@pytest.mark.parametrize(
    ("words", "text", "draft"),
    [
        ([HOW_LONG], HOW_LONG, Draft(True, False, 1, False)),
        ([WHERE, HOW_LONG], HOW_LONG, Draft(False, False, 2, False)),
        (["", HOW_LONG], HOW_LONG, Draft(False, False, 2, False)),
        ([f"{THANKS} {HOW_LONG}"], f"{THANKS} {HOW_LONG}", Draft(True, False, 1, False)),
        ([f"I see, <fact>. {HOW_LONG}", HOW_LONG], HOW_LONG, Draft(False, False, 2, False)),
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


def test_consulting_is_worded_as_it_was_learned(act: Ask) -> None:
    said, _ = act("starter", action=["<consult>"], wording=[TO_THE_PANEL])
    assert (said.action, said.text, said.source) == ("consult", TO_THE_PANEL, "model")
    for broken in ("One moment, please.", "<site>", HOW_LONG):
        said, asked = act("starter", action=["<consult>"], wording=[broken])
        assert (said.text, said.source, len(asked)) == (CONSULT, "program", 3)


def test_concluding_needs_no_words_of_its_own(act: Ask) -> None:
    said, asked = act("plain", action=['{"action": "conclude", "text": ""}'])
    assert (said.action, said.text, said.draft, len(asked)) == ("conclude", "", None, 1)


def test_who_would_conclude_without_the_panel_consults_it_in_words_of_its_own(act: Ask) -> None:
    said, _ = act("starter", action=["<conclude>"], wording=[TO_THE_PANEL])
    assert (said.action, said.text, said.source) == ("consult", TO_THE_PANEL, "model")


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
    ("dialect", "reply", "why"),
    [
        ("starter", "<think>A tooth?</think>dentistry, soon.<site> {told}", "it is on my hands"),
        ("plain", '<think>A tooth?</think>{"specialty": "dentistry", "urgency": "soon", "why": "A look."}', "A look."),
    ],
)
def test_the_triage_doctors_thought_is_kept(derm34: Scenario, dialect: str, reply: str, why: str) -> None:
    async def generate(request: Request) -> Reply:
        return Reply(reply.replace("{told}", TRIAGED_BY_WORDS))

    doctor = TriageDoctor(RoleClient("triage", ModelInfo("fake", "test", dialect), generate))
    said = asyncio.run(doctor.act(view(derm34, thinks=True), RequestContext(0, (0,), 1, 0)))
    assert (said.specialty, said.urgency, said.thought) == ("dentistry", "soon", "A tooth?")
    assert why.lower() in said.text.lower()


# -- looking and giving reasons ----------------------------------------------------------------------------------------

TRIAGED_BY_SIGHT, TRIAGED_BY_WORDS = (frames("doctor", "triage", kind)[0] for kind in ("seen", "told"))
SEEN, NEITHER, OUTSIDE = (frames("doctor", "specialist", kind)[0] for kind in ("seen", "neither", "outside"))
PATCH = "a scaly red patch"


class Asked(list[Request]):
    """Answers by task, one reply after another and the last one again, each beginning as was asked for."""

    def __init__(self, **script: str | list[str]) -> None:
        super().__init__()
        self.script = script

    async def generate(self, request: Request) -> Reply:
        self.append(request)
        replies = self.script[request.task]
        if isinstance(replies, str):
            replies = [replies]
        before = sum(r.task == request.task for r in self) - 1
        return Reply(request.prompt.begin + replies[min(before, len(replies) - 1)], tokens_in=10, tokens_out=3)

    @property
    def tasks(self) -> list[str]:
        return [request.task for request in self]


def seeing(scenario: Scenario, **more: object) -> DoctorView:
    return view(scenario, photograph=Photograph("p", nothing), findings=("small papules", PATCH), **more)


def nothing() -> Any:
    raise RuntimeError("nobody looks")


def triaged(seen: DoctorView, asked: Asked, dialect: str = "starter") -> Act:
    doctor = TriageDoctor(RoleClient("triage", ModelInfo("fake", "test", dialect), asked.generate))
    return asyncio.run(doctor.act(seen, RequestContext(0, (0,), 1, 0)))


def judged(seen: DoctorView, asked: Asked, scenario: Scenario, member: int = 0) -> tuple[Opinion, Usage]:
    doctor = Specialist(
        RoleClient("specialist", ModelInfo("fake", "test", "starter"), asked.generate), "dentistry", member
    )
    return asyncio.run(doctor.opinion(seen, scenario, RequestContext(0, (0,), 4, 2)))


def test_a_doctor_looks_once_and_names_what_it_saw(derm34: Scenario) -> None:
    asked = Asked(look=PATCH, triage=f"dentistry, soon. {TRIAGED_BY_SIGHT}")
    said = triaged(seeing(derm34), asked)
    assert asked.tasks == ["look", "triage"] and PATCH in said.text
    assert asked[0].temperature == 0 and asked[0].prompt.choice is not None
    assert (said.usage.tokens_in, said.usage.answers) == (20, 1)
    assert said.draft == Draft(True, False, 1, False)


def test_who_sees_nothing_does_not_look(derm34: Scenario) -> None:
    asked = Asked(triage=f"dentistry, soon.<site> {TRIAGED_BY_WORDS}")
    assert "it is on my hands" in triaged(view(derm34), asked).text.lower()
    assert asked.tasks == ["triage"]
    blind = Asked(triage=[f"dentistry, soon. {TRIAGED_BY_SIGHT}", " ."])
    assert PATCH not in triaged(view(derm34), blind).text


def test_the_attending_looks_before_it_decides(derm34: Scenario) -> None:
    decision = "<think>I see <seen>.</think><answer>acne</answer> soon."
    asked = Asked(look=PATCH, decision=decision, explanation="Nonsense.", rewording="Nonsense.")
    attending = Attending(RoleClient("attending", ModelInfo("fake", "test", "starter"), asked.generate), derm34)
    act = asyncio.run(attending.conclude(seeing(derm34), RequestContext(0, (0,), 5, 2)))
    assert asked.tasks[:2] == ["look", "decision"] and asked.tasks.count("look") == 1
    assert act.thought == f"I see {PATCH}." and act.usage.tokens_in == 10 * len(asked)
    assert asked[-1].prompt.messages[-1].text == "explain seen"


def test_each_member_of_a_panel_looks_for_itself(derm34: Scenario) -> None:
    """All of them in one wave, in which no two requests may have the same key."""

    class Model:
        info = ModelInfo("fake", "test", "starter")

        def __init__(self) -> None:
            self.asked: list[Request] = []

        def generate(self, requests: Sequence[Request]) -> list[Reply]:
            self.asked += requests
            return [Reply(PATCH if r.task == "look" else f"acne. {SEEN}") for r in requests]

    async def panel(model: Model) -> list[tuple[Opinion, Usage]]:
        batcher = Batcher()
        batcher.open()
        client = RoleClient("specialist", model.info, batcher.for_model(model))
        members = [Specialist(client, "dentistry", n) for n in range(3)]
        try:
            return await batcher.together(
                [m.opinion(seeing(derm34), derm34, RequestContext(0, (0,), 4, 2)) for m in members]
            )
        finally:
            batcher.close()
            batcher.shutdown()

    model = Model()
    opinions = [opinion for opinion, _ in asyncio.run(panel(model))]
    assert [opinion.diagnosis for opinion in opinions] == ["acne"] * 3
    assert all(PATCH in opinion.reason for opinion in opinions)
    assert [request.task for request in model.asked] == ["look"] * 3 + ["opinion"] * 3


@pytest.mark.parametrize(
    ("first", "again", "text", "draft"),
    [
        ("dentistry, soon. Blue.", f" {TRIAGED_BY_SIGHT}", PATCH, Draft(False, False, 2, False)),
        ("dentistry, soon. Blue.", " Green.", f"[photograph: {PATCH}]", Draft(False, False, 2, True)),
        ("dentistry, soon.", "", f"[photograph: {PATCH}]", Draft(False, False, 2, True)),
        ("<think>Hm.</think>dentistry, soon. Blue.", f" {TRIAGED_BY_SIGHT}", PATCH, Draft(False, False, 2, False)),
    ],
)
def test_a_reason_of_triage_is_asked_for_once_more_and_then_is_a_programs(
    derm34: Scenario, first: str, again: str, text: str, draft: Draft
) -> None:
    asked = Asked(look=PATCH, triage=[first, again, f" {TRIAGED_BY_SIGHT}"])
    said = triaged(seeing(derm34, thinks="<think>" in first), asked)
    assert (said.specialty, said.urgency, said.draft) == ("dentistry", "soon", draft)
    assert text in said.text and (said.text == text) == draft.fallback
    assert asked.tasks == ["look", "triage", "triage"]
    # What was decided stands; the reason alone is asked for, with another seed.
    assert (asked[1].prompt.begin, asked[2].prompt.begin) == ("", first.removesuffix(" Blue."))
    held = asked[2].prompt.choice
    assert asked[1].prompt.choice is not None and held is not None and f" {TRIAGED_BY_SIGHT}" in held.options
    assert asked[1].prompt.messages == asked[2].prompt.messages
    assert len({request.seed for request in asked}) == 3 == len({request.key for request in asked})
    # The decision could be used: it counts as one answer, and none that failed.
    assert (said.usage.tokens_in, said.usage.answers, said.usage.unusable) == (30, 1, 0)


def test_a_programs_reason_of_triage_goes_by_what_was_said(derm34: Scenario) -> None:
    complaint = Line("patient", "open", "I have a rash.", "complaint", (("complaint", "I have a rash"),))
    heard, deaf = (DoctorView(lines, (), ("dentistry",), {}, {}) for lines in ((complaint,), ()))
    for seen, text in ((heard, '[goes by what was said: "I have a rash"]'), (deaf, "[gives no reason]")):
        assert triaged(seen, Asked(triage=["dentistry, soon.", ""])).text == text


def test_two_unusable_triages_have_no_reason(derm34: Scenario) -> None:
    asked = Asked(look=PATCH, triage="cardiology, soon.")
    said = triaged(seeing(derm34), asked)
    assert (said.specialty, said.text, said.source, said.draft) == (None, NO_SPECIALTY, "program", None)
    assert asked.tasks == ["look", "triage", "triage"] and said.usage.unusable == 1


def test_a_triage_that_another_model_words_itself_is_taken_as_it_is(derm34: Scenario) -> None:
    asked = Asked(triage='{"specialty": "dentistry", "urgency": "soon", "why": ""}')
    said = triaged(seeing(derm34), asked, "plain")
    assert (said.specialty, said.text, said.draft, asked.tasks) == ("dentistry", "", None, ["triage"])


@pytest.mark.parametrize(
    ("first", "again", "reason"),
    [
        ("acne. Blue.", f" {NEITHER}", NEITHER),
        ("acne. Blue.", " Green.", f"[photograph: {PATCH}]"),
        (f"acne. {OUTSIDE}", f" {SEEN}", SEEN.replace("<seen>", PATCH)),
        ("not my field. Blue.", f" {OUTSIDE}", OUTSIDE),
        ("not my field. Blue.", " Green.", "[outside its field]"),
    ],
)
def test_a_specialists_reason_is_asked_for_once_more_and_then_is_a_programs(
    derm34: Scenario, first: str, again: str, reason: str
) -> None:
    asked = Asked(look=PATCH, opinion=[first, again, f" {NEITHER}"])
    opinion, usage = judged(seeing(derm34), asked, derm34, member=1)
    assert (opinion.diagnosis or "not my field", opinion.reason) == (first.partition(".")[0], reason)
    assert asked.tasks == ["look", "opinion", "opinion"]
    held, learned = asked[2].prompt.choice, OUTSIDE if first.startswith("not my field") else SEEN
    assert asked[2].prompt.begin == f"{first.partition('.')[0]}." and held is not None
    assert f" {learned}" in held.options
    assert asked[1].prompt.messages[-1].text.endswith("<do> specialist dentistry 2")
    assert len({request.seed for request in asked}) == 3 == len({request.key for request in asked})
    assert (usage.tokens_in, usage.answers, usage.unusable) == (30, 1, 0) and opinion.first_usable


def test_where_there_is_no_list_a_program_says_that_nothing_is_named(derm34: Scenario) -> None:
    seen = replace(view(derm34), labels=(), specialties=())
    said = triaged(seen, Asked(triage="Hm."))
    assert (said.specialty, said.text, said.source) == (None, NO_SPECIALTY, "program")
    opinion, _ = judged(seen, Asked(opinion="Hm."), replace(derm34, labels={}))
    assert (opinion.diagnosis, opinion.reason, opinion.usable) == (None, NO_OPINION, False)


def test_a_specialists_reason_that_can_be_used_is_not_asked_for_again(derm34: Scenario) -> None:
    asked = Asked(look=PATCH, opinion=f"acne. {SEEN}")
    opinion, _ = judged(seeing(derm34), asked, derm34)
    assert (opinion.reason, asked.tasks) == (SEEN.replace("<seen>", PATCH), ["look", "opinion"])


def test_each_member_reads_the_labels_in_an_order_of_its_own_that_the_seed_draws(derm34: Scenario) -> None:
    def orders(*seed: object) -> list[str]:
        asked: list[Request] = []

        async def generate(request: Request) -> Reply:
            asked.append(request)
            return Reply('{"diagnosis": "acne", "confidence": 0.6}', probability=0.9)

        client = RoleClient("specialist", ModelInfo("fake", "test", "plain"), generate)
        for member in range(3):
            context = RequestContext(0, seed, 3, 1)
            opinion, _ = asyncio.run(Specialist(client, "dermatology", member).opinion(view(derm34), derm34, context))
            assert (opinion.confidence, opinion.stated_confidence) == (0.9, 0.6)
        menus = [re.findall(r"yours is one: (.*?)\.", one.prompt.messages[-1].text)[0] for one in asked]
        assert all(sorted(menu.split(", ")) == sorted(derm34.labels) for menu in menus)
        return menus

    first = orders(7, "test-0003", "choleric", 0)
    assert len(set(first)) == 3 and first == orders(7, "test-0003", "choleric", 0)
    assert not set(first) & set(orders(8, "test-0003", "choleric", 0))
    assert not set(first) & set(orders(7, "test-0004", "choleric", 0))


# -- concluding --------------------------------------------------------------------------------------------------------


@pytest.fixture
def conclude(derm34: Scenario) -> Ask:
    """Let an attending conclude, given its reply to each task."""

    def concluding(dialect: str, decision: str, explanation: str, **more: object) -> tuple[Act, list[Request]]:
        asked: list[Request] = []

        async def generate(request: Request) -> Reply:
            asked.append(request)
            return Reply(decision if request.task == "decision" else explanation, tokens_in=10, tokens_out=3)

        attending = Attending(RoleClient("attending", ModelInfo("fake", "test", dialect), generate), derm34)
        return asyncio.run(attending.conclude(view(derm34, **more), RequestContext(0, (0,), 3, 1))), asked

    return concluding


SHINGLES = "<think>Near the eye.</think><answer>shingles</answer><differential>herpes</differential>"


@pytest.mark.parametrize(
    ("tag", "words", "triaged", "final", "told"),
    [
        ("<urgency>urgent</urgency>", "Go to the ER now.", "soon", "emergency", "urgent"),
        ("<urgency>soon</urgency>", "Call an ambulance now.", None, "emergency", "soon"),
        ("<urgency>urgent</urgency>", "It is shingles. See me within a few weeks.", "emergency", "urgent", "urgent"),
        ("<urgency>Emergency.</urgency>", "It is shingles.", None, "emergency", "emergency"),
        ("", "Please go to the emergency department now.", "soon", "emergency", "soon"),
        ("", "It is shingles. If your eye hurts, go to the ER.", "soon", "soon", "soon"),
        ("<urgency>routine|soon|urgent|emergency</urgency>", "It is shingles.", "soon", "soon", "soon"),
        ("<urgency>at once</urgency>", "It is shingles.", None, None, "not stated"),
    ],
)
def test_the_final_urgency_is_the_most_pressing_of_stated_and_said_else_triaged(
    conclude: Ask, tag: str, words: str, triaged: str | None, final: str | None, told: str
) -> None:
    act, asked = conclude("plain", SHINGLES + tag, words, urgency=triaged)
    assert (act.urgency, act.diagnosis, act.differential) == (final, "shingles", ("shingles", "herpes"))
    assert f"Urgency: {told}." in asked[-1].prompt.messages[-1].text
    assert '"urgency": "<routine, soon, urgent or emergency>"' in asked[0].prompt.messages[-1].text


@pytest.mark.parametrize("dialect", ["plain", "starter"])
def test_a_told_step_of_the_plan_raises_the_final_urgency(conclude: Ask, derm34: Scenario, dialect: str) -> None:
    step = next(one for one in derm34.labels["chickenpox"].plan if one.urgency == "urgent")
    decision = "<think>I see it.</think><answer>chickenpox</answer>"
    decision += "<urgency>soon</urgency>" if dialect == "plain" else " soon."
    weak = {"conditions": frozenset({"weak_immunity"})}
    told, _ = conclude(dialect, decision, f"It is chickenpox. {step.text}", known=weak)
    assert step.text in told.text and told.urgency == "urgent"
    # It is not meant for everybody, and does not count where it was not told.
    assert conclude(dialect, decision, "It is chickenpox.")[0].urgency == "soon"
    if dialect == "plain":
        assert conclude(dialect, decision, "It is chickenpox.", known=weak)[0].urgency == "soon"


ABSTENTIONS = ["I cannot tell.", "<answer>melanoma</answer>", '{"findings": "A mole.", "reasoning": "Eczema? No: ca']


@pytest.mark.parametrize("decision", ABSTENTIONS)
@pytest.mark.parametrize(
    ("urgency", "when", "final"),
    [
        ("routine", "referring you to the nail clinic; you should be seen there in the next weeks.", "routine"),
        ("soon", "you should be seen there within days.", "soon"),
        ("urgent", "you should be seen there today.", "urgent"),
        ("emergency", "it cannot wait. Please go to the emergency department now.", "emergency"),
        (None, "referring you to the nail clinic.", None),
    ],
)
def test_who_names_no_disease_explains_none_and_refers_the_patient(
    conclude: Ask, decision: str, urgency: str | None, when: str, final: str | None
) -> None:
    act, asked = conclude(
        "plain", decision, "You are being evaluated for cancer.", specialty="nail clinic", urgency=urgency
    )
    assert [request.task for request in asked] == ["decision", "decision"]
    assert (act.diagnosis, act.urgency, act.source) == (None, final, "program")
    assert act.text.startswith("I cannot say yet what this is") and act.text.endswith(when)
    assert act.diagnosis_words == ("melanoma" if "melanoma" in decision else None)


@pytest.mark.parametrize(("given", "kept"), [(0.9, 0.9), (None, 0.4)])
def test_a_stated_confidence_is_kept_apart_from_the_labels_probability(
    derm34: Scenario, given: float | None, kept: float
) -> None:
    said = '{"findings": "A patch.", "reasoning": "Dry.", "diagnosis": "acne", "confidence": 0.4, "urgency": "soon"}'

    async def generate(request: Request) -> Reply:
        asked.append(request)
        return Reply(said, probability=given)

    asked: list[Request] = []
    attending = Attending(RoleClient("attending", ModelInfo("fake", "test", "plain"), generate), derm34)
    act = asyncio.run(attending.conclude(view(derm34), RequestContext(0, (0,), 3, 1)))
    assert (act.confidence, act.stated_confidence, act.urgency) == (kept, 0.4, "soon")
    assert (act.findings, act.thought) == ("A patch.", "Dry.")
    assert "Your findings: A patch.\nYour reasoning: Dry.\n" in asked[-1].prompt.messages[-1].text


def test_a_referral_says_where_to_go_with_an_alarm(conclude: Ask) -> None:
    where = "Have an eye doctor look at it today."
    act, _ = conclude("plain", "I cannot tell.", "It is cancer.", urgency="soon", where=(where,))
    assert "to a specialist; you should be seen within days." in act.text
    assert act.text.endswith(where) and act.urgency == "urgent"
    act, _ = conclude("plain", "I cannot tell.", "", urgency="soon", where=("Go to the emergency department now.",))
    assert act.text.endswith("Go to the emergency department now.") and act.urgency == "emergency"
    assert "within days" not in act.text


def test_a_question_about_a_disease_that_nobody_named_is_answered_by_a_program(derm34: Scenario) -> None:
    async def generate(request: Request) -> Reply:
        raise AssertionError("nobody is asked")

    seen = view(derm34)
    seen = replace(seen, lines=(*seen.lines, Line("patient", "ask", "Is it cancer?", "serious")))
    attending = Attending(RoleClient("attending", ModelInfo("fake", "test", "plain"), generate), derm34)
    act = asyncio.run(attending.reply(seen, RequestContext(0, (0,), 3, 1)))
    assert (act.source, act.text) == ("program", "I cannot tell you more about that today.")


def test_where_to_go_with_an_alarm_is_in_no_prompt_and_in_the_program_s_words(conclude: Ask) -> None:
    where = "Have an eye doctor look at it today."
    for dialect, decision in (("plain", SHINGLES), ("starter", "<think>I see it.</think><answer>shingles</answer>")):
        act, asked = conclude(dialect, decision, "Nonsense.", where=(where,), urgency="soon")
        assert where not in repr(asked)
        assert (where in act.text, act.urgency) == ((True, "urgent") if dialect == "starter" else (False, "soon"))


# -- the advice in other words -----------------------------------------------------------------------------------------

EXPLAINED = frames("doctor", "explain", "told")[0]
QUOTING = "<think>I noted <site>.</think><answer>acne</answer> soon."


def advised(
    scenario: Scenario, broken: dict[str, int], decision: str = QUOTING, explanation: str = EXPLAINED
) -> tuple[Act, Asked]:
    """Let an attending conclude that it is acne.

    Args:
        scenario: Whose advice.
        broken: Sentence → how often its wording fails; all others never do.
        decision: What the attending decides.
        explanation: Its frame.
    """
    left = dict(broken)

    class Wording(Asked):
        async def generate(self, request: Request) -> Reply:
            if request.task != "rewording":
                return await super().generate(request)
            self.append(request)
            sentence = request.prompt.messages[-1].text.removeprefix("say ")
            left[sentence] = left.get(sentence, 0) - 1
            return Reply("Dogs bark." if left[sentence] >= 0 else rewordings()[sentence][0], tokens_in=10)

    asked = Wording(decision=decision, explanation=explanation)
    attending = Attending(RoleClient("attending", ModelInfo("fake", "test", "starter"), asked.generate), scenario)
    return asyncio.run(attending.conclude(view(scenario), RequestContext(0, (0,), 5, 2))), asked


def test_the_advice_is_worded_sentence_by_sentence(derm34: Scenario) -> None:
    sentences = explained(derm34.labels["acne"], {})
    act, asked = advised(derm34, {})
    assert asked.tasks == ["decision", *["rewording"] * len(sentences), "explanation"]
    assert [r.prompt.messages[-1].text for r in asked[1:-1]] == [f"say {sentence}" for sentence in sentences]
    assert len({r.key for r in asked}) == len(asked) == len({r.seed for r in asked})
    assert all(rewordings()[sentence][0].rstrip(".") in act.text for sentence in sentences)
    assert not any(sentence in act.text for sentence in sentences) and "it is on my hands" in act.text.lower()
    assert act.draft == Draft(True, False, 1, False) and act.usage.tokens_in == 10 * len(asked)


@pytest.mark.parametrize("number", [0, -1])
def test_a_sentence_that_fails_twice_is_said_as_the_scenario_has_it(derm34: Scenario, number: int) -> None:
    sentences = explained(derm34.labels["acne"], {})
    poor, others = sentences[number], [s for s in sentences if s != sentences[number]]
    act, asked = advised(derm34, {poor: 2})
    assert poor.rstrip(".") in act.text and rewordings()[poor][0] not in act.text
    assert all(rewordings()[sentence][0].rstrip(".") in act.text for sentence in others)
    again = [r for r in asked if r.prompt.messages[-1].text == f"say {poor}"]
    assert len(again) == 2 == len({r.seed for r in again}) and asked.tasks.count("rewording") == len(sentences) + 1
    # The program said a sentence, and so it is not the model's line as it stands.
    assert act.draft == Draft(False, False, 1, True)


def test_a_sentence_that_fails_once_is_asked_for_once_more(derm34: Scenario) -> None:
    poor = explained(derm34.labels["acne"], {})[0]
    act, _ = advised(derm34, {poor: 1})
    assert poor not in act.text and rewordings()[poor][0].rstrip(".") in act.text
    assert act.draft is not None and not act.draft.fallback


def test_an_emergency_is_not_worded_sentence_by_sentence(derm34: Scenario) -> None:
    frame = frames("doctor", "explain", "emergency")[0]
    act, asked = advised(derm34, {}, QUOTING.replace("soon", "emergency"), frame)
    assert asked.tasks == ["decision", "explanation"] and "emergency department" in act.text
    assert (act.urgency, act.draft) == ("emergency", Draft(True, False, 1, False))
    assert asked[-1].prompt.messages[-1].text == "explain emergency"


@pytest.mark.parametrize("urgency", ["routine", "soon", "urgent", "emergency"])
@pytest.mark.parametrize("before", [None, "soon", "emergency"])
def test_the_urgency_that_the_starter_decides_is_the_final_one(
    conclude: Ask, urgency: Urgency, before: Urgency | None
) -> None:
    decision = f"<think>I see it.</think><answer>shingles</answer> {urgency}. hives"
    act, _ = conclude("starter", decision, "Nonsense.", urgency=before)
    assert (act.urgency, act.diagnosis, act.differential) == (urgency, "shingles", ("shingles", "hives"))
    unstated, _ = conclude("starter", decision.replace(f" {urgency}.", ""), "Nonsense.", urgency=before)
    assert unstated.urgency == before


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_an_answer_to_a_question_back_is_worded_too(derm34: Scenario, failures: int) -> None:
    answer = derm34.labels["acne"].answers["outlook"]
    own, frame = rewordings()[answer][0], frames("doctor", "reply")[0]
    asked = Asked(rewording=[*["Dogs bark."] * failures, own], reply=frame)
    attending = Attending(RoleClient("attending", ModelInfo("fake", "test", "starter"), asked.generate), derm34)
    lines = (Line("patient", "ask", "How long will it last?", "outlook"),)
    seen = DoctorView(lines, (), (), {}, {}, diagnosis="acne")
    act = asyncio.run(attending.reply(seen, RequestContext(0, (0,), 8, 4)))
    assert act.text == frame.replace("<reply>", answer if failures == 2 else own)
    assert act.draft == Draft(failures < 2, False, 1, failures == 2)
    assert act.source == ("program" if failures == 2 else "model")
    assert asked.tasks == [*["rewording"] * min(failures + 1, 2), "reply"]
    assert act.usage.tokens_in == 10 * len(asked)


def test_the_same_words_around_another_quotation_are_a_repetition(derm34: Scenario) -> None:
    frame, other = frames("doctor", "specialist", "told")[:2]
    asked = Asked(opinion=f"<site> {other}")
    client = RoleClient("specialist", ModelInfo("fake", "test", "starter"), asked.generate)
    members = [Specialist(client, "dentistry", n) for n in range(4)]
    site, age = (
        Opinion("dentistry", "acne", 0.9, frame.replace("<fact>", clause)) for clause in ("on my arm", "I am 9")
    )
    nothing_said = Opinion("dentistry", None, None, NO_OPINION, usable=False)
    role_models = SimpleNamespace(observe=lambda: SimpleNamespace(view=view(derm34)), scenario=derm34)
    session = SimpleNamespace(
        consultation=role_models, context=lambda _: RequestContext(0, (0,), 4, 2), doctor_view=lambda _: view(derm34)
    )
    given = [(opinion, Usage()) for opinion in (site, age, nothing_said, nothing_said)]
    told = asyncio.run(_in_words_of_their_own(members, given, session))  # type: ignore[arg-type]
    said = [opinion.reason for opinion, _ in told]
    assert said == [site.reason, other.replace("<fact>", "it is on my hands"), NO_OPINION, NO_OPINION]
    assert asked.tasks == ["opinion"]


def test_a_member_that_repeats_a_colleague_gives_its_reason_in_other_words(derm34: Scenario) -> None:
    first = frames("doctor", "specialist", "seen")
    asked = Asked(look=PATCH, opinion=f" {first[1]}")
    doctor = Specialist(RoleClient("specialist", ModelInfo("fake", "test", "starter"), asked.generate), "dentistry", 1)
    said = Opinion("dentistry", "acne", 0.9, sentence_case(first[0].replace("<seen>", PATCH)))
    again, _ = asyncio.run(
        doctor.in_other_words(said, [said.reason], seeing(derm34), derm34, RequestContext(0, (0,), 4, 2))
    )
    assert (again.diagnosis, again.confidence) == ("acne", 0.9)
    assert again.reason != said.reason and PATCH in again.reason
    held = asked[-1].prompt.choice
    assert held is not None and f" {first[0]}" not in held.options and f" {first[1]}" in held.options
    broken = Asked(look=PATCH, opinion=" Blue.")
    doctor = Specialist(RoleClient("specialist", ModelInfo("fake", "test", "starter"), broken.generate), "dentistry", 1)
    kept, _ = asyncio.run(
        doctor.in_other_words(said, [said.reason], seeing(derm34), derm34, RequestContext(0, (0,), 4, 2))
    )
    assert kept == said


@pytest.mark.parametrize(
    ("words", "urgency", "told"),
    [
        ("It will pass. " * 4, "urgent", "I think this is shingles; you should be seen today."),
        ("The patient: I'm sorry.", None, "I think this is shingles."),
        (
            "<what you tell the patient>",
            "emergency",
            "I think this is shingles, and it cannot wait. Please go to the emergency department now.",
        ),
    ],
)
def test_a_decision_whose_words_cannot_be_said_is_told_by_the_program(
    conclude: Ask, words: str, urgency: str | None, told: str
) -> None:
    act, asked = conclude("plain", SHINGLES, words, urgency=urgency)
    assert (act.text, act.source, act.diagnosis) == (told, "program", "shingles")
    assert [one.task for one in asked] == ["decision", "explanation", "explanation"]
    assert "cannot be" not in asked[1].prompt.messages[-1].text
    assert "as they are" in asked[2].prompt.messages[-1].text


@pytest.mark.parametrize(("named", "confidence"), [("eczema", 0.4), ("not my field", None)])
def test_only_a_diagnosis_has_a_confidence(derm34: Scenario, named: str, confidence: float | None) -> None:
    async def generate(request: Request) -> Reply:
        return Reply(f'{{"reasoning": "Dry.", "diagnosis": "{named}", "confidence": 0.9}}', probability=0.4)

    specialist = Specialist(RoleClient("specialist", ModelInfo("fake", "test", "plain"), generate), "dermatology", 0)
    opinion, _ = asyncio.run(specialist.opinion(view(derm34), derm34, RequestContext(0, (0,), 3, 1)))
    assert (opinion.usable, opinion.confidence) == (True, confidence)
