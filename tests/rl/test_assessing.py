"""Examples in assessing: edits turn their items, examples follow from a seed, the recipe ends where it would have."""

from dataclasses import replace
from random import Random

import pytest
import torch
from narrowing import present

from consult.agents.acts import Act
from consult.agents.assessors.rubric import BY_KEY
from consult.agents.assessors.rules import Played, assess_by_rules
from consult.agents.models import ModelError, Request, open_model
from consult.agents.prompt_formats import DIALECTS
from consult.agents.prompt_formats.starter_assessment import CONSTRUCTED, assessment_fingerprint
from consult.agents.roles.advice import plain_reply
from consult.envs.assessing import view_of
from consult.rl.starter.assessor import contrasts, edits, recipe, training
from consult.rl.starter.assessor.auxiliary_targets import BASIS, FITS, LABEL, PART, AuxiliaryTargets
from consult.rl.starter.assessor.edits import sent_to_emergency
from consult.rl.starter.assessor.examples import Edited, edited, example, values_of
from consult.rl.starter.assessor.recipe import AssessorRecipe, train_assessor
from consult.rl.starter.stages import RecipeError
from consult.scenarios import load_scenario
from consult.scenarios.conditional import known_facts, known_of

SCENARIO = load_scenario("derm34")


def learned(case):
    """What the doctor of `good` knows of the patient."""
    topics = ("complaint", "history", "sensation", "trigger", "age")
    return known_facts([fact for topic in topics for fact in case.card.about(topic)[:1]], case.card.sex)


def needs_no_more(case):
    """Whether the plan that the doctor of `good` can choose is the one that the patient needs."""
    label = SCENARIO.labels[case.truth.diagnosis]
    return label.plan_for(learned(case)) == label.plan_for(known_of(case.card))


DRAWN = map(SCENARIO.case, SCENARIO.case_ids("train")[:68])
CASES = [case for case in DRAWN if case.truth.urgency in ("routine", "soon") and needs_no_more(case)][:12]
BANK = contrasts.held_out()


def asks(case, topic, words):
    fact = case.card.about(topic)[0]
    answer = Act("patient", "answer", f"{fact.text}.", topic=topic, facts=(fact.id,))
    return [Act("attending", "ask", words, topic=topic), answer]


def good(case):
    """A consultation as the starter plays it, in which every rule is met and a question back is answered."""
    label = SCENARIO.labels[case.truth.diagnosis]
    plan = " ".join(label.plan_for(learned(case)))
    told = f"The answer is {label.name}. I can see {SCENARIO.findings[3]}. {label.explanation} {plan}"
    kind, answer = next(iter(label.answers.items()))
    acts = [
        Act("patient", "open", f"{case.card.complaint.text}.", facts=(case.card.complaint.id,)),
        Act("triage", "triage", "Off you go.", specialty="dermatology", urgency="routine"),
        *asks(case, "history", "What illnesses have you had?"),
        *asks(case, "sensation", "What does it feel like?"),
        *asks(case, "trigger", "What brought it on?"),
        Act("attending", "consult", "Let me ask."),
        Act("attending", "conclude", f"{told} {label.safety_net_for(learned(case))}", diagnosis=label.name),
        Act("patient", "ask", "Is that so?", topic=kind),
        Act("attending", "answer", answer),
        Act("patient", "satisfied", "Goodbye.", accepts=True),
    ]
    return Played(case, SCENARIO, tuple(acts))


