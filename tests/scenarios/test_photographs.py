"""Photographs of every kind of PNG keep what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consult.scenarios.photographs import open_photograph

RAMP = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))


def shown(path: Path, picture: Image.Image, **saved: object) -> np.ndarray:
    picture.save(path, **saved)  # type: ignore[arg-type]
    opened = open_photograph(path)
    assert opened.mode == "RGB" and opened.size == picture.size
    return np.asarray(opened).astype(int)


def test_a_picture_of_16_bits_keeps_its_greys(tmp_path: Path) -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    assert deep.mode.startswith("I")
    assert np.abs(shown(tmp_path / "deep.png", deep) - RAMP[:, :, None]).max() == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(RAMP).convert(mode)
    picture.putalpha(Image.fromarray(np.where(RAMP < 128, 0, 255).astype(np.uint8)))
    found = shown(tmp_path / "clear.png", picture)
    assert (found[RAMP < 128] == 255).all() and np.abs(found - RAMP[:, :, None])[RAMP >= 128].max() == 0


def test_a_transparent_colour_of_a_palette_is_white(tmp_path: Path) -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 200, 30, 40])
    picture.paste(0, (0, 0, 8, 4))
    found = shown(tmp_path / "palette.png", picture, transparency=0)
    assert (found[:4] == 255).all() and (found[4:] == [200, 30, 40]).all()


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "CMYK"])
def test_other_pictures_are_as_they_were(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(RAMP).convert("RGB").convert(mode)
    name = "other.jpg" if mode == "CMYK" else "other.png"
    found = shown(tmp_path / name, picture)
    assert np.abs(found - np.asarray(picture.convert("RGB")).astype(int)).mean() < 3
