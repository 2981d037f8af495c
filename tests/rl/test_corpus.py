"""Lessons: made from train cases, right about what can be known, and in the format that the model is asked in."""

import random
from collections import Counter
from functools import partial

import pytest

from consult.agents.acts import NOT_MY_FIELD, DoctorView, Line, PatientTask, PatientView
from consult.agents.dialects.dialect import ActionWord
from consult.agents.dialects.starter import HABITS, SLOTS, TAGS, TOPIC_TAGS, tag
from consult.agents.models import Request
from consult.agents.models.transformers_folder import TransformersModel
from consult.agents.temperament import temperaments
from consult.rl.starter import architecture
from consult.rl.starter.corpus import DIALECT, Corpus
from consult.rl.starter.encoding import HARD, Encoder, rendered, single_tokens
from consult.rl.starter.evidence import BY_SIGHT
from consult.rl.starter.lesson import SHARES, WORDING_SHARES, Soft, Withheld, wording
from consult.scenarios import Card, Fact, load_scenario

SCENARIO = load_scenario("derm34")
KNOWING = Card(Fact("complaint", "complaint", "I am ill"), tuple(Fact(t, t, f"it is {t}") for t in SCENARIO.topics))
"""A card with a fact on every topic."""


def corpus(seed=0, **more):
    return Corpus(SCENARIO, SCENARIO.source, random.Random(seed), **more)


def asked(lesson):
    return lesson.prompt.messages[-1].text


@pytest.fixture(scope="module")
def tokenizer():
    made = corpus(1)
    texts = [lesson.text for lesson in (made.lesson() for _ in range(600))]
    return architecture.train_tokenizer(texts, single_tokens(SCENARIO))


def test_both_stages_have_every_task_and_their_shares_add_up():
    assert set(SHARES) == set(WORDING_SHARES)
    assert sum(SHARES.values()) == pytest.approx(1) == sum(WORDING_SHARES.values())


@pytest.mark.parametrize("task", SHARES)
def test_the_targets_of_every_task_add_up(task):
    made = corpus(2)
    for _ in range(60):
        lesson = made.lesson(task)
        for part in lesson.answer:
            if isinstance(part, Soft):
                assert sum(part.weights.values()) == pytest.approx(1)
                assert part.weights[part.chosen] > 0
        assert all(sum(p.values()) == pytest.approx(1) for p in lesson.running)
        assert (lesson.case is not None) == any(m.photographs for m in lesson.prompt.messages)


def test_lessons_see_train_cases_only():
    made = corpus(3)
    sizes = SCENARIO.splits["train"]
    cases = {made.lesson("opinion").case for _ in range(200)} - {None}
    assert len(cases) > 100 and max(cases) < sizes
    photographs = {
        m.photographs[0].id for _ in range(50) for m in made.lesson("triage").prompt.messages if m.photographs
    }
    assert photographs and all(p.startswith("derm34/train-") for p in photographs)


def test_answers_can_be_read_back_by_the_dialect():
    made = corpus(4)
    for _ in range(80):
        evidence = made.evidence()
        view = made._view(evidence, evidence.opening(), True, offers=("ask", "examine", "consult", "conclude"))
        readers = {
            "triage": partial(DIALECT.read_triage, view=view),
            "action": partial(DIALECT.read_action, view=view),
            "opinion": partial(DIALECT.read_opinion, view=view, scenario=SCENARIO),
            "decision": partial(DIALECT.read_decision, view=view, scenario=SCENARIO),
        }
        for task, reader in readers.items():
            lesson = made.lesson(task)
            word = reader(lesson.text)
            assert word is not None, lesson.text
            if task == "triage":
                # The reason names the clinic by its slot alone: what is withheld is not taught by it.
                assert not any(name in lesson.text.partition(". ")[2] for name in SCENARIO.specialties)
            if task in ("triage", "action"):
                assert bool(word.thought) == lesson.prompt.messages[0].text.endswith(" thinking")


