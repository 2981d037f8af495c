"""Sample a batch: a row's draw depends only on its own seed and step, never on the rest of the batch.

All rows are drawn at once on the device of the logits. Only rows that must choose an option or follow a grammar are
processed individually, and the tokens are copied to the host together.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import LogitsProcessor

from consult.agents.models.local.gumbel import draw
from consult.agents.models.local.json_grammar import Matcher, rule_out

_SEED_BITS = 0x7FFFFFFFFFFFFFFF


@dataclass
class Trie:
    """Trie of the options' token sequences, at one node."""

    children: dict[int, Trie] = field(default_factory=dict)

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> Trie:
        """Build the trie from token sequences."""
        root = cls()
        for sequence in sequences:
            node = root
            for token in sequence:
                node = node.children.setdefault(token, Trie())
        return root


@dataclass
class Row:
    """One request while it is generated."""

    seed: int
    temperature: float
    top_p: float
    options: Trie | None = None
    """Set while the next token must continue one of these; emptied when an option is complete."""
    matcher: Matcher | None = None
    """Constrains the reply to a grammar from the place on."""
    choice_temperature: float | None = None
    """Temperature for drawing options; None for the row's."""
    waits: Callable[[list[int]], bool] | None = None
    """Decides from the tokens so far whether the place of the choice is reached; None if it is the start."""
    begins: Callable[[list[int]], bool] | None = None
    """Decides in the same way for the grammar."""
    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    chose: bool = False
    began: bool = False
    """Whether the place of the grammar has been reached."""
    limit: int | None = None
    """Most tokens; None without its own limit."""

    @property
    def chooses(self) -> bool:
        """Return whether the next token is restricted to the options."""
        if self.options is None or not self.options.children:
            return False
        return self.chose or self.waits is None or self.waits(self.tokens)

    @property
    def answered(self) -> bool:
        """Return whether the reply is a choice from its start on, and complete: what follows is not part of it."""
        return self.chose and self.waits is None and self.options is not None and not self.options.children

    @property
    def grammar(self) -> Matcher | None:
        """Return the restriction on the next token; None if it is free."""
        if self.matcher is None or self.matcher.is_over:
            return None
        self.began = self.began or self.begins is None or self.begins(self.tokens)
        return self.matcher if self.began else None

    def give_up_choice(self) -> None:
        """Choose no option any more, and have no probability of one."""
        self.options, self.chose, self.log_probability = None, False, 0.0


class RowSampler(LogitsProcessor):
    """Turns logits into a one-hot choice per row; used with greedy search.

    Args:
        rows: One for each row of the batch.
        banned: Tokens that are never drawn, e.g. the image token.
        stops: Tokens that end a row; an ended row draws no more tokens, however long the others continue.
    """

    def __init__(self, rows: Sequence[Row], banned: Sequence[int], stops: Sequence[int] = ()) -> None:
        self.rows, self.banned, self.stops = rows, list(banned), list(stops)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Choose for each row; `scores`, (rows, vocabulary), are overwritten with 0 for its token, -inf elsewhere."""
        tokens = self.step(scores)
        return scores.fill_(-torch.inf).scatter_(1, tokens[:, None], 0.0)

    def step(self, scores: Any) -> Any:
        """Draw the next token of each row: (rows,), on the device of the logits.

        Args:
            scores: Logits, (rows, vocabulary); overwritten.
        """
        at = [i for i, row in enumerate(self.rows) if not self._has_ended(row)]
        if len(at) == len(self.rows):
            return self._draw(self.rows, scores.float())
        tokens = torch.full((len(self.rows),), self.stops[0], device=scores.device)
        if at:
            tokens[at] = self._draw([self.rows[i] for i in at], scores[at].float())
        return tokens

    def _has_ended(self, row: Row) -> bool:
        if not self.stops:
            return False
        return len(row.tokens) == row.limit or (bool(row.tokens) and row.tokens[-1] in self.stops)

    def _draw(self, rows: Sequence[Row], logits: Any) -> Any:
        logits[:, self.banned] = -torch.inf
        choices = {i: row.options for i, row in enumerate(rows) if row.options is not None and row.chooses}
        grammars = {i: grammar for i, row in enumerate(rows) if (grammar := row.grammar) is not None}
        if grammars:
            rule_out(logits, grammars)
            for i in _impossible(logits, choices, grammars):
                rows[i].give_up_choice()
                del choices[i]
        choosing = torch.tensor(list(choices), dtype=torch.long, device=logits.device)
        totals = _keep_to_options(logits, choosing, choices)
        drawn = draw(logits, *_settings(rows, choices, logits.device))
        logs = logits[choosing, drawn[choosing]].double() - totals
        # The only transfer of a step; float64 represents any token exactly.
        tokens, log_probabilities = _split(torch.cat([drawn.double(), logs]).tolist(), len(rows))
        for row, token in zip(rows, tokens, strict=True):
            row.tokens.append(token)
        for i, grammar in grammars.items():
            grammar.accept(tokens[i])
        for (i, options), log in zip(choices.items(), log_probabilities, strict=True):
            rows[i].chose, rows[i].options = True, options.children[tokens[i]]
            rows[i].log_probability += log
        return drawn


def _impossible(logits: Any, choices: Mapping[int, Trie], grammars: Mapping[int, Matcher]) -> list[int]:
    """List the rows none of whose options the grammar allows: a tokenizer may put a space before a word.

    Args:
        logits: (rows, vocabulary), with -inf for what the grammars do not allow.
        choices: The rows that choose, each with its options.
        grammars: The rows under a grammar.
    """
    both = [i for i in choices if i in grammars]
    return [i for i in both if bool((logits[i, sorted(choices[i].children)] == -torch.inf).all())]


def _keep_to_options(logits: Any, at: Any, choices: Mapping[int, Trie]) -> Any:
    """Set the logits of tokens that do not continue an option to -inf, in place.

    Args:
        logits: (rows, vocabulary).
        at: (n,): rows that choose.
        choices: The same rows, each with its options.

    Returns:
        (n,), float64: log of the sum of exp(logit) over the remaining tokens.
    """
    if not choices:
        return torch.empty(0, dtype=torch.float64, device=logits.device)
    allowed = [sorted(options.children) for options in choices.values()]
    width = max(map(len, allowed))
    filled = [tokens + [tokens[0]] * (width - len(tokens)) for tokens in allowed]
    tokens = torch.tensor(filled, device=logits.device)
    lengths = torch.tensor([len(tokens) for tokens in allowed], device=logits.device)
    values = logits[at[:, None], tokens]
    logits[at] = -torch.inf
    logits[at[:, None], tokens] = values
    lacking = torch.arange(width, device=logits.device) >= lengths[:, None]
    return values.double().masked_fill(lacking, -torch.inf).logsumexp(-1)


def _settings(rows: Sequence[Row], choosing: Container[int], device: Any) -> tuple[Any, Any, Any, Any]:
    """Return temperature, top-p, seed and step of rows as tensors for `draw`."""
    chosen = [row.choice_temperature if i in choosing else None for i, row in enumerate(rows)]
    temperatures = [row.temperature if own is None else own for row, own in zip(rows, chosen, strict=True)]
    temperature, top_p = torch.tensor([temperatures, [row.top_p for row in rows]], dtype=torch.float64, device=device)
    seeds, steps = torch.tensor([[row.seed & _SEED_BITS for row in rows], [len(row.tokens) for row in rows]]).to(device)
    return temperature, top_p, seeds, steps


def _split(found: Sequence[float], rows: int) -> tuple[list[int], list[float]]:
    return [int(token) for token in found[:rows]], list(found[rows:])
