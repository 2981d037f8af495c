"""Measures of diagnosis, team, calibration, groups and rubric on made outcomes and on a played run."""

import random
from dataclasses import replace

import pytest
from improvising import SCENARIO, Improviser, played
from making import outcome
from narrowing import present, within
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, f1_score, recall_score

from consult.agents.assessors.rubric import NOT_DECIDED
from consult.envs.metrics import calibration, cost, diagnosis, groups, outcomes, paired, rubric, team
from consult.envs.metrics import dialogue_metrics as lines
from consult.envs.metrics.estimate import Estimate
from consult.envs.metrics.fidelity import Rate, fidelity
from consult.envs.metrics.intervals import share
from consult.envs.store.write import Store
from consult.scenarios.correct import correct

LABELS = list(SCENARIO.labels)


def test_what_has_no_truth_is_not_judged():
    own = [outcome(0, None, "acne")]
    assert own[0].correct is None
    assert diagnosis.accuracy(own).value is None and diagnosis.f1(own, LABELS)["macro"].value is None


def test_f1_is_scikit_learns_over_the_labels_that_occur():
    found = [outcome(i, LABELS[i % 3], LABELS[(i * i) % 4] if i % 5 else None) for i in range(60)]
    true, said = [o.truth for o in found], [o.diagnosis or "-" for o in found]
    for average in ("weighted", "macro"):
        figure = diagnosis.f1(found, LABELS)[average]
        assert figure.value == pytest.approx(f1_score(true, said, labels=LABELS[:3], average=average), abs=1e-9)
        low, value, high = within(figure)
        assert low < value < high
        parts = diagnosis._parts(found, LABELS[:3])
        assert diagnosis._f1(parts.sum(0)[None], average)[0] == pytest.approx(figure.value, abs=1e-9)


def test_f1_has_no_interval_under_20_cases_a_label():
    found = [outcome(i, LABELS[i % 3], LABELS[0]) for i in range(59)]
    assert diagnosis.f1(found, LABELS)["weighted"].low is None
    again = [outcome(i, LABELS[i % 3], LABELS[0], case=f"c{i % 57}") for i in range(120)]
    assert diagnosis.f1(again, LABELS)["weighted"].low is None, "19 cases, however often they are played"


def test_top_three_begins_with_the_final_diagnosis():
    ranked = ("hives", "acne", "stye", "warts")
    found = [outcome(i, truth, "eczema", differential=ranked) for i, truth in enumerate(("eczema", "acne", "stye"))]
    assert diagnosis.top_three(found).value == pytest.approx(2 / 3)


def test_confusion_counts_abstentions_and_names_mistakes_first():
    found = [outcome(0, "acne", "acne"), outcome(1, "acne", None), outcome(2, "acne", None)]
    assert diagnosis.confusion(found) == [("acne", "no diagnosis", 2), ("acne", "acne", 1)]


def test_triage_counts_a_second_specialty_and_no_specialty():
    label = next(label for label in SCENARIO.labels.values() if label.second_specialty)
    sent = {"true_specialty": label.specialty}
    found = [
        outcome(0, label.name, None, specialty=label.specialty, **sent),
        outcome(1, label.name, None, specialty=label.second_specialty, **sent),
        outcome(2, label.name, None, specialty=None, **sent),
        outcome(3, label.name, None, specialty="elsewhere", **sent),
    ]
    figures = present(team.triage(found, SCENARIO))
    assert (figures.strict.value, figures.lenient.value, figures.macro) == (0.25, 0.5, 0.25)
    assert figures.majority.value == 1 and figures.majority_specialty == label.specialty
    assert team.triage([outcome(0, "acne", "acne")], SCENARIO) is None


def panelled(number, truth, final, *opinions):
    from consult.scenarios.correct import plurality

    vote = plurality(opinions, lambda said: said)
    return outcome(number, truth, final, opinions=opinions, vote=vote)


