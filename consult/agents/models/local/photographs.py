"""Process photographs for a model of any family: each once, and kept while it is in use.

A stock processor is called once per photograph, with only the token that stands for it. It returns the text that
replaces the token, and tensors. Prompts are assembled from these. When a model is loaded, a test compares this with
processing the whole prompt; if the results differ, each prompt is processed whole.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from consult.agents.models.model import ModelError
from consult.counts import count_of
from consult.scenarios import Photograph
from consult.scenarios.photographs import padded

KEPT_BYTES = 512 * 2**20
TEXT_TENSORS = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
"""Tensors with one column per token; all others belong to the photographs."""
KINDS = ("token_type_ids", "mm_token_type_ids")
"""Mark tokens of photographs (1) and others (0)."""

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Processed:
    """One photograph."""

    text: str
    """Text that replaces the token in a prompt."""
    tensors: Inputs

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


class Photographs:
    """The photographs of one model.

    Args:
        processor: The processor, with `image_token`, which stands for a photograph in a prompt.
        trial: Renders a question with one photograph.
    """

    def __init__(self, processor: Any, trial: str) -> None:
        self.processor, self.token = processor, processor.image_token
        self.kinds: tuple[str, ...] = ()
        self.tokens = 0
        """Tokens that a photograph of 512 by 512 pixels takes in a prompt."""
        self._kept: OrderedDict[str, Processed] = OrderedDict()
        self._size = 0
        self.whole = not self._can_be_put_together(trial)
        """Whether each prompt is processed whole."""

    def inputs(self, texts: Sequence[str], photographs: Sequence[Sequence[Photograph]]) -> list[Inputs]:
        """Assemble the inputs of each prompt alone.

        Args:
            texts: Rendered prompts.
            photographs: The photographs of each prompt, in the order of their tokens.

        Raises:
            ModelError: A prompt has more or fewer places than photographs.
        """
        for text, shown in zip(texts, photographs, strict=True):
            if text.count(self.token) != len(shown):
                places = count_of(text.count(self.token), "place")
                raise ModelError(f"a prompt has {places} for {count_of(len(shown), 'photograph')}")
        if self.whole and any(photographs):
            return [self._stock(text, [p.load() for p in s]) for text, s in zip(texts, photographs, strict=True)]
        return self._put_together(texts, [[self._processed(p) for p in shown] for shown in photographs])

    # -- together --------------------------------------------------------------------------------------------------

    def _put_together(self, texts: Sequence[str], shown: Sequence[Sequence[Processed]]) -> list[Inputs]:
        expanded = [_filled(text, self.token, [p.text for p in each]) for text, each in zip(texts, shown, strict=True)]
        rows = tokenized(self.processor.tokenizer, expanded)
        places = torch.tensor([i for i in self.processor.image_token_ids if i is not None] if self.kinds else [])
        for row, each in zip(rows, shown, strict=True):
            row |= {name: torch.isin(row["input_ids"], places).long() for name in self.kinds}
            row |= _stacked_all([photograph.tensors for photograph in each])
        return rows

    def _processed(self, photograph: Photograph) -> Processed:
        if photograph.id not in self._kept:
            self._keep(photograph.id, self._process(photograph.load()))
        self._kept.move_to_end(photograph.id)
        return self._kept[photograph.id]

    def _keep(self, name: str, processed: Processed) -> None:
        self._kept[name] = processed
        self._size += processed.size
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1].size

    def _process(self, image: Any) -> Processed:
        stock = self._stock(self.token, [image])
        text = self.processor.tokenizer.decode(stock["input_ids"][0], clean_up_tokenization_spaces=False)
        return Processed(text, {name: tensor for name, tensor in stock.items() if name not in TEXT_TENSORS})

    def _stock(self, text: str, images: Sequence[Any]) -> Inputs:
        shown = {"images": [[padded(image) for image in images]]} if images else {}
        return dict(self.processor(text=[text], **shown, return_tensors="pt", add_special_tokens=False))

    # -- trying ----------------------------------------------------------------------------------------------------

    def _can_be_put_together(self, trial: str) -> bool:
        image = Image.linear_gradient("L").resize((512, 512)).convert("RGB")
        stock = self._stock(trial, [image])
        self.kinds = tuple(name for name in KINDS if name in stock)
        try:
            (ours,) = self._put_together([trial], [[self._process(image)]])
            bare = self.processor.tokenizer(trial, add_special_tokens=False)["input_ids"]
        except Exception:  # a processor that does not accept the token alone
            return False
        self.tokens = stock["input_ids"].shape[1] - len(bare) + 1
        return set(ours) == set(stock) and all(torch.equal(ours[name], stock[name]) for name in stock)


def _filled(text: str, token: str, fillings: Sequence[str]) -> str:
    pieces = text.split(token)
    return "".join(piece + filling for piece, filling in zip(pieces, [*fillings, ""], strict=True))


def tokenized(tokenizer: Any, texts: Sequence[str]) -> list[Inputs]:
    """Return the tokens of each text, (1, tokens), with a mask of ones.

    Args:
        tokenizer: Adds no special tokens.
        texts: Rendered prompts.
    """
    ids = (
        [torch.tensor([row]) for row in tokenizer(list(texts), add_special_tokens=False)["input_ids"]] if texts else []
    )
    return [{"input_ids": row, "attention_mask": torch.ones_like(row)} for row in ids]


def beside(rows: Sequence[Inputs], pad: int) -> Inputs:
    """Join prompts that were processed one by one, padded on the left.

    Args:
        rows: Inputs of one prompt each.
        pad: Token for padding.
    """
    width = max(row["input_ids"].shape[1] for row in rows)
    names = [name for name in TEXT_TENSORS if any(name in row for row in rows)]
    fillers = {name: pad if name == "input_ids" else 0 for name in names}
    return {
        name: torch.cat([_widened(row, name, width, fillers[name]) for row in rows]) for name in names
    } | _stacked_all([{name: tensor for name, tensor in row.items() if name not in TEXT_TENSORS} for row in rows])


def _widened(row: Inputs, name: str, width: int, filler: int) -> Any:
    tensor = row.get(name, torch.zeros_like(row["input_ids"]))
    return torch.nn.functional.pad(tensor, (width - tensor.shape[1], 0), value=filler)


def _stacked_all(parts: Sequence[Inputs]) -> Inputs:
    """Concatenate tensors of photographs; smaller ones are padded with zeros."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _stacked([part[name] for part in parts if name in part]) for name in names}


def _stacked(tensors: Sequence[Any]) -> Any:
    if len(tensors) == 1:
        return tensors[0]
    shapes = [tensor.shape[1:] for tensor in tensors]
    if len(set(shapes)) == 1:
        return torch.cat(list(tensors))
    largest = [max(sizes) for sizes in zip(*shapes, strict=True)]
    return torch.cat([_filled_up(tensor, largest) for tensor in tensors])


def _filled_up(tensor: Any, sizes: Sequence[int]) -> Any:
    pads = [n for have, want in zip(tensor.shape[1:], sizes, strict=True) for n in (want - have, 0)]
    return torch.nn.functional.pad(tensor, pads[::-1])
