"""A step of GRPO, from prompts to loss, for the starter's decisions and for its whole consultations.

Read from top to bottom:

1. Prompts. TRL draws rows of the data set, each `group` times in a row (`numbered_prompts`).
2. Rollouts. `roll_out` draws a completion for each: a decision within its constraint (`DecisionGRPO`), or a whole
   consultation, whose completion is all of the attending's choices in it (`InterviewGRPO`).
3. Rewards. `decision_reward` and `consultation_reward` make the functions that TRL calls with the completions.
4. Advantages. TRL takes the weighted sum of a completion's rewards, minus the group's mean, over the group's deviation.
5. Log-probabilities. `score` returns those of the policy and, if there is a KL weight, of the reference.
6. Loss. TRL's: advantage x probability ratio of each chosen token, KL and entropy terms; then the optimizer's step.

Any other model writes freely: TRL then also does 2 and 5 itself (`TimedGRPOTrainer`). `trl_adapter` shows how TRL calls
all this, and `consult.rl.policy.shared_prompt` draws and scores decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from consult.agents.roles.client import Sampling, derive_seed
from consult.code_files import told
from consult.counts import count_of
from consult.plugins import PluginError
from consult.rl.config import TrainingError
from consult.rl.data.dataset import Row
from consult.rl.policy.constraint import Constraint
from consult.rl.policy.policy import Policy
from consult.rl.policy.shared_prompt import Completions, Prompts, sample, score_decisions
from consult.rl.rewards.decisions import DECISION_REWARDS, INTERVIEW_REWARDS
from consult.rl.rewards.user_rewards import REWARDS, OwnReward, paid
from consult.rl.trainers.choices import EncodedChoice, batch_choices, chosen_freely, encode_choice, scatter_tokens
from consult.rl.trainers.rollouts import RolloutEngine
from consult.rl.trainers.trl_adapter import CompletionBatch, RolloutGRPOTrainer, Rollouts
from consult.scenarios import Scenario

RewardFunction = Callable[..., list[float]]
"""As TRL calls it: `completions` and the columns of the data set → a float for each completion."""

# -- decisions ---------------------------------------------------------------------------------------------------------


class DecisionGRPO(RolloutGRPOTrainer):
    """GRPO on single decisions: prompts are read once per group, photographs are encoded once.

    Args:
        policy: The policy in training.
        constraint: The possible decisions.
        rows: The data set's rows; a completion's number is that of its row.
        kwargs: Arguments of TRL's trainer.
    """

    def __init__(self, policy: Policy, constraint: Constraint, rows: Sequence[Row], **kwargs: Any) -> None:
        self.policy, self.constraint, self.rows = policy, constraint, rows
        super().__init__(**kwargs)

    def roll_out(self, rows: Sequence[int]) -> Rollouts:
        """Draw a decision for each row."""
        prompts, owner = self._prompts(torch.tensor(rows))
        drawn = sample(
            self.policy.body,
            prompts,
            owner,
            self.constraint,
            temperature=self.temperature,
            most=self.max_completion_length,
        )
        return Rollouts(rows, drawn.ids, drawn.logs, drawn.chosen)

    def score(self, model: Any, batch: CompletionBatch) -> tuple[Any, Any]:
        """Score decisions on the prompts of their rows."""
        prompts, owner = self._prompts(batch.numbers)
        states = self.constraint.states(batch.ids, batch.mask)
        said = Completions(batch.ids, owner, states, self.constraint)
        found: tuple[Any, Any] = self.through_forward(model, score_decisions, prompts, said, self.temperature)
        return found

    def _prompts(self, numbers: Any) -> tuple[Prompts, Any]:
        """Return the prompts of the given rows, each once, and (completions,): the index of each one's prompt."""
        distinct, owner = numbers.unique(return_inverse=True)
        return self.policy.prompts([self.rows[number] for number in distinct.tolist()]), owner


# -- whole consultations -----------------------------------------------------------------------------------------------


