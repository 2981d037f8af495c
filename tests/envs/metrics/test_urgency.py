"""Urgency of the whole consultation, and alarms, on made outcomes and on a played run."""

import pytest
from improvising import SCENARIO, Improviser, configured
from making import outcome
from narrowing import present, within

from consult.envs.metrics import outcomes
from consult.envs.metrics.urgency import urgencies
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store

FLAG = {"red_flag": "near_eye"}
NO_FLAG = {"red_flag": "none"}


def one(number, true, triage, final, **more):
    return outcome(number, "acne", "acne", true_urgency=true, urgency=triage, final_urgency=final, **more)


MADE = [
    one(0, "urgent", "soon", "urgent", alarm_told="asked", **FLAG),
    one(1, "urgent", "urgent", "emergency", alarm_told="opening", **FLAG),
    one(2, "emergency", "routine", "soon", alarm_told="volunteered", **FLAG),
    one(3, "urgent", "routine", None, **FLAG),
    one(4, "routine", "routine", "emergency", **NO_FLAG),
    one(5, "routine", "routine", "routine", **NO_FLAG),
    one(6, "routine", "urgent", "soon", **NO_FLAG),
    one(7, "routine", None, None, status="failed", **NO_FLAG),
]


def rates(source, *names):
    return [getattr(source, name).value for name in names]


def test_triage_final_and_baselines_stand_side_by_side():
    triage, final, majority, always = present(urgencies(MADE)).sources
    levels = ("right", "under", "over", "none")
    assert [one.name for one in (triage, final, majority, always)] == [
        "triage",
        "final",
        "majority",
        "always emergency",
    ]
    assert rates(triage, *levels) == [3 / 8, 3 / 8, 1 / 8, 1 / 8]
    assert rates(final, *levels) == [2 / 8, 1 / 8, 3 / 8, 2 / 8]
    assert rates(majority, *levels) == [4 / 8, 4 / 8, 0, 0] and majority.what == "routine"
    assert rates(always, *levels) == [1 / 8, 0, 7 / 8, 0]
    assert final.right.n == 8 and final.right.failed == 1 and majority.right.failed == 0
    low, value, high = within(final.right)
    assert low < value < high


def test_acting_on_alarms_pays_and_always_alarming_does_not():
    triage, final, majority, always = present(urgencies(MADE)).sources
    of_alarms = ("acted", "missed", "over_without_alarm", "emergency_without_alarm")
    assert rates(triage, *of_alarms) == pytest.approx([1 / 3, 3 / 4, 1 / 4, 0])
    assert rates(final, *of_alarms) == pytest.approx([2 / 3, 2 / 4, 2 / 4, 1 / 4])
    assert rates(majority, *of_alarms) == [0, 1, 0, 0]
    assert rates(always, *of_alarms) == [1, 0, 1, 1]


def test_how_alarms_were_told():
    alarms = present(present(urgencies(MADE)).alarms)
    assert rates(alarms, "present", "opening", "asked", "volunteered", "untold") == [1 / 2, 1 / 4, 1 / 4, 1 / 4, 1 / 4]
    assert alarms.present.n == 8 and alarms.asked.n == 4


def test_what_was_not_kept_is_not_known_and_not_0():
    old = [one(0, "urgent", "soon", None), one(1, "routine", "routine", None)]
    found = present(urgencies(old))
    assert found.alarms is None and [source.name for source in found.sources] == [
        "triage",
        "majority",
        "always emergency",
    ]
    assert rates(found.sources[0], "acted", "missed", "emergency_without_alarm") == [None] * 3
    assert urgencies([one(0, None, "soon", "soon")]) is None
    assert urgencies([one(0, "soon", None, None)]) is None


def test_a_played_run_keeps_what_the_measures_need(tmp_path):
    cases = {case: SCENARIO.case(case) for case in SCENARIO.case_ids("test")}
    flagged = next(name for name, case in cases.items() if "alarm" in case.card.opening)
    plain = next(name for name, case in cases.items() if case.truth.red_flag is None)
    model = Improviser()
    config = configured(model.info.reference, [flagged, plain])
    with Store(tmp_path / "a.db") as store:
        run = Runner(SCENARIO, config, Models({model.info.reference: model}), store).run()["run"]
        first, second = outcomes(store, run, SCENARIO)
        assert (first.red_flag, first.alarm_told) == (cases[flagged].truth.red_flag, "opening")
        assert (second.red_flag, second.alarm_told, second.has_alarm) == ("none", None, False)
        alarms = present(present(urgencies([first, second])).alarms)
        assert first.final_urgency is not None and alarms.present.value == 0.5
