"""Trains the attending's questions and decisions over whole consultations: multi-turn GRPO through `rollout_func`.

Run `consult train interview --out DIR`. An episode is a consultation on the graph of `simulate`; a group is the same
case played several times. What the attending chose, and nothing else, is trained: the acts (which topic to ask about,
whether to consult or to conclude) and the diagnosis, each scored on the prompt that it was made on. A choice is a few
tokens; what a patient or a colleague said stands in prompts and never among them.

What it simplifies: for models of the starter's dialect, whose acts are choices and whose words a program can say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from consult.agents.models.model import Choice
from consult.agents.roles.client import Sampling, derive_seed
from consult.rl.config import TrainConfig
from consult.rl.policy.constraint import END, Constraint
from consult.rl.policy.policy import Policy
from consult.rl.policy.shared_prompt import Prompts, Said
from consult.rl.rewards.decisions import INTERVIEW_REWARDS
from consult.rl.rewards.failures import told_of
from consult.rl.rewards.user_rewards import REWARDS, paid
from consult.rl.trainers.grpo import SharedPromptTrainer
from consult.rl.trainers.rollouts import Choosing, RolloutEngine
from consult.scenarios import Scenario


@dataclass(frozen=True)
class Scored:
    """One choice as numbers."""

    context: tuple[int, ...]
    """Tokens before the choice."""
    photograph: Any
    """None where the prompt shows none."""
    options: tuple[tuple[int, ...], ...]
    chosen: tuple[int, ...]


class InterviewTrainer(SharedPromptTrainer):
    """GRPO over episodes: a completion is all that the attending chose in one, each choice scored on its own prompt."""

    def __init__(self, engine: RolloutEngine, **kwargs: Any) -> None:
        self.engine = engine
        self._scored: list[list[Scored]] = []
        super().__init__(**kwargs)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._rows = [self.rows[entry["row"]] for entry in inputs]
        self._numbers = torch.arange(len(inputs))
        # Past the numbering of the parent, which names rows and not episodes.
        output = super(SharedPromptTrainer, self)._generate_and_score_completions(inputs)
        return {**output, "numbers": torch.arange(len(inputs))}

    def _rollout(self, prompts: Any, trainer: Any) -> dict[str, Any]:
        config, step = self.policy.config, self.state.global_step
        rank = self.accelerator.process_index
        seeds = [derive_seed("episode", config.seed, self.args.seed, step, rank, i) for i in range(len(self._rows))]
        self.policy.model.eval()
        episodes = self.engine.play([row.case for row in self._rows], seeds, Sampling(self.temperature, 1.0))
        self.policy.model.train()
        self._scored = [[_scored(self.policy, one) for one in episode.choices] for episode in episodes]
        pad = self.policy.speaker.tokenizer.pad_token_id
        said = [[token for one in episode for token in one.chosen] or [pad] for episode in self._scored]
        return {
            "prompt_ids": [[pad] for _ in episodes],
            "completion_ids": said,
            "logprobs": [[0.0] * len(tokens) for tokens in said],
            "env_mask": [_free(episode) or [0] for episode in self._scored],
            "interview": [episode.interview for episode in episodes],
        }

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Any,
        attention_mask: Any,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **_: Any,
    ) -> tuple[Any, Any, None]:
        episodes = [self._scored[number] for number in self._numbers.tolist()]
        choices = [one for episode in episodes for one in episode]
        shown, said = _batch(self.policy, choices)
        logs, entropies = model(input_ids=shown.ids, attention_mask=shown.mask, features=shown.features, said=said)
        places = _places(episodes, logits_to_keep)
        found = [_laid(values, places, (len(episodes), logits_to_keep)) for values in (logs, entropies)]
        return found[0], found[1] if compute_entropy else None, None


def _scored(policy: Policy, one: Choosing) -> Scored:
    """Give a choice as numbers; what was written before it is its context, and what was written after it is nothing."""
    assert policy.vision_cache is not None
    prompt, choice = one.request.prompt, one.request.prompt.choice
    assert choice is not None
    encode = policy.speaker.tokenizer.encode
    written = one.said.removeprefix(prompt.begin)
    before, chosen = _parted(written, choice)
    options = tuple(tuple(encode(option, add_special_tokens=False)) for option in choice.options)
    context = (*policy.vision_cache.ids(prompt), *encode(before, add_special_tokens=False))
    photographs = [p for message in prompt.messages for p in message.photographs]
    tokens = tuple(encode(chosen, add_special_tokens=False))
    return Scored(context, photographs[0] if photographs else None, options, tokens)


def _parted(written: str, choice: Choice) -> tuple[str, str]:
    """Part what was written into what stands before the choice, and the choice; no choice where none was made."""
    place = written.find(choice.after) + len(choice.after) if choice.after in written else -1
    if place < 0:
        return written, ""
    rest = written[place:]
    chosen = max((option for option in choice.options if rest.startswith(option)), key=len, default="")
    return written[:place], chosen


def _free(episode: Sequence[Scored]) -> list[int]:
    """Give 1 for each token that was chosen among several, 0 for those that were forced."""
    table, starts = Constraint.several([one.options for one in episode]) if episode else (None, [])
    found: list[int] = []
    for one, start in zip(episode, starts, strict=True):
        assert table is not None
        found += [int(table.choices[state]) for state in table.walk(one.chosen, start)]
    return found


def _batch(policy: Policy, choices: Sequence[Scored]) -> tuple[Prompts, Said]:
    """Put choices together, each context once."""
    assert policy.vision_cache is not None
    contexts = {(one.context, one.photograph.id if one.photograph else None): one for one in choices}
    index = {key: i for i, key in enumerate(contexts)}
    features = [policy.vision_cache.features(one.photograph) if one.photograph else None for one in contexts.values()]
    pad = policy.speaker.tokenizer.pad_token_id
    shown = Prompts.of([one.context for one in contexts.values()], features, pad)
    sets = list(dict.fromkeys(one.options for one in choices))
    table, starts = Constraint.several(sets)
    start_of = dict(zip(sets, starts, strict=True))
    width = max((len(one.chosen) for one in choices), default=1) or 1
    ids = torch.tensor([[*one.chosen, *[pad] * (width - len(one.chosen))] for one in choices])
    walked = [table.walk(one.chosen, start_of[one.options]) for one in choices]
    states = torch.tensor([[*states, *[END] * (width - len(states))] for states in walked])
    owner = torch.tensor([index[one.context, one.photograph.id if one.photograph else None] for one in choices])
    return shown, Said(ids, owner, states, table)


def _places(episodes: Sequence[Sequence[Scored]], width: int) -> tuple[Any, Any]:
    """Give for each token of each choice its place among the choices, and its place among the completions."""
    among: list[tuple[int, int]] = []
    laid: list[int] = []
    choice = 0
    for number, episode in enumerate(episodes):
        place = 0
        for one in episode:
            among += [(choice, t) for t in range(len(one.chosen))]
            laid += [number * width + place + t for t in range(len(one.chosen))]
            place, choice = place + len(one.chosen), choice + 1
    return torch.tensor(among, dtype=torch.long).reshape(-1, 2), torch.tensor(laid, dtype=torch.long)


def _laid(values: Any, places: tuple[Any, Any], shape: tuple[int, int]) -> Any:
    among, laid = places
    flat = values.new_zeros(shape[0] * shape[1])
    return flat.index_put((laid,), values[among[:, 0], among[:, 1]]).reshape(shape)


def interview_rewards(config: TrainConfig) -> list[Any]:
    """Give the rewards as TRL calls them; what one raises is told in a sentence."""

    def made(name: str) -> Any:
        own = REWARDS.find(name) if name not in INTERVIEW_REWARDS else None
        pays = own.pays if own is not None else INTERVIEW_REWARDS[name]

        def reward(interview: Sequence[Any], **_: Any) -> list[float]:
            with told_of(name):
                return [paid(name, pays(one)) for one in interview]

        reward.__name__ = "accuracy" if name == "diagnosis" else name
        return reward

    return [made(name) for name in config.weights]


def make_rollout_engine(policy: Policy, scenario: Scenario) -> RolloutEngine:
    """Give the stage that a student plays on, with those who play beside it."""
    assert policy.others is not None
    return RolloutEngine(scenario, policy.speaker, policy.others)
