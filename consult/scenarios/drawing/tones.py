"""The colours of each Fitzpatrick skin type, and what inflammation makes of them."""

from __future__ import annotations

from typing import NamedTuple

RGB = tuple[float, float, float]
"""Red, green and blue, each 0..1."""


class Tone(NamedTuple):
    """The colours of one skin type."""

    skin: RGB
    """Quiet skin."""
    inflamed: RGB
    """Strong inflammation: red on light skin, violet-brown on dark skin."""
    flare: RGB
    """Faint inflammation around a lesion."""
    dark: RGB
    """Pigment left or gathered by a lesion."""
    scale: RGB
    """Dry flakes of this skin."""
    lip: RGB
    """Vermilion of the lip."""
    gum: RGB
    """Quiet gum and mucosa."""
    depth: float
    """0 for type I, 1 for type VI."""


def rgb(red: int, green: int, blue: int) -> RGB:
    """Return a colour given in levels 0..255."""
    return red / 255, green / 255, blue / 255


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Return the colour `share` of the way from `first` to `second`."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


_SKIN = (
    rgb(240, 208, 190), rgb(230, 190, 165), rgb(210, 164, 130), rgb(178, 128, 92), rgb(136, 94, 68), rgb(98, 67, 51),
)  # fmt: skip
_INFLAMED = (
    rgb(214, 92, 92), rgb(204, 82, 80), rgb(182, 72, 68), rgb(142, 56, 54), rgb(94, 46, 54), rgb(62, 31, 44),
)  # fmt: skip
_DARK = (
    rgb(176, 122, 96), rgb(160, 106, 80), rgb(136, 88, 62), rgb(104, 64, 44), rgb(72, 45, 35), rgb(48, 31, 26),
)  # fmt: skip
_SCALE = (
    rgb(252, 242, 234), rgb(250, 238, 226), rgb(244, 230, 216), rgb(226, 210, 196), rgb(198, 182, 170),
    rgb(176, 162, 154),
)  # fmt: skip
_LIP = (
    rgb(206, 118, 118), rgb(198, 108, 106), rgb(182, 98, 92), rgb(156, 82, 76), rgb(122, 66, 66), rgb(98, 54, 56),
)  # fmt: skip
_GUM = (
    rgb(226, 132, 134), rgb(224, 130, 130), rgb(218, 124, 124), rgb(206, 114, 114), rgb(186, 100, 104),
    rgb(168, 88, 96),
)  # fmt: skip

TONES: dict[int, Tone] = {
    kind + 1: Tone(
        skin=_SKIN[kind],
        inflamed=_INFLAMED[kind],
        flare=mix(_SKIN[kind], _INFLAMED[kind], 0.55),
        dark=_DARK[kind],
        scale=_SCALE[kind],
        lip=_LIP[kind],
        gum=_GUM[kind],
        depth=kind / 5,
    )
    for kind in range(6)
}
"""Fitzpatrick type 1..6 to its colours."""