def test_an_attending_follows_corrects_and_is_held_against_the_vote():
    found = [
        panelled(0, "acne", "acne", "acne", "acne", "hives"),
        panelled(1, "acne", "hives", "acne", "acne", None),
        panelled(2, "acne", "acne", "hives", "hives", "acne"),
        panelled(3, "acne", "hives", "hives", None, "stye"),
    ]
    measured = present(team.panel(found))
    assert measured.s.value == pytest.approx(5 / 12) and measured.vote.value == 0.5
    assert [(s.right, s.accuracy.n, s.accuracy.value) for s in measured.by_s] == [(0, 1, 0), (1, 1, 1), (2, 2, 0.5)]
    assert measured.by_s[2].follows.value == 0.5 and measured.by_s[2].corrects.value is None
    assert measured.by_s[1].corrects.value == 1 and measured.by_s[1].follows.value is None
    gain = present(measured.gain)
    assert gain.figure.value == 0 and (gain.won, gain.lost) == (1, 1)
    assert team.panel([outcome(0, "acne", "acne")]) is None


def test_members_that_err_together_correlate():
    same = [panelled(i, "acne", "acne", *(["acne" if i % 2 else "hives"] * 3)) for i in range(8)]
    assert team.error_correlation(same) == pytest.approx(1)
    apart = [
        panelled(i, "acne", "acne", "acne" if i % 2 else "hives", "acne" if i // 2 % 2 else "stye") for i in range(8)
    ]
    assert team.error_correlation(apart) == pytest.approx(0)
    assert team.error_correlation([panelled(0, "acne", "acne", "acne", "acne")]) is None


def test_calibration_by_hand_and_by_scikit_learn():
    found = [outcome(i, "acne", "acne" if i < 3 else "hives", confidence=0.75) for i in range(4)]
    found += [outcome(4, "acne", "hives", confidence=0.95), outcome(5, "acne", None, confidence=0.5)]
    measured = calibration.calibration(found)
    assert measured.brier.value == pytest.approx(brier_score_loss([1, 1, 1, 0, 0], [0.75] * 4 + [0.95]))
    assert [(b.n, b.right) for b in measured.curve] == [(4, 0.75), (1, 0.0)]
    assert measured.ece == pytest.approx(0.95 / 5)
    assert calibration.calibration([outcome(0, "acne", "acne")]).ece is None


def test_groups_join_skin_types_and_leave_out_what_is_not_known():
    found = [outcome(i, "acne", "acne", skin_type=i or None) for i in range(7)]
    assert {name: f.n for name, f in groups.by_group(found, "skin type").items()} == dict.fromkeys(
        ("I-II", "III-IV", "V-VI"), 2
    )
    assert groups.by_group(found, "style") == {}


def test_temperaments_are_compared_on_the_same_cases():
    found = [outcome(i, "acne", "acne", case=f"c{i}", temperament="sanguine") for i in range(4)]
    found += [outcome(i, "acne", "hives", case=f"c{i}", temperament="choleric") for i in range(3)]
    found += [outcome(9, "acne", "hives", case="c9", temperament="melancholic")]
    compared = paired.between_temperaments(found)
    assert list(compared) == [("choleric", "sanguine")]
    assert compared["choleric", "sanguine"].figure.value == -1 and compared["choleric", "sanguine"].figure.n == 3


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("measures") / "a.db"
    played(path, Improviser("plain"), 12)
    with Store(path) as store:
        yield store


def test_outcomes_are_what_the_store_holds(store):
    found = list(outcomes(store, "r1", SCENARIO))
    rows = store.consultations("r1")
    assert [(o.id, o.truth, o.specialty) for o in found] == [(r["id"], r["truth"], r["specialty"]) for r in rows]
    for one in found:
        acts = store.acts(one.id)
        assert one.turns == len(acts) and one.tokens_out == sum(act.usage.tokens_out for act in acts)
        assert one.opinions == tuple(o.diagnosis for act in acts for o in act.opinions)
        stated = next((act.confidence for act in acts if act.action == "conclude"), None)
        assert one.confidence == (None if stated is None else round(stated, 3))
    assert cost.cost(found)["turns"].n == 12


def test_a_judge_that_fails_leaves_the_mean_alone(store):
    rows = store.consultations("r1")
    insert = "INSERT INTO assessments VALUES (NULL, ?, 'rules', ?, ?, ?, '[]')"
    for i, row in enumerate(rows):
        store.db.execute(insert, [row["id"], "1.1", None if i == 0 else float(i % 2), ""])
        store.db.execute(insert, [row["id"], "2.1", None, NOT_DECIDED + "by design"])
        store.db.execute(insert, [row["id"], "2.2", None, "unusable answer"])
    figures = rubric.rubric(store, "r1")["rules"]
    (low, value, high), failed = within(figures["1.1"]), figures["1.1"].judge_failed
    assert value == pytest.approx(6 / 11) and (figures["1.1"].n, failed) == (11, 1)
    assert low < 6 / 11 < high
    assert (figures["2.1"].value, figures["2.1"].judge_failed, figures["2.1"].not_decided) == (None, 0, 12)
    assert (figures["2.2"].value, figures["2.2"].judge_failed, figures["2.2"].not_decided) == (None, 12, 0)
    assert rubric.rubric(store, "r9") == {}


def test_fidelity_is_that_of_the_lines_with_intervals_over_cases(store):
    found, counted = lines.lines(store, "r1").fidelity, fidelity(store, "r1")
    assert found and {name: figure.value for name, figure in found.items()} == {
        rate.name: pytest.approx(rate.share) for rate in counted if rate.n
    }
    assert {name: figure.n for name, figure in found.items()} == {rate.name: rate.n for rate in counted if rate.n}
    assert all(low <= value <= high for low, value, high in map(within, found.values()))


def test_temperaments_are_measured_by_what_their_patients_do(store):
    found = lines.lines(store, "r1").directions
    acts = [(r["temperament"], a) for r in store.consultations("r1") for a in store.acts(r["id"])]
    for mood, figure in found["facts volunteered an answer"].items():
        given = [len(a.facts) - 1 for m, a in acts if m == mood and a.action == "answer" and a.facts]
        assert figure.value == pytest.approx(sum(given) / len(given)) and figure.n == len(given)
    for mood, figure in found["words an answer"].items():
        said = [len(a.text.split()) for m, a in acts if m == mood and a.action == "answer" and a.facts]
        assert figure.value == pytest.approx(sum(said) / len(said))
    taken = [a.accepts for _, a in acts if a.action == "satisfied"]
    assert sum(figure.n for figure in found["takes to the plan"].values()) == len(taken)
    assert sum(figure.n for figure in found["asks back"].values()) <= 12


OPEN = replace(SCENARIO, labels={}, aliases={"Gout": ["podagra"]})


def opened(store, rows):
    """Make open diagnoses of played consultations: truth, diagnosis, and a judge's verdict."""
    for i, (truth, said, verdict) in enumerate(rows, 1):
        decided = correct(said, truth, OPEN, relation=verdict)
        store.db.execute(
            "UPDATE consultations SET status = 'finished', truth = ?, diagnosis = ?, correct = ?, correct_by = ? "
            "WHERE id = ?",
            [truth, said, *decided, f"r1.{i}"],
        )


def test_an_open_diagnosis_is_decided_by_name_then_by_alias_then_by_a_judge_and_else_is_wrong(tmp_path):
    played(tmp_path / "a.db", Improviser("plain"), 6)
    rows = [
        ("gout.", "Gout", None),
        ("Gout", "Podagra", None),
        ("gout", "crystal arthritis", "same"),
        ("gout", "arthritis", "broader"),
        ("gout", "crystals", None),
        ("gout", None, None),
    ]
    with Store(tmp_path / "a.db") as store:
        opened(store, rows)
        store.db.execute("INSERT INTO judgements VALUES (NULL, 'r1.5', 'a judge', NULL, 'no reply')")
        found = list(outcomes(store, "r1", OPEN))
    assert [one.correct for one in found] == [True, True, True, False, False, False]
    assert [one.correct_by for one in found] == ["match", "alias", "judge", "judge", "unjudged", "match"]
    assert {one.truth for one in found} == {"Gout"}
    figure = diagnosis.accuracy(found)
    assert (figure.value, figure.n, figure.unjudged, figure.judge_failed) == (0.5, 6, 1, 1)
    low, high = present(diagnosis.judging_range(found))
    assert low == 0.5 and high == pytest.approx(4 / 6)
    assert diagnosis.confusion(found) == [
        ("Gout", "arthritis", 1),
        ("Gout", "crystals", 1),
        ("Gout", "no diagnosis", 1),
        ("Gout", "Gout", 3),
    ]
    assert diagnosis.top_three(found).value == 0.5


def test_without_a_judge_nobody_has_failed(tmp_path):
    played(tmp_path / "a.db", Improviser("plain"), 2)
    with Store(tmp_path / "a.db") as store:
        opened(store, [("gout", "crystals", None), ("gout", "arthritis", None)])
        found = list(outcomes(store, "r1", OPEN))
    figure = diagnosis.accuracy(found)
    assert (figure.value, figure.n, figure.unjudged, figure.judge_failed) == (0.0, 2, 2, 0)
    assert diagnosis.judging_range(found) == (0.0, 1.0)
    assert diagnosis.judging_range([outcome(0, None, "acne")]) is None


def test_an_opinion_that_names_the_judged_conclusion_is_right():
    found = [panelled(0, "Gout", "crystals", "crystals", "crystals", "acne")]
    judged = [replace(found[0], correct=True, correct_by="judge")]
    before, after = present(team.panel(found)), present(team.panel(judged))
    assert before.s.value == 0.0 and after.s.value == pytest.approx(2 / 3)
    assert after.vote.value == 1.0


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10, 49, 440])
def test_a_value_lies_within_its_interval(n):
    for hits in {0, 1, n // 3, n // 2, n - 1, n}:
        figure = share([i < hits for i in range(n)], range(n))
        low, value, high = within(figure)
        assert low <= value <= high
        low, high = present(Rate("", hits, n).interval)
        assert low <= hits / n <= high
        again = share([i < hits for i in range(n) for _ in range(3)], [i for i in range(n) for _ in range(3)])
        if again.low is not None:
            low, value, high = within(again)
            assert low <= value <= high


def test_a_figure_is_never_outside_its_interval():
    figure = Estimate(0.1 + 0.2, 0.30000000000000009, 0.3, 5)
    low, value, high = within(figure)
    assert low <= value <= high
    assert Estimate(None, 0.1, 0.2) == Estimate(None, 0.1, 0.2) and Estimate(0.5).low is None


def test_recall_and_curve_are_scikit_learns():
    chance = random.Random(3)
    true, said = ([chance.choice("abcde") for _ in range(200)] for _ in range(2))
    expected = recall_score(true, said, average="macro", labels=sorted(set(true)))
    assert team._mean_recall(true, said) == pytest.approx(expected, abs=1e-12)
    sure = [chance.choice((0.0, 0.1, 0.25, 0.5, 0.999, 1.0, chance.random())) for _ in range(200)]
    right = [chance.random() < one for one in sure]
    shares, means = calibration_curve(right, sure, n_bins=calibration.BINS, strategy="uniform")
    curve = calibration._curve(sure, right)
    assert [one.right for one in curve] == pytest.approx(list(shares), abs=1e-12)
    assert [one.confidence for one in curve] == pytest.approx(list(means), abs=1e-12)
    assert sum(one.n for one in curve) == 200
