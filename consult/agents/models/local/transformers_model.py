"""A transformers model: image-text-to-text or text-only, with or without an adapter.

Each row draws its own noise, and token counts exclude padding.
"""

from __future__ import annotations

import math
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig, LogitsProcessorList

from consult.agents.models.local.chat_format import THOUGHT_MARKS, ChatFormat, cleared
from consult.agents.models.local.decode_loop import DecodeLoop, is_known
from consult.agents.models.local.json_grammar import Grammars
from consult.agents.models.local.loading import Base, load_base, revision_with
from consult.agents.models.local.photographs import Photographs, beside, tokenized
from consult.agents.models.local.prefix_cache import PrefixCache, Tokens, room_for
from consult.agents.models.local.sampling import Row, RowSampler, Trie
from consult.agents.models.local.training_metadata import practice_of
from consult.agents.models.model import (
    THOUGHT_TOKENS,
    Choice,
    Message,
    ModelError,
    ModelInfo,
    Prompt,
    Reply,
    Request,
    Sent,
)
from consult.agents.models.model_resolver import Located, locate
from consult.errors import ModelWarning
from consult.fields import Dtype
from consult.scenarios import Photograph

KEPT_TRIES = 512
"""Most lists of options that are cached as tries."""
KEPT_OPTIONS = 20_000
"""Most options whose tokens are cached."""


class Thought(NamedTuple):
    """A private thought before a reply."""

    sent: Sent
    """What it continues."""
    text: str
    tokens_in: int
    tokens_out: int


def _with_thought(reply: Reply, thought: Thought | None) -> Reply:
    """Add a thought to its reply, with its cost; the prompt counts once."""
    if thought is None:
        return reply
    return replace(
        reply, thought=thought.text, tokens_in=thought.tokens_in, tokens_out=reply.tokens_out + thought.tokens_out
    )


