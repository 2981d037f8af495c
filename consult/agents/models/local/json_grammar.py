"""Constrain replies to a JSON schema, token by token, with xgrammar if it is installed.

Without it a reply is free, and an unusable one is requested again once.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

KEPT_SCHEMAS = 256


def is_available() -> bool:
    """Return whether schemas can be enforced; the extra `schema` installs what is needed."""
    return find_spec("xgrammar") is not None


class Grammars:
    """Schemas as grammars over one tokenizer, each compiled once."""

    def __init__(self, tokenizer: Any, vocabulary: int, stops: Sequence[int]) -> None:
        """Read the tokenizer.

        Args:
            tokenizer: The model's tokenizer.
            vocabulary: Size of the logits, which may exceed the tokenizer's vocabulary.
            stops: Tokens that end a reply.
        """
        import xgrammar

        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary, stop_token_ids=list(stops))
        self._compiler = xgrammar.GrammarCompiler(info)
        self._compiled: OrderedDict[str, Any] = OrderedDict()

    @classmethod
    def of(cls, tokenizer: Any, vocabulary: int, stops: Sequence[int]) -> Grammars | None:
        """Read the tokenizer; None if schemas cannot be enforced: no xgrammar, or an unsupported tokenizer."""
        if not is_available():
            return None
        try:
            return cls(tokenizer, vocabulary, stops)
        except Exception:  # replies are then free, as without the library
            return None

    def matcher(self, schema: Mapping[str, Any]) -> Matcher:
        """Start a reply under a schema."""
        written = json.dumps(schema)
        if written not in self._compiled:
            # Fixed whitespace: a model that may pad its answer with blanks can spend all of its tokens on them.
            self._compiled[written] = self._compiler.compile_json_schema(written, any_whitespace=False)
            if len(self._compiled) > KEPT_SCHEMAS:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(written)
        return Matcher(self._compiled[written])


class Matcher:
    """A reply in progress."""

    def __init__(self, compiled: Any) -> None:
        import xgrammar

        self._matcher = xgrammar.GrammarMatcher(compiled)

    def write(self, bits: Any, row: int) -> None:
        """Write the tokens that may come next into a row of a mask made by `rule_out`."""
        self._matcher.fill_next_token_bitmask(bits, row)

    def accept(self, token: int) -> None:
        """Advance by one token."""
        self._matcher.accept_token(token)

    @property
    def is_over(self) -> bool:
        """Return whether the reply is complete and ended."""
        return bool(self._matcher.is_terminated())


def rule_out(logits: Any, matchers: Mapping[int, Matcher]) -> None:
    """Set the logits that the rows' grammars do not allow to -inf, in place.

    Args:
        logits: (rows, vocabulary).
        matchers: Row → its grammar; other rows are not changed.
    """
    import xgrammar

    bits = xgrammar.allocate_token_bitmask(*logits.shape)
    for row, matcher in matchers.items():
        matcher.write(bits, row)
    xgrammar.apply_token_bitmask_inplace(logits, bits.to(logits.device), indices=list(matchers))
