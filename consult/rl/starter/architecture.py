"""The starter's architecture: a tiny stock LLaVA (SigLIP tower and Llama) with its own byte-level BPE tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from consult.agents.prompt_formats.starter_tags import TAGS

SPECIAL = ("<pad>", "<|im_start|>", "<|im_end|>", "<image>")
IMAGE_SIZE = 96
PATCH = 16
PATCHES = (IMAGE_SIZE // PATCH) ** 2
VOCABULARY = 1_800
"""Vocabulary size without names and sentences."""
MAX_LENGTH = 1024

# Takes content both as a string and as a list of parts.
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for part in m['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def train_tokenizer(texts: Iterable[str], names: Sequence[str]) -> Any:
    """Train the tokenizer.

    Args:
        texts: The texts that the tokenizer should encode well.
        names: Labels, findings, sentences and the like: one token each, so that a choice among them is one draw.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in TAGS])
    tokenizer.add_tokens(
        # A name inside a longer word does not count; a sentence ends in a punctuation mark, which is in no word.
        [AddedToken(n, special=False, normalized=False, single_word=n[-1].isalnum()) for n in names]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        extra_special_tokens={"image_token": "<image>"},
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=MAX_LENGTH,
        padding_side="left",
    )


def build_processor(tokenizer: Any) -> Any:
    """Join the tokenizer and a stock image processor."""
    from transformers import LlavaProcessor

    return LlavaProcessor(
        image_processor=_image_processor(),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
        image_token="<image>",
        num_additional_image_tokens=0,
    )


def _image_processor() -> Any:
    from transformers import SiglipImageProcessorPil

    return SiglipImageProcessorPil(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_convert_rgb=True
    )


def build_model(vocabulary: int, seed: int) -> Any:
    """Make the model with fresh weights; about 5.7 M parameters."""
    import torch
    from transformers import LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, SiglipVisionConfig

    torch.manual_seed(seed)
    vision = SiglipVisionConfig(
        hidden_size=160,
        intermediate_size=480,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
        vision_use_head=False,
    )
    text = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=192,
        intermediate_size=576,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=3,
        image_token_index=3,
        image_seq_length=PATCHES,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        # Names that are often equally likely as next token get similar output embeddings; as inputs they must differ.
        tie_word_embeddings=False,
    )
    model = LlavaForConditionalGeneration(config)
    model.generation_config.eos_token_id = 2
    model.generation_config.pad_token_id = 0
    return model
