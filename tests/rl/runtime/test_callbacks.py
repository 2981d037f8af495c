"""What a training says of its steps: when nothing is learned, and which weights are the best."""

from typing import Any

import pytest

from consult.errors import UserError
from consult.rl.config import TrainConfig
from consult.rl.rewards.curriculum import WARM_UP, phases, with_warm_up
from consult.rl.runtime.callbacks import FLAT_STEPS, Best, flat_in_words, has_learned, is_flat


class Policy:
    def __init__(self):
        self.saved = []

    def save(self, folder):
        self.saved.append(folder)


def steps(*shares):
    """A log of steps, with an entry of another kind after each, as TRL has it."""
    return [entry for share in shares for entry in ({"frac_reward_zero_std": share}, {"validation": 0.5})]


def test_steps_without_different_rewards_are_noticed_when_there_are_ten_in_a_row():
    assert FLAT_STEPS == 10
    assert not is_flat(steps(*[1.0] * 9)) and is_flat(steps(*[1.0] * 10))
    assert not is_flat(steps(*[1.0] * 9, 0.5)) and not is_flat([{"loss": 1.0}] * 20)
    assert is_flat(steps(0.0, *[1.0] * 10)) and not is_flat(steps(*[1.0] * 5, 0.9, *[1.0] * 5))


def test_the_warning_says_what_to_do():
    said = flat_in_words({"reward": 0.0, "rewards/accuracy/mean": 0.0})
    assert "(0.00 on average)" in said and "--method sft+grpo" in said and "--warm-up" in said and "\n" not in said
    assert "the train cases are solved" in flat_in_words({"reward": 2.0, "rewards/accuracy/mean": 1.0})


def test_a_reward_teaches_only_where_it_differs_and_an_answer_to_copy_always():
    assert has_learned([{"loss": 1.0}]) and has_learned(steps(1.0, 0.9)) and not has_learned(steps(1.0, 1.0))


def test_weights_that_decide_nothing_right_are_never_the_best(tmp_path):
    policy: Any = Policy()
    best = Best(tmp_path / "best", 0.0)
    assert not best.offer(0.0, "grpo", 5, policy) and best.where == "start" and not policy.saved
    assert best.offer(0.1, "grpo", 10, policy) and best.where == "grpo step 10" and len(policy.saved) == 1
    assert not best.offer(0.05, "grpo", 15, policy) and best.offer(0.1, "grpo", 20, policy)


# -- the warm-up -------------------------------------------------------------------------------------------------------


class Row:
    def __init__(self, share):
        self.panel_correct_share = share


ROWS: Any = [Row(0.5) for _ in range(4)]


def plan(rows=ROWS, **more):
    config = TrainConfig(role="attending", model="org/name", panel_skill=0.5, **more)
    return with_warm_up(phases(rows, config), config)


def test_a_warm_up_takes_its_share_and_the_other_phases_follow():
    first, *later = plan(steps=10)
    assert (first.name, first.method, first.until, first.number) == (WARM_UP, "sft", 0.2, 1)
    assert [one.number for one in later] == [2] and later[0].method == "grpo" and later[-1].until == 1
    assert plan(minutes=3.0, warm_up=0.5)[0].until == 0.5


@pytest.mark.parametrize("curriculum", ["none", "order", "full"])
def test_a_warm_up_before_a_curriculum_has_the_decisions_of_all_stages(curriculum):
    rows = [Row(share) for share in (0.0, 1.0, 0.5, 0.0)]
    first, *later = plan(rows, steps=20, curriculum=curriculum)
    assert [row.panel_correct_share for row in first.rows] == [1.0, 0.5, 0.0, 0.0] and len(later) == 3
    assert len(later[0].rows) == (4 if curriculum == "none" else 1)


@pytest.mark.parametrize("length", [{"steps": 1}, {"steps": 2}, {"steps": 10, "warm_up": 0.01}])
def test_there_is_no_warm_up_of_less_than_a_step(length):
    assert [one.method for one in plan(**length)] == ["grpo"]


@pytest.mark.parametrize(
    ("given", "why"),
    [({"method": "sft"}, "copies right answers anyway"), ({"model": "starter"}, "needs none")],
)
def test_a_warm_up_without_effect_is_refused(given, why):
    with pytest.raises(UserError, match=why):
        TrainConfig(role="triage", **{"model": "org/name", "steps": 4, "warm_up": 0.3, **given})