class TransformersModel:
    """One loaded model, with its adapter."""

    def __init__(self, base: Base, reference: str, adapter: Path | None = None, *, trained: bool = False) -> None:
        """Read the prompt format from the model's chat template.

        Args:
            base: The loaded base, possibly shared with other adapters.
            reference: The reference as the user gave it.
            adapter: Folder of an adapter on the base.
            trained: Whether the weights change, so that nothing computed for a prompt may be kept for later ones.

        Raises:
            ModelError: The model has no usable chat template, or the adapter is not for this base.
        """
        self.base, self.model, self.processor, self.tokenizer = base, base.model, base.processor, base.tokenizer
        self.adapter = base.attach(adapter) if adapter else None
        self._read_tokens()
        self._read_format(reference)
        text = self.model.config.get_text_config()
        self.context: int | None = getattr(text, "max_position_embeddings", None)
        """Most tokens of prompt and reply together; None if the configuration states none."""
        self._vocabulary = int(self.model.get_output_embeddings().weight.shape[0])
        self.banned += range(len(self.tokenizer), self._vocabulary)
        pad, stops = self.tokenizer.pad_token_id, sorted(self.stops)
        self.loop: DecodeLoop | None = None
        """Generates the tokens; None for a family that only stock `generate` supports."""
        if is_known(self.model):
            kept = None if trained else PrefixCache(room_for(self.model))
            self.loop = DecodeLoop(self.model, pad, self.banned, stops, kept)
        self._most: int | None = None
        """Most requests that fit into the GPU's memory; None if no batch was too large."""
        self._tries: OrderedDict[tuple[tuple[str, ...], bool], Trie] = OrderedDict()
        self._options: dict[str, list[int]] = {}
        self._info = self._described(reference, adapter)

    @classmethod
    def load(cls, folder: Path, reference: str) -> TransformersModel:
        """Load a folder, or a hub id written as a path.

        Raises:
            ModelError: The folder contains no model, or one that cannot be loaded safely.
        """
        return cls.of(locate(str(folder)), reference)

    @classmethod
    def of(cls, located: Located, reference: str, dtype: Dtype = "auto") -> TransformersModel:
        """Load a located model.

        Args:
            located: Where it is.
            reference: The reference as the user gave it.
            dtype: Data type of its weights.

        Raises:
            ModelError: The folder contains no model, or one that cannot be loaded safely.
        """
        return cls(load_base(located, dtype), reference, located.adapter)

    @property
    def info(self) -> ModelInfo:
        """Describe the backend."""
        return self._info

    # -- reading the model -----------------------------------------------------------------------------------------

    def _read_tokens(self) -> None:
        self.stops = set(_as_list(self.model.generation_config.eos_token_id) or _as_list(self.tokenizer.eos_token_id))
        added = {i for i, t in self.tokenizer.added_tokens_decoder.items() if t.special}
        words = self.tokenizer.get_vocab()
        marks = {words[mark] for mark in THOUGHT_MARKS if mark in words}
        special = (set(self.tokenizer.all_special_ids) | added) - marks
        self.banned = sorted(special - self.stops)
        self._special = self.tokenizer.convert_ids_to_tokens(sorted(special))

    def _read_format(self, reference: str) -> None:
        template = self.base.template
        if template is None:
            raise ModelError(f"'{self.base.folder}' has no chat template; give a model that was tuned for conversation")

        def render(chat: list[dict[str, Any]], **variables: Any) -> str:
            return str(
                self.tokenizer.apply_chat_template(
                    chat, chat_template=template, tokenize=False, add_generation_prompt=True, **variables
                )
            )

        try:
            self.format = ChatFormat.of(render, getattr(self.processor, "image_token", None))
        except ModelError as error:
            raise ModelError(
                f"'{reference}' cannot be used for chat: {error}; give a model tuned for conversation"
            ) from None
        controls = [*self._special, *([self.format.token] if self.format.token else [])]
        self._controls = re.compile("|".join(map(re.escape, controls)) or r"(?!)")
        self.photographs: Photographs | None = None
        if self.format.token is not None:
            self.photographs = Photographs(self.processor, self.format.trial())

    def _described(self, reference: str, adapter: Path | None) -> ModelInfo:
        revision = revision_with(self.base.revision, adapter)
        details = {
            "parameters": str(self.base.parameters),
            "base": str(self.base.folder) if adapter else "",
            "device": str(self.model.device),
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "context": str(self.context or ""),
            "system role": self.format.system,
            "photographs": "" if self.photographs is None else str(self.format.most_photographs or "any number"),
            "tokens a photograph": "" if self.photographs is None else str(self.photographs.tokens),
            "decoding": "" if self.loop else "stock generate",
            "sampling": "by seed",
            "thinking": "none" if self.format.thought is None else "can be switched",
            "schemas": "kept" if self.base.dialect == "plain" and self._grammars else "not kept",
        }
        details = {name: value for name, value in details.items() if value}
        sees = self.photographs is not None
        rationale = practice_of(adapter or self.base.folder).rationale
        most = self.format.most_photographs
        return ModelInfo(reference, "transformers", self.base.dialect, sees, revision, details, rationale, most)

    @cached_property
    def _grammars(self) -> Grammars | None:
        return Grammars.of(self.tokenizer, self._vocabulary, sorted(self.stops))

    # -- generation ------------------------------------------------------------------------------------------------

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch; one that does not fit into the GPU's memory is halved, and later batches are not larger.

        Raises:
            ModelError: A prompt is longer than the context of the model, cannot be rendered, or does not fit alone.
        """
        replies: list[Reply] = []
        while len(replies) < len(requests):
            replies += self._generate_or_halve(requests[len(replies) :][: self._most])
        return replies

    def _generate_or_halve(self, requests: Sequence[Request]) -> list[Reply]:
        try:
            return self._generate(requests)
        except torch.OutOfMemoryError:
            pass  # what the error refers to must be released before the next try
        name = self.info.reference
        if len(requests) == 1:
            raise ModelError(f"the GPU's memory is too small for one request of '{name}'; give a smaller model")
        if self.loop is not None and self.loop.kept is not None:
            self.loop.kept.clear()
            self.loop.kept.most //= 2
        torch.cuda.empty_cache()
        self._most = len(requests) // 2
        warnings.warn(
            f"a batch of {len(requests)} requests of '{name}' does not fit into the GPU's memory; continuing with "
            f"{self._most} (--batch {self._most})",
            ModelWarning,
            stacklevel=2,
        )
        return self.generate(requests)

    @torch.inference_mode()
    def _generate(self, requests: Sequence[Request]) -> list[Reply]:
        thoughts = self._thoughts([one for one in requests if one.thinks and self.format.thought is not None])
        sent = [self._after_thought(one, thoughts.get(id(one))) for one in requests]
        inputs = self._inputs(requests, sent)
        used = [one["input_ids"].shape[1] for one in inputs]
        rows = [self._row(request, n_in) for request, n_in in zip(requests, used, strict=True)]
        self._draw(requests, inputs, rows, self.stops)
        limited = [
            replace(one, max_new_tokens=row.limit or one.max_new_tokens, constrained=bool(row.options or row.matcher))
            for one, row in zip(sent, rows, strict=True)
        ]
        replies = [self._reply(*each) for each in zip(limited, rows, used, strict=True)]
        return [_with_thought(one, thoughts.get(id(asked))) for one, asked in zip(replies, requests, strict=True)]

    def _draw(
        self, requests: Sequence[Request], inputs: Sequence[dict[str, Any]], rows: Sequence[Row], stops: set[int]
    ) -> None:
        """Draw the tokens of rows.

        Args:
            requests: The request of each row.
            inputs: The inputs of each prompt.
            rows: One for each prompt; receives the tokens.
            stops: Tokens that end a row.
        """

        def joined(at: Sequence[int]) -> dict[str, Any]:
            together = beside([inputs[i] for i in at], self.tokenizer.pad_token_id)
            return {name: self._placed(tensor) for name, tensor in together.items()}

        banned = [token for token in self.banned if token not in stops]
        with self.base.with_adapter(self.adapter):
            if self.loop is not None:
                shown = [_photographs(request) if self.photographs else [] for request in requests]
                read = [
                    Tokens(tuple(one["input_ids"][0].tolist()), tuple(photograph.id for photograph in each))
                    for one, each in zip(inputs, shown, strict=True)
                ]
                replace(self.loop, stops=sorted(stops), banned=banned).generate(read, joined, rows)
                return
            with self._without_penalties(stops):
                self.model.generate(
                    **joined(range(len(rows))),
                    max_new_tokens=max(row.limit or 0 for row in rows),
                    do_sample=False,
                    num_beams=1,
                    logits_processor=LogitsProcessorList([RowSampler(rows, banned, sorted(stops))]),
                    pad_token_id=self.tokenizer.pad_token_id,
                )

    def _thoughts(self, requests: Sequence[Request]) -> dict[int, Thought]:
        """Generate private thoughts, in room of their own: id of the request → its thought."""
        if not requests or self.format.thought is None:
            return {}
        sent = [self._rendered(request.prompt, request.prompt.messages, thinks=True) for request in requests]
        inputs = self._inputs(requests, sent)
        used = [one["input_ids"].shape[1] for one in inputs]
        mark = self.format.thought[1].strip()
        end = self.tokenizer.encode(mark, add_special_tokens=False)
        # gpt-oss closes a thought with several control tokens, of which the first ends it.
        stops = self.stops | (set(end[:1]) if len(end) == 1 or end[0] in self.banned else set())
        rows = [
            Row(one.seed, one.temperature, one.top_p, limit=self._limit(replace(one.prompt, max_new_tokens=room), n_in))
            for one, n_in in zip(requests, used, strict=True)
            for room in (THOUGHT_TOKENS,)
        ]
        self._draw(requests, inputs, rows, stops)
        found = {}
        for request, one, row, n_in in zip(requests, sent, rows, used, strict=True):
            kept = row.tokens[: row.limit]
            ended = next((i for i, token in enumerate(kept) if token in stops), len(kept))
            text = self.tokenizer.decode(kept[:ended]).partition(mark)[0].strip()
            found[id(request)] = Thought(one, text, n_in, min(ended + 1, len(kept)))
        return found

    def _after_thought(self, request: Request, thought: Thought | None) -> Sent:
        if thought is None or self.format.thought is None:
            return self.sent(request.prompt)
        whole = f"{thought.sent.text}{thought.text}{self.format.thought[1]}{request.prompt.begin}"
        return replace(thought.sent, text=whole, begin=request.prompt.begin)

    @contextmanager
    def _without_penalties(self, stops: set[int]) -> Iterator[None]:
        """Leave out penalties, bans and least lengths of the model's own generation configuration.

        They would change the distribution that is sampled from, and could forbid every option of a choice.
        """
        own = self.model.generation_config
        self.model.generation_config = GenerationConfig(eos_token_id=sorted(stops))
        try:
            yield
        finally:
            self.model.generation_config = own

    # -- in --------------------------------------------------------------------------------------------------------

    def _inputs(self, requests: Sequence[Request], sent: Sequence[Sent]) -> list[dict[str, Any]]:
        """Return the model's inputs for each prompt alone."""
        texts = [one.text or "" for one in sent]
        if self.photographs is not None:
            return self.photographs.inputs(texts, [_photographs(request) for request in requests])
        return tokenized(self.tokenizer, texts)

    def text(self, prompt: Prompt) -> str:
        """Render a prompt up to the place where the reply continues, with photographs as their tokens.

        If a prompt has shorter versions, the first one that leaves room for the reply is used.
        """
        return self.sent(prompt).text or ""

    def sent(self, prompt: Prompt) -> Sent:
        """Return the rendered form of a prompt: its messages without control tokens, and their text as in `text`."""
        versions = (prompt.messages, *prompt.shorter)
        for messages in versions:
            sent = self._rendered(prompt, messages)
            if messages is versions[-1] or self._fits(sent.text or "", prompt):
                break
        return sent

    def _rendered(self, prompt: Prompt, messages: tuple[Message, ...], *, thinks: bool = False) -> Sent:
        kept = cleared(replace(prompt, messages=messages), self._controls)
        if thinks:
            return Sent(tuple(kept), prompt.max_new_tokens, self.format.text(kept, thinks=True))
        return Sent(tuple(kept), prompt.max_new_tokens, self.format.text(kept) + prompt.begin, prompt.begin)

    def _fits(self, text: str, prompt: Prompt) -> bool:
        if self.context is None:
            return True
        room = self.context - prompt.max_new_tokens
        # A token is at least one byte.
        if len(text.encode()) <= room:
            return True
        return len(self.tokenizer.encode(text, add_special_tokens=False)) <= room

    def chat(self, prompt: Prompt) -> list[dict[str, Any]]:
        """Arrange a prompt's messages in the chat template's format, with a part for each photograph."""
        return self.format.chat(cleared(prompt, self._controls))

    def _placed(self, tensor: Any) -> Any:
        # Pixels have the data type of the weights.
        return tensor.to(self.model.device, self.model.dtype if tensor.is_floating_point() else tensor.dtype)

    def _row(self, request: Request, n_in: int) -> Row:
        prompt = request.prompt
        row = Row(request.seed, request.temperature, request.top_p, limit=self._limit(prompt, n_in))
        if prompt.choice is not None:
            row.options, row.waits = self._trie(prompt.choice), self._place(prompt.choice.after)
            row.choice_temperature = prompt.choice.temperature
        if prompt.schema is not None and self._grammars is not None:
            row.matcher, row.begins = self._grammars.matcher(prompt.schema), self._place(prompt.schema_after)
        return row

    def _limit(self, prompt: Prompt, n_in: int) -> int:
        if self.context is None:
            return prompt.max_new_tokens
        if n_in >= self.context:
            raise ModelError(
                f"a prompt of {n_in} tokens is longer than the context of '{self.info.reference}' ({self.context} "
                "tokens); play fewer turns with --max-turns, or give a model with a longer context"
            )
        return min(prompt.max_new_tokens, self.context - n_in)

    def _trie(self, choice: Choice) -> Trie:
        kept = choice.options, choice.final
        if kept not in self._tries:
            sequences = [self._encoded(option) for option in choice.options]
            # If an option is a prefix of another one, the end of the reply distinguishes them.
            ends = sorted(self.stops)[:1]
            begins = [any(s != t and t[: len(s)] == s for t in sequences) for s in sequences]
            closed = [s + ends * (b or choice.final) for s, b in zip(sequences, begins, strict=True)]
            self._tries[kept] = Trie.of(closed)
            if len(self._tries) > KEPT_TRIES:
                self._tries.popitem(last=False)
        self._tries.move_to_end(kept)
        return self._tries[kept]

    def _encoded(self, option: str) -> list[int]:
        if option not in self._options:
            if len(self._options) >= KEPT_OPTIONS:
                self._options.clear()
            self._options[option] = self.tokenizer.encode(option, add_special_tokens=False)
        return self._options[option]

    def _place(self, after: str) -> Callable[[list[int]], bool] | None:
        if not after:
            return None
        return lambda tokens: self.tokenizer.decode(tokens[-16:]).endswith(after)

    # -- out -------------------------------------------------------------------------------------------------------

    def _reply(self, sent: Sent, row: Row, tokens_in: int) -> Reply:
        tokens, limit = row.tokens, sent.max_new_tokens
        end = next((i for i, token in enumerate(tokens) if token in self.stops), len(tokens))
        kept = tokens[: min(end, limit)]
        spent = min(end + 1, len(tokens), limit)
        probability = math.exp(row.log_probability) if row.chose else None
        text = sent.begin + self.tokenizer.decode(kept)
        return Reply(text, tokens_in, spent, probability=probability, cut=end >= limit and not row.answered, sent=sent)


def _photographs(request: Request) -> list[Photograph]:
    return [photograph for message in request.prompt.messages for photograph in message.photographs]


def _as_list(value: Any) -> list[int]:
    return [] if value is None else [value] if isinstance(value, int) else list(value)
