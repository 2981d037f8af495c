"""Supervised training on right decisions, within the constraint of play, by cross-entropy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from consult.agents.acts import DoctorView
from consult.agents.models.model import Message
from consult.agents.prompt_formats.schemas import keys_of_decision, keys_of_triage
from consult.rl.data.dataset import Row
from consult.rl.policy.constraint import END, Constraint
from consult.rl.policy.policy import Policy
from consult.rl.policy.shared_prompt import Completions, Prompts, sample, score_decisions
from consult.rl.trainers.trl_adapter import ScheduledTrainer


class DecisionSFT(ScheduledTrainer):
    """Supervised training on the starter's decisions: prompts are read once, photographs are encoded once.

    If a thought comes before the answer, the policy draws it in each step, and only the answer is trained.

    Args:
        policy: The policy in training.
        constraint: The possible decisions.
        rows: The data set's rows.
        answers: The right decision of each row, as the policy should write it.
        kwargs: Arguments of the trainer.
    """

    def __init__(
        self, policy: Policy, constraint: Constraint, rows: Sequence[Row], answers: Sequence[str], **kwargs: Any
    ) -> None:
        self.policy, self.constraint, self.rows = policy, constraint, rows
        self.answers = [policy.speaker.tokenizer.encode(answer, add_special_tokens=False) for answer in answers]
        super().__init__(**kwargs)

    def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        """Return the cross-entropy of the right decisions, in nats, averaged over the rows."""
        rows: list[int] = inputs["row"]
        prompts = self.policy.prompts([self.rows[row] for row in rows])
        thoughts = self._thoughts(prompts, len(rows))
        spoken = [thought + self.answers[row] for thought, row in zip(thoughts, rows, strict=True)]
        width, pad = max(map(len, spoken)), self.policy.speaker.tokenizer.pad_token_id
        ids = torch.tensor([tokens + [pad] * (width - len(tokens)) for tokens in spoken])
        mask = torch.tensor([[1] * len(tokens) + [0] * (width - len(tokens)) for tokens in spoken])
        states = self.constraint.states(ids, mask)
        said = Completions(ids, torch.arange(len(rows)), states, self.constraint)
        logs, _entropies = self.through_forward(model, score_decisions, prompts, said, 1.0)
        answered = torch.arange(width) >= torch.tensor([len(thought) for thought in thoughts])[:, None]
        trained = answered & self.constraint.choices[states.clamp_min(0)] & (states != END)
        return -(logs * trained).sum() / len(rows)

    def _thoughts(self, prompts: Prompts, count: int) -> list[list[int]]:
        """Draw the text before the answers; empty if the answer comes first."""
        if self.policy.config.role == "triage" or self.policy.config.rationale != "before":
            return [[] for _ in range(count)]
        drawn = sample(
            self.policy.body,
            prompts,
            torch.arange(count),
            self.constraint,
            temperature=1.0,
            most=self.policy.most_tokens,
        )
        begins = self.policy.speaker.tokenizer.convert_tokens_to_ids("<answer>")
        return [ids[: ids.index(begins) + 1] if begins in ids else [begins] for ids in drawn.ids]


def row_numbers(entries: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Collate entries of a data set that names rows by number."""
    return {"row": [entry["row"] for entry in entries]}


SEEN = "What the photograph shows and what the patient told."
"""Placeholder for the findings in the answers that a plain model copies; the data has no worded findings."""
HEARD = "What the patient told."
"""The same where no photograph is shown: a model should not learn to name one that it has not seen."""
WEIGHED = "I weighed the findings."
FITS = "The findings fit this clinic."
"""Placeholders for the reasoning, and for the reason that the patient hears, which the data does not have either."""
SEEN_IN_PICTURES = "What the pictures show of what is asked."
ASKS_FOR = "The pictures and the question belong to this specialty."
"""The same for questions about pictures."""
SURE = 0.8
"""Placeholder for the confidence."""


def answer_of(row: Row, policy: Policy) -> str:
    """Return the right decision as the policy should write it, after the beginning that its prompt gives."""
    config, target = policy.config, row.target
    if policy.dialect.slots:
        if config.role == "triage":
            return f"{target.answer}, {target.urgency}."
        return f"{target.answer}</answer>"
    told: dict[str, Any] = {
        "findings": _findings(row.view),
        "reasoning": WEIGHED if config.role != "triage" else FITS if row.view.question is None else ASKS_FOR,
        "specialty": target.answer,
        "diagnosis": target.answer,
        "answer": target.answer,
        "differential": [],
        "confidence": SURE,
        "urgency": target.urgency or row.case.truth.urgency or row.view.urgency or "soon",
        "why": FITS,
    }
    view = replace(row.view, rationale=config.rationale)
    keys = keys_of_triage(view) if config.role == "triage" else keys_of_decision(view)
    return json.dumps({key: told[key] for key in keys}, ensure_ascii=False)


def _findings(view: DoctorView) -> str:
    if view.question is not None:
        return SEEN_IN_PICTURES
    return SEEN if view.photographs else HEARD


# -- models that write freely ------------------------------------------------------------------------------------------


def tokenized(policy: Policy, rows: Sequence[Row], answers: Sequence[str]) -> list[dict[str, list[int]]]:
    """Return the prompts of rows and their answers in tokens; the prompts are exactly those of play.

    Args:
        policy: A policy that takes no photographs.
        rows: The rows.
        answers: The right answer of each row.

    Returns:
        Entries of `input_ids` and `completion_mask`, as TRL's trainer takes them.
    """
    speaker, ends = policy.speaker, _end_of_turn(policy)
    entries = []
    for row, answer in zip(rows, answers, strict=True):
        asked = speaker.tokenizer.encode(speaker.text(row.prompt), add_special_tokens=False)
        begun = answer.removeprefix(row.prompt.begin)
        said = [*speaker.tokenizer.encode(begun, add_special_tokens=False), *ends]
        entries.append({"input_ids": asked + said, "completion_mask": [0] * len(asked) + [1] * len(said)})
    return entries


def _end_of_turn(policy: Policy) -> list[int]:
    """Return the tokens with which the chat template ends a reply, up to the one at which the model stops."""
    speaker, mark = policy.speaker, "Answer eleven."
    asked = [Message("user", "Question nine."), Message("assistant", mark)]
    tail = speaker.format.text(asked).rpartition(mark)[2]
    ids: list[int] = speaker.tokenizer.encode(tail, add_special_tokens=False)
    at = next((i for i, token in enumerate(ids) if token in speaker.stops), None)
    return [speaker.tokenizer.eos_token_id] if at is None else ids[: at + 1]