TURNS = {
    edits.without_history: {"1.1"},
    edits.without_symptoms: {"1.2"},
    edits.with_one_kind: {"1.2"},
    edits.without_basis: {"1.3"},
    edits.with_another_diagnosis: {"3.1"},
    edits.with_another_plan: {"3.2"},
    edits.without_red_flags: {"3.2"},
    edits.sent_to_emergency: {"1.3", "3.2"},
    edits.with_a_rude_line: {"2.1"},
    edits.brushed_off: {"2.2"},
    edits.left_unanswered: {"2.2"},
    edits.with_a_polite_line: set(),
    edits.answered_otherwise: set(),
    edits.with_noise: set(),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", TURNS, ids=lambda edit: edit.__name__)
def test_an_edit_turns_its_item_and_no_other(edit):
    for number, case in enumerate(CASES):
        before = values_of(good(case))
        assert before == {**dict.fromkeys(BY_KEY, 1), "4.1": 2}
        after = edit(good(case), Random(number), BANK)
        turned = {key for key, value in values_of(after, (edit,)).items() if value != before[key]}
        assert turned - {"4.1"} == TURNS[edit], case.id


UNDONE = {
    edits.with_history: (edits.without_history, "1.1"),
    edits.with_another_question: (edits.without_symptoms, None),
    edits.with_basis: (edits.without_basis, "1.3"),
    edits.with_right_plan: (edits.with_another_plan, None),
    edits.with_right_diagnosis: (edits.with_another_diagnosis, "3.1"),
    edits.with_fitting_truth: (edits.with_another_diagnosis, "3.1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("edit", UNDONE, ids=lambda edit: edit.__name__)
def test_what_was_taken_away_can_be_put_back(edit):
    away, item = UNDONE[edit]
    for number, case in enumerate(CASES):
        without = present(away(good(case), Random(number), BANK))
        back = edit(without, Random(number), BANK)
        if edit is edits.with_right_plan:
            # The plan that was told is no longer that of the diagnosis that was named.
            assert back is None
            continue
        assert back is not None and (back.acts != without.acts or back.case != without.case)
        if item:
            assert assess_by_rules(without)[item].value == 0 and assess_by_rules(back)[item].value == 1, case.id


REWORDED = (
    "I suspect acne. Put simply, the oil glands of the skin get blocked. Now to the treatment. Once a day, please "
    "spread a thin layer of benzoyl peroxide gel over the whole area. It is best not to squeeze the spots and to give "
    "the treatment three months. Please also remember this: Please come back if deep painful lumps or scars form, or "
    "if it affects your mood."
)


def test_a_plan_in_other_words_is_edited_too():
    played = good(CASES[0])
    conclusion = replace(present(played.conclusion), diagnosis="acne", text=REWORDED)
    acts = tuple(conclusion if act is played.conclusion else act for act in played.acts)
    played = replace(played, acts=acts)
    without = present(present(edits.without_red_flags(played, Random(0), BANK)).conclusion).text
    assert "mood" not in without and "remember" not in without and without.endswith("three months.")
    swapped = present(present(edits.with_another_plan(played, Random(0), BANK)).conclusion).text
    assert swapped.startswith(
        "I suspect acne. Put simply, the oil glands of the skin get blocked. Now to the treatment."
    )
    assert not any(word in swapped for word in ("benzoyl", "squeeze", "mood"))
    # The scenario's sentence, in whatever words, tells the auxiliary heads whose it is.
    last = REWORDED[REWORDED.index("Please also") :]
    flags = AuxiliaryTargets(SCENARIO, BANK)._of_sentence(last, played)
    assert (flags[LABEL], flags[PART]) == (list(SCENARIO.labels).index("acne"), 3)


def test_where_there_is_nothing_to_edit_there_is_no_example():
    bare = Played(CASES[0], SCENARIO, (Act("patient", "open", "It itches."),))
    for edit in (*TURNS, *UNDONE):
        if edit not in (edits.with_noise, edits.with_another_truth):
            assert edit(bare, Random(0), BANK) is None, edit.__name__
    assert edits.cut_off(bare, Random(0), BANK) is None and sent_to_emergency(bare, Random(0), BANK) is None


def test_an_answer_that_says_nothing_is_no_example_in_wishes():
    played = good(CASES[0])
    evasive = plain_reply(None, None, SCENARIO)
    acts = tuple(replace(act, text=evasive) if act.action == "answer" and act.speaker == "attending" else act
                 for act in played.acts)  # fmt: skip
    assert values_of(Played(played.case, SCENARIO, acts))["2.2"] is None


def test_the_banks_are_parted_and_large_enough():
    learned, held = contrasts.learned(), contrasts.held_out()
    assert set(learned) - set(held) == {"framed"} and not set(learned["framed"]) & set(held["rude"])
    assert not any("{" in line for line in learned["framed"]) and len(set(learned["framed"])) > 300
    for kind in held:
        assert not set(learned[kind]) & set(held[kind])
        assert len(held[kind]) == (len(learned[kind]) + len(held[kind])) // 4
    assert min(len(learned[kind]) + len(held[kind]) for kind in ("rude", "brush_off")) >= 60


@pytest.mark.slow
def test_an_example_follows_from_its_seed_and_learns_the_values_alone():
    played = [good(case) for case in CASES]

    def drawn(seed):
        rng = Random(seed)
        return [edited(rng.choice(played), rng, contrasts.learned()) for _ in range(40)]

    one, same = drawn(3), drawn(3)
    assert [e.played.acts for e in one] == [e.played.acts for e in same] and one[0].values == same[0].values
    for key in BY_KEY:
        assert len({e.values[key] for e in one}) >= 2, key
    made = example(Edited(played[0], {**dict.fromkeys(BY_KEY, 1), "4.1": 2, "3.2": None}))
    assert made.text == "<history>1<symptoms>1<fact>1<said>1<answer>1<conclude>1<treatment>0<expert>2"
    assert [part for part in made.answer if isinstance(part, str)] == ["1", "1", "1", "1", "1", "1", "2"]


def test_what_is_known_in_the_middle():
    case = CASES[0]
    played = present(edits.with_a_rude_line(good(case), Random(1), contrasts.learned()))
    auxiliary_targets = AuxiliaryTargets(SCENARIO, contrasts.learned())
    text = example(Edited(played, values_of(played, (edits.with_a_rude_line,)))).prompt.messages[1].text
    found = auxiliary_targets.targets(played, values_of(played, (edits.with_a_rude_line,)))
    known: dict[str, dict[str, int]] = {}
    for at, targets in found:
        known.setdefault(text[:at].rpartition("\n")[2], {}).update(targets)
    first = next(t for line, t in known.items() if line.startswith("<ask><history>") and "1.1" in t)
    assert first["1.1"] == 1 and first["1.2"] == 0 and "3.1" not in first
    assert [t["1.1"] for _, t in found if "1.1" in t][:2] == [0, 0]
    assert found[-1][1] == {"1.1": 1, "1.2": 1, "1.3": 1, "2.1": 0, "2.2": 1, "3.1": 1, "3.2": 1}
    # The rude sentence, and no other, is known as one where it stands.
    said = next(line for kind in ("rude", "framed") for line in auxiliary_targets.bank[kind] if line in text)
    rude = {piece for piece, t in known.items() if t.get("rude")}
    assert rude and all(said.split()[-1] in piece for piece in rude)
    seen = next(t for line, t in known.items() if line.endswith(f"I can see {SCENARIO.findings[3]}."))
    assert (seen[BASIS], seen[PART], seen[LABEL]) == (1, 0, len(SCENARIO.labels))
    label = SCENARIO.labels[present(case.truth.diagnosis)]
    flags = next(t for line, t in known.items() if line.endswith(label.safety_net[-1].text))
    assert (flags[PART], flags[FITS], flags[BASIS]) == (3, 1, 0)
    assert all(0 <= t[head] < n for _, t in found for head, n in auxiliary_targets.heads.items() if head in t)


# -- the recipe --------------------------------------------------------------------------------------------------------


SMALL = AssessorRecipe(consultations=7, lessons=24, rank=2, batch=4)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    out = tmp_path_factory.mktemp("assessor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "POOL", 12)
        patch.setattr(recipe, "play", lambda runs, scenario, base, path, say: None)
        patch.setattr(training, "rollouts", lambda path, scenario, runs: iter([good(case) for case in CASES]))
        patch.setattr(training, "ProcessPoolExecutor", AtOnce)
        yield out, train_assessor(SMALL, out, print), patch


class AtOnce:
    """Makes pools in this process, so that a test can say what was played."""

    def __init__(self, workers):
        self.workers = workers

    def __enter__(self):
        training._workshop.cache_clear()
        return self

    def __exit__(self, *_):
        training._workshop.cache_clear()

    def submit(self, function, *args):
        from concurrent.futures import Future

        future: Future[object] = Future()
        future.set_result(function(*args))
        return future


@pytest.mark.slow
def test_what_comes_out_assesses_and_says_what_it_is(taught):
    out, facts, _ = taught
    assert facts["steps"] == 6 and facts["format"] == assessment_fingerprint()
    assert (out / "adapter_model.safetensors").stat().st_size <= 2e6
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "not from people" in card and "Simulation, not medical advice" in card
    model = open_model(str(out), role="assessor")
    dialect = DIALECTS[model.info.dialect]
    prompts = [dialect.assessment(view_of(good(case))) for case in CASES[:3]]
    requests = [Request((i,), "assessor", "assess", 0, prompt, seed=i) for i, prompt in enumerate(prompts)]
    for reply in model.generate(requests):
        assert list(dialect.read_assessment(reply.text)) == list(BY_KEY) and reply.tokens_out == 16


@pytest.mark.slow
def test_training_taken_up_ends_where_it_would_have_ended(taught, tmp_path, monkeypatch):
    out, _, _ = taught
    steps, step = [], training.AdapterTraining._step

    def dies(self, batch):
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return step(self, batch)

    save = training.AdapterTraining.train
    monkeypatch.setattr(training.AdapterTraining, "train", lambda self, path, say: save(self, path, say, every=0))
    monkeypatch.setattr(training.AdapterTraining, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        train_assessor(SMALL, tmp_path, print)
    monkeypatch.setattr(training.AdapterTraining, "_step", step)
    train_assessor(SMALL, tmp_path, print)
    states = [torch.load(folder / "work" / "lessons.pt", weights_only=True)["adapter"] for folder in (out, tmp_path)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.slow
def test_another_recipe_and_another_kind_of_base_are_refused(taught, tmp_path):
    out, _, _ = taught
    with pytest.raises(RecipeError, match="holds the stages of another recipe"):
        train_assessor(replace(SMALL, seed=6), out, print)
    with pytest.raises(RecipeError, match="is not a starter"):
        train_assessor(replace(SMALL, base=str(out)), tmp_path, print)
    with pytest.raises(ModelError, match="there is no model"):
        train_assessor(replace(SMALL, base="startr"), tmp_path, print)


def test_manners_are_all_that_the_rules_leave_open():
    assert [key for key, verdict in assess_by_rules(good(CASES[0])).items() if verdict.value is None] == [*CONSTRUCTED]
