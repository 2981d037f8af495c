"""Tiny random models of several families, built from stock configurations and saved as folders with real templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from consult.agents.models import Request
from consult.agents.models.local.photographs import beside

import trl  # isort: skip

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
"""Those of the real models, as TRL ships them."""
SPECIAL = [
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"),
    *("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
    *("<fake_token_around_image>", "<global-img>", "<end_of_utterance>"),
    *(f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)),
    *("<start_of_image>", "<end_of_image>", "<image_soft_token>", "<start_of_turn>", "<end_of_turn>"),
]
CORPUS = [
    "I have a rash on both hands and it itches badly at night. How long have you had it? For three weeks.",
    'Answer with one JSON object: {"action": "ask", "topic": "duration", "text": "Since when?"}',
    'The conversation so far: {"specialty": "dermatology", "urgency": "routine", "why": "It is a rash."}',
    '{"diagnosis": "eczema", "confidence": 0.8, "reason": "It looks like it."}',
    "<think>I see a rash.</think><answer>hives</answer>",
]
HIDDEN, LAYERS, HEADS, IMAGE, PATCH, CONTEXT = 32, 2, 2, 32, 8, 16384


def tokenizer(template: str, names: dict[str, str] | None = None) -> Any:
    """Train a byte-level BPE.

    Args:
        template: Chat template.
        names: Attribute → token, for tokens that a processor asks its tokenizer for.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    trained.train_from_iterator(CORPUS * 10, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=trained,
        eos_token="<|im_end|>",
        bos_token="<|im_start|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=names or {},
        chat_template=template,
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
    )


def read(template: str) -> str:
    return (TEMPLATES / f"{template}.jinja").read_text(encoding="utf-8")


def text_config(words: Any, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(words),
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        **more,
    }


def vision_config(**more: Any) -> dict[str, Any]:
    sizes = {"hidden_size": HIDDEN, "intermediate_size": 2 * HIDDEN, "num_hidden_layers": LAYERS}
    return {**sizes, "num_attention_heads": HEADS, "image_size": IMAGE, "patch_size": PATCH, **more}


def token_id(words: Any, token: str) -> int:
    return int(words.convert_tokens_to_ids(token))


def llama(folder: Path, template: str | None = None, **more: Any) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer(template or read("llama3"))
    torch.manual_seed(0)
    return saved(folder, LlamaForCausalLM(LlamaConfig(**text_config(words, **more))), words)


