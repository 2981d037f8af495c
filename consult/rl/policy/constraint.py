"""Decisions within a constraint, as a table: which tokens may follow in each state, and where each leads.

What is sampled and what is trained must be the same distribution: both are the model's logits over the tokens that the
state allows, renormalised. A forced token has probability 1: the model does not decide it, and it is masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from consult.agents.models.local.sampling import Trie

END = -1
"""The state after the last token."""


@dataclass(frozen=True)
class Constraint:
    """A table of states; state 0 is the start."""

    allowed: Any
    """(states, columns), bool: which tokens may come next."""
    columns: Any
    """(columns,): the token ids that occur in the table, ascending."""
    follows: tuple[Mapping[int, int], ...]
    """State → token → next state; a token without an entry does not change the state."""
    choices: Any
    """(states,), bool: whether more than one token may come next."""
    chooses_from: tuple[bool, ...]
    """(states,), bool: whether a choice comes in the state or after it."""

    @classmethod
    def of(
        cls,
        options: Sequence[Sequence[int]],
        vocabulary: int,
        *,
        after: int | None = None,
        until: int | None = None,
        banned: Sequence[int] = (),
        stops: Sequence[int] = (),
    ) -> Constraint:
        """Build a table.

        Args:
            options: Token sequences, one of which must be generated; none is a prefix of another.
            vocabulary: Size of the vocabulary, in tokens.
            after: Token right before the choice; the text before it is free. None if the choice comes first.
            until: Token that ends free text after the choice; None if the choice comes last.
            banned: Tokens that free text may not contain.
            stops: Tokens that end the completion early.
        """
        over = dict.fromkeys(stops, END)
        follows: list[dict[int, int]] = [] if after is None else [{**over, after: 1}]
        _number(Trie.of(options), follows)
        free = [] if after is None else [0]
        if until is not None:
            # The end of an option leads to the free text after it.
            for edges in follows[len(free) :]:
                edges.update({token: len(follows) for token, after in edges.items() if after == END})
            free.append(len(follows))
            follows.append({**over, until: END})
        columns = torch.arange(vocabulary) if free else _tokens_of(follows)
        allowed = _allowed(follows, columns)
        for state in free:
            allowed[state] = True
            allowed[state, list(banned)] = False
        choices = allowed.sum(-1) > 1
        return cls(allowed, columns, tuple(follows), choices, _choosing(follows, choices.tolist()))

    @classmethod
    def several(cls, sets: Sequence[Sequence[Sequence[int]]]) -> tuple[Constraint, list[int]]:
        """Build one table of several choices; return it with the state at which each choice starts."""
        follows: list[dict[int, int]] = []
        starts = [_number(Trie.of(options), follows) for options in sets]
        columns = _tokens_of(follows)
        allowed = _allowed(follows, columns)
        choices = allowed.sum(-1) > 1
        return cls(allowed, columns, tuple(follows), choices, _choosing(follows, choices.tolist())), starts

    def after(self, state: int, token: int) -> int:
        """Return the state after a token; END stays END."""
        return state if state == END else self.follows[state].get(token, state)

    def walk(self, tokens: Sequence[int], start: int = 0) -> list[int]:
        """Return the state before each token, beginning with `start`."""
        states, state = [], start
        for token in tokens:
            states.append(state)
            state = self.after(state, token)
        return states

    def states(self, ids: Any, mask: Any, starts: Sequence[int] | None = None) -> Any:
        """Return the state before each token of completions: (completions, tokens), END in the padding.

        Args:
            ids: (completions, tokens), padded on the right.
            mask: The same shape: 0 where padding is.
            starts: The state before each completion; None for the table's start.
        """
        spoken = [row[:length] for row, length in zip(ids.tolist(), mask.sum(1).tolist(), strict=True)]
        walked = [self.walk(row, start) for row, start in zip(spoken, starts or [0] * len(spoken), strict=True)]
        return torch.tensor([states + [END] * (ids.shape[1] - len(states)) for states in walked])

    def log_probabilities(self, logits: Any, states: Any) -> Any:
        """Renormalise logits over the tokens that the states allow.

        Args:
            logits: (…, columns).
            states: (…), of the same leading shape; positions in state END are ignored.
        """
        return logits.float().masked_fill(~self.allowed[states.clamp_min(0)], -torch.inf).log_softmax(-1)


def _tokens_of(follows: Sequence[Mapping[int, int]]) -> Any:
    """Return the tokens that occur in a table, ascending: (columns,)."""
    return torch.tensor(sorted({token for edges in follows for token in edges}))


def _allowed(follows: Sequence[Mapping[int, int]], columns: Any) -> Any:
    """Return whether a state has an entry for a token: (states, columns) of bool."""
    allowed = torch.zeros(len(follows), len(columns), dtype=torch.bool)
    for state, edges in enumerate(follows):
        allowed[state, torch.searchsorted(columns, torch.tensor(list(edges)))] = True
    return allowed


def _number(trie: Trie, follows: list[dict[int, int]]) -> int:
    """Number the nodes of a trie, the root first."""
    if not trie.children:
        return END
    own = len(follows)
    follows.append({})
    for token, child in trie.children.items():
        follows[own][token] = _number(child, follows)
    return own


def _choosing(follows: Sequence[Mapping[int, int]], choices: Sequence[bool]) -> tuple[bool, ...]:
    found = list(choices)
    for state in reversed(range(len(follows))):  # later states have higher numbers
        found[state] = found[state] or any(found[after] for after in follows[state].values() if after != END)
    return tuple(found)