def test_a_patients_lines_can_be_read_back():
    made, kinds = corpus(9), Counter()
    for _ in range(400):
        lesson = made.lesson("patient")
        kind, *slots = asked(lesson).split()
        kinds[kind] += 1
        facts = KNOWING.facts[: sum(slot in SLOTS for slot in slots)]
        assert DIALECT.read_patient_line(lesson.text, PatientTask(kind, facts)) is not None, lesson.text
    assert set(kinds) == {"open", "answer", "unknown", "ask", "satisfied", "reluctant"}


def test_a_question_is_about_the_topic_that_was_chosen():
    view = DoctorView((Line("patient", "answer", "", "site", (("site", "it is on my hand"),)),), (), (), {}, {})
    made, acts, echoes, heard = corpus(10), Counter(), 0, 0
    for _ in range(600):
        lesson = made.lesson("wording")
        act, *last = asked(lesson).split("\n")
        action, *topic = act.removeprefix("first ").split()
        acts[action] += 1
        echoes += SLOTS[0] in lesson.text
        heard += bool(last)
        # Nothing is picked up where nothing was heard.
        assert all(line.startswith("<said> ") for line in last) and (last or SLOTS[0] not in lesson.text)
        word = ActionWord(action, topic[0] if topic else None, "")
        assert DIALECT.read_wording(lesson.text, view, word) is not None, lesson.text
    assert set(acts) == {"ask", "examine", "consult"} and 20 < echoes < heard < 600


def test_a_free_patient_answers_what_it_is_asked():
    made = corpus(11)
    answered, volunteered, unknown = 0, 0, 0
    for _ in range(600):
        lesson = made.lesson("free")
        if not asked(lesson).startswith("free "):
            continue
        view = PatientView(KNOWING, "sanguine", (Line("attending", "ask", "?"),), SCENARIO.topics, ("answer",))
        word = DIALECT.read_free_line(lesson.text, view)
        assert word is not None and word.action == "answer", lesson.text
        first = lesson.answer[0]
        if isinstance(first, str):
            assert first == "<unsure>" and word.facts == ()
            unknown += 1
            continue
        answered += 1
        volunteered += len(word.facts) > 1
        assert first.weights == {first.chosen: 1.0} and first.chosen.strip("<>") in word.facts
    assert answered > 300 and 20 < unknown < 100 and 50 < volunteered < answered - 50


@pytest.mark.parametrize("temperament", temperaments())
def test_a_free_patient_reacts_as_its_temperament_does(temperament):
    made, mind, seen = corpus(12), temperaments()[temperament], set()
    for _ in range(60):
        lesson = made._free_reaction(temperament)
        react, again = lesson.answer[0], asked(lesson) == "react again"
        asks = 0.0 if again else mind.asks_back
        expected = {"<ask>": asks, "<satisfied>": (1 - asks) * mind.accepts}
        expected["<reluctant>"] = 1 - sum(expected.values())
        assert react.weights == pytest.approx(expected)
        view = PatientView(KNOWING, temperament, (Line("attending", "conclude", ""),), {}, ("ask", "satisfied"))
        word = DIALECT.read_free_line(lesson.text, view)
        assert word is not None and lesson.prompt.messages[0].text == f"patient {temperament}"
        assert (word.action == "ask") == (react.chosen == "<ask>") == (word.topic is not None)
        assert word.accepts == {"<ask>": None, "<satisfied>": True, "<reluctant>": False}[react.chosen]
        seen.add((again, react.chosen))
    assert (True, "<ask>") not in seen and {again for again, _ in seen} == {False, True}


def test_the_attending_never_asks_what_it_knows():
    made = corpus(5)
    for _ in range(300):
        lesson = made.lesson("action")
        known = [line.split(">")[0] + ">" for line in lesson.prompt.messages[1].text.split("\n")]
        # A thought's names of diagnoses are weighed, too.
        weighed = [name for part in lesson.answer if isinstance(part, Soft) for name in part.weights]
        topics = {name for name in weighed if name.strip("<>") in (*SCENARIO.topics, *SCENARIO.examinations)}
        assert not topics & set(known)
        assert topics or lesson.answer[-1].chosen in ("<consult>", "<conclude>")