class InterviewGRPO(RolloutGRPOTrainer):
    """GRPO on whole consultations: a group is one case played several times, a completion is all choices in one play.

    Only the attending's choices are trained: the acts (which topic to ask about, whether to consult or to conclude) and
    the diagnosis, each scored on the prompt that it was made on. A choice is a few tokens; the words of a patient or a
    colleague are part of prompts and are never trained.

    Args:
        policy: The policy in training.
        engine: Plays consultations with the policy as their attending.
        rows: The data set's rows, one per case.
        kwargs: Arguments of TRL's trainer.
    """

    def __init__(self, policy: Policy, engine: RolloutEngine, rows: Sequence[Row], **kwargs: Any) -> None:
        self.policy, self.engine, self.rows = policy, engine, rows
        self.choices: list[list[EncodedChoice]] = []
        """Choices of each completion of the last rollout, by its number: TRL passes no batch fields to `score`."""
        super().__init__(**kwargs)

    def roll_out(self, rows: Sequence[int]) -> Rollouts:
        """Play a consultation for each row, all at once, and record the attending's choices."""
        seeds = [self._seed(completion) for completion in range(len(rows))]
        self.policy.model.eval()
        episodes = self.engine.play([self.rows[row].case for row in rows], seeds, Sampling(self.temperature, 1.0))
        self.policy.model.train()
        self.choices = [[encode_choice(self.policy, one) for one in episode.choices] for episode in episodes]
        # A consultation that failed before its first choice has one padding token, which is not trained.
        pad = self.policy.speaker.tokenizer.pad_token_id
        ids = [[token for one in choices for token in one.chosen] or [pad] for choices in self.choices]
        return Rollouts(
            numbers=range(len(rows)),
            ids=ids,
            logs=[[0.0] * len(tokens) for tokens in ids],
            chosen=[chosen_freely(choices) or [0] for choices in self.choices],
            columns={"interview": [episode.interview for episode in episodes]},
        )

    def score(self, model: Any, batch: CompletionBatch) -> tuple[Any, Any]:
        """Score each choice on its own prompt, and arrange the values by the completions' tokens."""
        choices = [self.choices[number] for number in batch.numbers.tolist()]
        prompts, said = batch_choices(self.policy, [one for completion in choices for one in completion])
        logs, entropies = self.through_forward(model, score_decisions, prompts, said, self.temperature)
        width = batch.ids.shape[1]
        return scatter_tokens(logs, choices, width), scatter_tokens(entropies, choices, width)

    def _seed(self, completion: int) -> int:
        rank = self.accelerator.process_index
        return derive_seed("episode", self.policy.config.seed, self.args.seed, self.state.global_step, rank, completion)


# -- rewards -----------------------------------------------------------------------------------------------------------


def decision_reward(name: str, rows: Sequence[Row], policy: Policy, scenario: Scenario) -> RewardFunction:
    """Return a reward of decisions in TRL's form.

    Args:
        name: The reward's name.
        rows: The data set's rows.
        policy: The policy whose role and prompt format completions are read with.
        scenario: The scenario whose labels count.

    Returns:
        A function that raises TrainingError if the reward fails.
    """
    own = REWARDS.find(name) if name not in DECISION_REWARDS else None
    if own is not None and own.over == "trl":
        return _called_as_trl_does(own, rows)
    pays = own.pays if own is not None else DECISION_REWARDS[name]

    def reward(completions: Any, row: Sequence[int], **_: Any) -> list[float]:
        values = []
        for completion, one in zip(completions, (rows[number] for number in row), strict=True):
            text = completion[0]["content"] if isinstance(completion, list) else completion
            decided = policy.read(one.prompt.begin + text, one, scenario)
            with reward_errors(name, f" on '{one.id}'"):
                values.append(paid(name, pays(decided, one.target), f" on '{one.id}'"))
        return values

    reward.__name__ = name
    return reward


def _called_as_trl_does(own: OwnReward, rows: Sequence[Row]) -> RewardFunction:
    """Return a user's reward in TRL's form, with additional columns for case ids and right answers."""

    def reward(completions: Any, row: Sequence[int], **given: Any) -> list[float]:
        shown = [rows[number] for number in row]
        columns = {"case": [one.case.id for one in shown], "answer": [one.target.answer for one in shown]}
        with reward_errors(own.name):
            values = [paid(own.name, one) for one in own.pays(completions=completions, **{**given, **columns})]
            if len(values) != len(completions):
                wanted = count_of(len(completions), "completion")
                raise ValueError(f"it returned {count_of(len(values), 'value')} for {wanted}")
        return values

    reward.__name__ = own.name
    return reward


def consultation_reward(name: str) -> RewardFunction:
    """Return a reward of whole consultations in TRL's form."""
    own = REWARDS.find(name) if name not in INTERVIEW_REWARDS else None
    pays = own.pays if own is not None else INTERVIEW_REWARDS[name]

    def reward(interview: Sequence[Any], **_: Any) -> list[float]:
        with reward_errors(name):
            return [paid(name, pays(one)) for one in interview]

    # TRL logs a reward by its function's name, and the curve of right diagnoses is that of `accuracy`.
    reward.__name__ = "accuracy" if name == "diagnosis" else name
    return reward


@contextmanager
def reward_errors(name: str, where: str = "") -> Iterator[None]:
    """Turn any exception of a reward, and a return value that is not a number, into one sentence.

    Args:
        name: The reward's name.
        where: The scored item, such as ` on 'train-0001'`.

    Raises:
        TrainingError: The reward failed.
    """
    try:
        yield
    except PluginError as error:
        raise TrainingError(f"{error}; fix it and continue with --resume") from error
    except Exception as error:
        raise TrainingError(
            f"the reward '{name}' failed{where} ({told(error)}); fix it and continue with --resume"
        ) from error
