"""A photograph in the terminal: two pixels a character, by the upper half block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.text import Text

UPPER_HALF = "▀"


def half_blocks(image: Image, columns: int = 36) -> Text:
    """Draw a picture with coloured half blocks.

    Args:
        image: The picture; its proportions are kept.
        columns: Characters a line.

    Returns:
        Lines of `columns` characters in 24-bit colour; each shows two pixels, one above the other.
    """
    import numpy as np
    from PIL import Image as Images
    from rich.text import Text

    lines = max(1, round(columns * image.height / image.width / 2))
    small = np.asarray(image.convert("RGB").resize((columns, 2 * lines), Images.Resampling.LANCZOS))
    text = Text(no_wrap=True, end="")
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        if text:
            text.append("\n")
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append(UPPER_HALF, style=f"rgb({_rgb(above)}) on rgb({_rgb(below)})")
    return text


def _rgb(pixel: list[int]) -> str:
    return ",".join(map(str, pixel))