def test_who_thinks_names_two_diagnoses_by_how_likely_they_are():
    made, posterior = corpus(13), {"acne": 0.7, "hives": 0.2, "eczema": 0.1}
    firsts = Counter()
    for _ in range(400):
        _, first, _, second, end = made._thought(posterior)
        firsts[first.chosen] += 1
        assert end == ".</think>" and first.weights == posterior
        rest = {label: p / (1 - posterior[first.chosen]) for label, p in posterior.items() if label != first.chosen}
        assert second.weights == pytest.approx(rest) and second.chosen != first.chosen
    assert firsts["acne"] > firsts["hives"] > firsts["eczema"] > 0
    certain = made._thought({"acne": 1.0, "hives": 0.0})
    assert "".join(p if isinstance(p, str) else p.chosen for p in certain) == "<think>I think of acne.</think>"


def test_a_classifiers_three_are_told_to_some_who_see():
    made, told = corpus(14), Counter()
    for _ in range(500):
        lesson = made.lesson("triage")
        lines = [line for line in asked(lesson).split("\n") if line.startswith("<expert> ")]
        seen = bool(lesson.prompt.messages[-1].photographs)
        told[seen, len(lines)] += 1
        for line in lines:
            named = line.removeprefix("<expert> ").split(", ")
            assert len(set(named)) == 3 and set(named) <= set(SCENARIO.labels)
    assert (False, 1) not in told and 10 < told[True, 1] < 100 < told[True, 0]


def test_a_classifier_goes_by_the_photograph_alone():
    made, right, first = corpus(15), 0, 0
    for _ in range(200):
        evidence = made.evidence()
        named = evidence.by_sight()
        evidence.opening()
        evidence.interview(9)
        assert evidence.by_sight() == named
        right += evidence.case.truth.diagnosis in named
        first += evidence.case.truth.diagnosis == named[0]
    assert 100 < right < 200 and 30 < first < right


# -- a panel's habits --------------------------------------------------------------------------------------------------


def test_each_member_of_a_panel_goes_by_its_habit():
    made, flat = corpus(16), dict.fromkeys(SCENARIO.labels, 1.0)
    differ = Counter()
    for _ in range(60):
        evidence = made.evidence()
        evidence.opening()
        evidence.interview(6)
        whole, eyes, story = (evidence.habitual(True, flat, member) for member in range(HABITS))
        assert whole == evidence.posterior(True, flat)
        assert story == evidence.posterior(False, flat)
        assert eyes == evidence.posterior(True, flat, [t for t in evidence.told if t in BY_SIGHT])
        blind = [evidence.habitual(False, flat, member) for member in range(HABITS)]
        assert blind[2] == blind[0] == story
        differ.update(eyes=eyes != whole, story=story != whole)
        for posterior in (whole, eyes, story, *blind):
            assert sum(posterior.values()) == pytest.approx(1)
    assert min(differ.values()) > 50


def test_opinions_are_taught_for_every_place_in_the_panel():
    made, members = corpus(17), Counter()
    for _ in range(120):
        lesson = made.lesson("opinion")
        members[lesson.prompt.messages[0].text[-1]] += 1
    assert set(members) == {str(n) for n in range(1, HABITS + 1)} and min(members.values()) > 20


def test_a_reason_quotes_what_was_told():
    made, quoting = corpus(18), 0
    for _ in range(300):
        lesson = made.lesson("opinion")
        named, *rest = lesson.answer
        if named.chosen == NOT_MY_FIELD:
            continue
        topics = [part for part in rest if isinstance(part, Soft) and part.chosen.startswith("<")]
        told = {line.partition(" ")[0] for line in asked(lesson).split("\n")}
        assert (SLOTS[0] in lesson.text) == bool(topics)
        # Who saw nothing has nothing else to go by.
        assert topics or lesson.prompt.messages[-1].photographs
        quoting += len(topics)
        for soft in topics:
            assert set(soft.weights) <= told and lesson.text.startswith(f"{named.chosen}.{soft.chosen} ")
    assert quoting > 150


