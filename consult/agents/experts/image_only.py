"""Processors without their part for videos, where that part lacks a library that photographs do not need."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_processor(folder: Path, config: Any, options: dict[str, Any]) -> Any:
    """Open the stock processor of a model, without its part for videos where that cannot be had.

    Args:
        folder: Of the model.
        config: Of the model; its class decides about that of the processor.
        options: For `from_pretrained`.
    """
    from transformers import AutoProcessor

    try:
        return AutoProcessor.from_pretrained(folder, **options)
    except ImportError:
        return _without_videos(folder, config, options)


def _without_videos(folder: Path, config: Any, options: dict[str, Any]) -> Any:
    from transformers import AutoImageProcessor, AutoTokenizer
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    stock: Any = PROCESSOR_MAPPING[type(config)]

    class ImageOnly(stock):
        """The stock processor, of which one part is missing."""

        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            """Let the missing part be missing."""
            return None if argument is None else super().check_argument_for_proper_class(argument_name, argument)

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, **options)
    images = AutoImageProcessor.from_pretrained(folder, **options)
    template = tokenizer.chat_template
    return ImageOnly(image_processor=images, tokenizer=tokenizer, video_processor=None, chat_template=template)
