"""Processors without their video part, if that part lacks a library that photographs do not need."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_processor(folder: Path, config: Any, options: dict[str, Any]) -> Any:
    """Open the stock processor of a model, without its video part if that is unavailable.

    Args:
        folder: The model's folder.
        config: The model's configuration; its class determines the processor's class.
        options: Options for `from_pretrained`.
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
        """The stock processor with one part missing."""

        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            """Accept the missing part."""
            return None if argument is None else super().check_argument_for_proper_class(argument_name, argument)

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, **options)
    images = AutoImageProcessor.from_pretrained(folder, **options)
    template = tokenizer.chat_template
    return ImageOnly(image_processor=images, tokenizer=tokenizer, video_processor=None, chat_template=template)