def test_what_is_typical_of_a_diagnosis_supports_it():
    made, tables = corpus(19), SCENARIO.source.tables
    for _ in range(40):
        evidence = made.evidence()
        evidence.opening()
        evidence.interview(8)
        for label in ("eczema", "acne"):
            support = evidence.support(label)
            assert set(support) == {t for t in evidence.told if t != "alarm" and t in TOPIC_TAGS}
            for topic, weight in support.items():
                value = evidence.facts[topic][0].value
                usual = sum(tables.table(name, topic).get(value, 0) for name in tables.labels) / len(tables.labels)
                assert (weight > 1) == (tables.table(label, topic).get(value, 0) > usual)


def test_a_decisions_thought_notes_topics_that_were_told():
    made, noted = corpus(20), 0
    topics = {tag(t) for t in (*SCENARIO.topics, *SCENARIO.examinations)}
    for _ in range(200):
        lesson = made.lesson("decision")
        told = {line.partition(" ")[0] for line in asked(lesson).split("\n")}
        quoted = {topic for topic in topics if topic in lesson.text.partition("</think>")[0]}
        noted += bool(quoted)
        assert quoted <= told
    assert noted > 100


# -- labels that are withheld ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("task", "limit"), [("triage", "triage_labels"), ("decision", "decision_labels")])
def test_only_the_first_cases_labels_are_taught(task, limit):
    made, taught = corpus(21, **{limit: 3400}), Counter()
    for _ in range(150):
        lesson = made.lesson(task)
        withheld = [part for part in lesson.answer if isinstance(part, Withheld)]
        if lesson.case is not None:
            taught[lesson.case < 3400] += 1
            assert len(withheld) == (lesson.case >= 3400)
        named = withheld[0].chosen if withheld else None
        assert named is None or named in (SCENARIO.specialties if task == "triage" else SCENARIO.labels)
    assert min(taught[True], taught[False]) > 30
    assert not any(isinstance(p, Withheld) for _ in range(60) for p in corpus(22).lesson(task).answer)


@pytest.mark.parametrize(("task", "limit"), [("triage", "triage_labels"), ("decision", "decision_labels")])
def test_a_withheld_label_is_read_on_from_and_not_learned(tokenizer, task, limit):
    made, encoder = corpus(23, **{limit: 0}), Encoder(tokenizer, list(SCENARIO.labels))
    for _ in range(40):
        lesson = made.lesson(task)
        encoded = encoder.encode(lesson)
        answer = len(tokenizer.encode(rendered(lesson.prompt), add_special_tokens=False))
        assert set(encoded.targets[:answer]) == {HARD}
        # A decision that lacks its runners-up does not teach to stop there.
        end, cut = ("", "<|im_end|>") if lesson.cut else ("<|im_end|>", "")
        assert lesson.cut == (task == "decision")
        assert tokenizer.decode(encoded.ids[answer:]) == lesson.text + "<|im_end|>"
        places = [i for i, target in enumerate(encoded.targets) if i >= answer and target == HARD]
        (label,) = (part.chosen for part in lesson.answer if isinstance(part, Withheld))
        assert tokenizer.decode([encoded.ids[i] for i in places]) == label + cut
        # Neither as a distribution: what is weighed is what is not withheld, urgencies and thoughts.
        weighed = [part for part in lesson.answer if isinstance(part, Soft)]
        assert len(encoded.soft) == len(weighed) and not {place for place, *_ in encoded.soft} & set(places)
        learned = [i for i, t in zip(encoded.ids, encoded.targets, strict=True) if t != HARD]
        parts = ["" if isinstance(p, Withheld) else p if isinstance(p, str) else p.chosen for p in lesson.answer]
        assert tokenizer.decode(learned) == "".join(parts) + end