def llava(folder: Path) -> Path:
    from transformers import LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor, SiglipImageProcessorPil

    words = tokenizer(read("llava_next"), {"image_token": "<image>"})
    vision = {"model_type": "siglip_vision_model", **vision_config(vision_use_head=False)}
    config = LlavaConfig(
        text_config={"model_type": "llama", **text_config(words)},
        vision_config=vision,
        image_token_index=token_id(words, "<image>"),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    processor = LlavaProcessor(
        image_processor=SiglipImageProcessorPil(size={"height": IMAGE, "width": IMAGE}),
        tokenizer=words,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=words.chat_template,
    )
    torch.manual_seed(0)
    return saved(folder, LlavaForConditionalGeneration(config), processor)


def qwen2_5_vl(folder: Path) -> Path:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    words = tokenizer(read("qwen2_5_vl"))
    vision = {**qwen_vision(), "window_size": 2 * PATCH * 2, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(**qwen(words, vision))
    torch.manual_seed(0)
    return saved_qwen(folder, Qwen2_5_VLForConditionalGeneration(config), words, "Qwen2_5_VLProcessor")


def qwen3_vl(folder: Path) -> Path:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    words = tokenizer(read("qwen3_vl"))
    vision = {**qwen_vision(), "num_position_embeddings": (IMAGE // PATCH) ** 2, "deepstack_visual_indexes": [0]}
    config = Qwen3VLConfig(**qwen(words, vision))
    torch.manual_seed(0)
    return saved_qwen(folder, Qwen3VLForConditionalGeneration(config), words, "Qwen3VLProcessor")


def qwen_vision() -> dict[str, Any]:
    sizes = {"depth": LAYERS, "hidden_size": HIDDEN, "intermediate_size": 2 * HIDDEN, "num_heads": HEADS}
    patches = {"patch_size": PATCH, "spatial_merge_size": 2, "temporal_patch_size": 2}
    return {**sizes, **patches, "out_hidden_size": HIDDEN}


def qwen(words: Any, vision: dict[str, Any]) -> dict[str, Any]:
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    return {
        "text_config": text_config(words, head_dim=HIDDEN // HEADS, rope_parameters=rope),
        "vision_config": vision,
        "image_token_id": token_id(words, "<|image_pad|>"),
        "video_token_id": token_id(words, "<|video_pad|>"),
        "vision_start_token_id": token_id(words, "<|vision_start|>"),
        "vision_end_token_id": token_id(words, "<|vision_end|>"),
    }


def saved_qwen(folder: Path, model: Any, words: Any, kind: str) -> Path:
    """Save a processor as its makers do, with a part for videos, which needs torchvision to be opened."""
    from transformers import Qwen2VLImageProcessorPil

    area = {"shortest_edge": IMAGE * IMAGE, "longest_edge": IMAGE * IMAGE}
    images = Qwen2VLImageProcessorPil(patch_size=PATCH, merge_size=2, temporal_patch_size=2, size=area)
    images._processor_class = kind
    images.save_pretrained(folder)
    words._processor_class = kind
    return saved(folder, model, words)


def idefics3(folder: Path) -> Path:
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessorPil,
        Idefics3Processor,
    )

    words = tokenizer(read("idefics3"))
    config = Idefics3Config(
        text_config={"model_type": "llama", **text_config(words)},
        vision_config=vision_config(),
        image_token_id=token_id(words, "<image>"),
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    # Split into two by two tiles and the whole.
    images = Idefics3ImageProcessorPil(size={"longest_edge": 2 * IMAGE}, max_image_size={"longest_edge": IMAGE})
    processor = Idefics3Processor(images, words, image_seq_len=4, chat_template=words.chat_template)
    torch.manual_seed(0)
    return saved(folder, Idefics3ForConditionalGeneration(config), processor)


def gemma3(folder: Path) -> Path:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessorPil, Gemma3Processor

    names = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    words = tokenizer(read("gemma3"), names)
    config = Gemma3Config(
        text_config=text_config(words, head_dim=HIDDEN // HEADS, sliding_window=512),
        vision_config=vision_config(vision_use_head=False),
        mm_tokens_per_image=4,
        boi_token_index=words.boi_token_id,
        eoi_token_index=words.eoi_token_id,
        image_token_index=words.image_token_id,
    )
    images = Gemma3ImageProcessorPil(size={"height": IMAGE, "width": IMAGE})
    processor = Gemma3Processor(images, words, chat_template=words.chat_template, image_seq_length=4)
    torch.manual_seed(0)
    return saved(folder, Gemma3ForConditionalGeneration(config), processor)


def saved(folder: Path, model: Any, processor: Any) -> Path:
    """Save a model whose weights are spread so far that photographs, words and seeds make a difference."""
    words = getattr(processor, "tokenizer", processor)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "mm_input_projection" in name:
                weights.normal_()  # Gemma's begins at zero, and shows nothing
            elif re.search(r"(^model|language_model|text_model)\.norm\.weight$", name):
                weights.add_(11)
            elif weights.dim() == 2 and "embed" not in name and "lm_head" not in name:
                weights.mul_(4)
    model.generation_config.eos_token_id = words.eos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "llama": llama,
    "llava": llava,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "idefics3": idefics3,
    "gemma3": gemma3,
}


def adapter(folder: Path, base: Path, seed: int = 0, named: str | None = None) -> Path:
    """Save a LoRA adapter of random weights on a base."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    family = AutoModelForCausalLM if base.name == "llama" else AutoModelForImageTextToText
    torch.manual_seed(seed)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    model = get_peft_model(family.from_pretrained(base), config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_" in name:
                weights.normal_(std=1.0)
    model.peft_config["default"].base_model_name_or_path = named or str(base)
    model.save_pretrained(folder)
    return folder


def inputs(model: Any, requests: Sequence[Request]) -> dict[str, Any]:
    """Return a model's inputs for some requests, beside each other."""
    each = model._inputs(requests, [model.sent(request.prompt) for request in requests])
    return beside(each, model.tokenizer.pad_token_id)