def test_a_withheld_decision_names_no_runners_up():
    """They follow from the posterior over the diagnoses, which is what is withheld."""
    made = corpus(24, decision_labels=0)
    assert all(made.lesson("decision").text.endswith("</answer>") for _ in range(40))


def test_more_evidence_makes_the_posterior_righter():
    made = corpus(6)
    first, last = [], []
    for _ in range(300):
        evidence = made.evidence()
        evidence.opening()
        evidence.interview(9)
        truth = evidence.case.truth.diagnosis
        running = evidence.running(True)
        first.append(max(running[0], key=running[0].get) == truth)
        last.append(max(running[-1], key=running[-1].get) == truth)
    assert sum(last) > sum(first) + 30 and sum(last) > 250


def test_names_are_one_token_and_nothing_is_lost(tokenizer):
    for name in (*single_tokens(SCENARIO), *TAGS):
        assert len(tokenizer.encode(name, add_special_tokens=False)) == 1
    text = "I see eczema, soon. <ask><site> It's \u2018odd\u2019, 37\u00b0."
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_encoded_places_are_where_they_should_be(tokenizer):
    made, encoder = corpus(7), Encoder(tokenizer, list(SCENARIO.labels))
    for task in ("triage", "opinion", "decision"):
        for _ in range(30):
            lesson = made.lesson(task)
            encoded = encoder.encode(lesson)
            assert len(encoded.ids) == len(encoded.targets)
            answer = [i for i, t in zip(encoded.ids, encoded.targets, strict=True) if t != HARD]
            assert tokenizer.decode(answer) == lesson.text + "<|im_end|>"
            for place, alternatives, weights in encoded.soft:
                assert encoded.ids[place] in alternatives and sum(weights) == pytest.approx(1, abs=0.01)
            assert len(encoded.running) == len(lesson.running)
            lines = lesson.prompt.messages[1].text.split("\n")
            for number, (place, _) in enumerate(encoded.running):
                before = tokenizer.decode(encoded.ids[:place])
                assert before.endswith(lines[lesson.first_line + number])


def test_lessons_are_rendered_as_the_model_is_asked(tokenizer, tmp_path):
    model = architecture.build_model(len(tokenizer), 0)
    model.save_pretrained(tmp_path)
    architecture.build_processor(tokenizer).save_pretrained(tmp_path)
    loaded = TransformersModel.load(tmp_path, "tiny")
    made = corpus(8)
    for task in SHARES:
        prompt = made.lesson(task).prompt
        request = Request((0,), "patient", task, 0, prompt, 0)
        ids = loaded._inputs([request])["input_ids"][0].tolist()
        assert tokenizer.encode(rendered(prompt), add_special_tokens=False) == ids


def test_no_phrase_of_a_temperament_is_in_more_than_a_twentieth_of_its_frames():
    for temperament, bank in wording("patient").items():
        assert bank["reluctant"] and not any("{" in line for line in bank["reluctant"])
        frames = [*bank["one"], *bank["two"], *bank["three"]]
        phrases = Counter()
        for frame in frames:
            words = frame.lower().replace("{", " {").split()
            phrases.update({tuple(words[i : i + 4]) for i in range(len(words) - 3)})
        share = {p: n / len(frames) for p, n in phrases.items() if not any("{" in word for word in p)}
        assert max(share.values(), default=0) <= 0.05, temperament


def test_an_echo_picks_up_one_thing_and_asks_nothing():
    from consult.agents.dialects.questions import topic_of

    echoes = wording("doctor")["echo"]
    assert len(set(echoes)) == len(echoes) > 8
    for echo in echoes:
        assert echo.count("{fact}") == 1 and echo.count("{") == 1
        words = echo.replace("{fact}", "")
        assert [topic_of(words, kind) for kind in ("questions", "examinations")] == [None, None], echo
