"""Photographs of every kind of PNG keep what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consult.scenarios import load_scenario
from consult.scenarios.importing import import_cases
from consult.scenarios.photographs import PhotographError, open_photograph

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


def test_an_imported_picture_and_a_cases_own_keep_their_greys_and_are_white_where_transparent(tmp_path: Path) -> None:
    source = tmp_path / "source" / "eczema"
    source.mkdir(parents=True)
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(source / "deep.png")
    clear = Image.fromarray(RAMP).convert("LA")
    clear.putalpha(0)
    clear.save(source / "clear.png")
    import_cases("folder", source.parent, tmp_path / "ward")
    photographs = [
        case.photograph for case in map(load_scenario(str(tmp_path / "ward")).case, ("row-000001", "row-000002"))
    ]
    shown = [np.asarray(photograph.load()) for photograph in photographs if photograph]
    assert (shown[0] == 255).all() and np.abs(shown[1].astype(int) - RAMP[:, :, None]).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animated_picture_is_refused_and_one_frame_is_not(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "moving", kind, save_all=True, append_images=frames[1:])
    with pytest.raises(PhotographError, match="moving: is an animated picture; save one of its frames as a picture"):
        open_photograph(tmp_path / "moving")
    frames[0].save(tmp_path / "still", kind, save_all=True)
    assert open_photograph(tmp_path / "still").size == (64, 64)


def test_of_a_jpeg_with_several_pictures_the_first_is_the_photograph(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=[second])
    red, _, blue = np.asarray(open_photograph(tmp_path / "phone.jpg")).reshape(-1, 3).mean(axis=0)
    assert red > 200 > 60 > blue


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("gone.png", None, "the file does not exist; check the path"),
        ("a.png", b"", "is not a JPEG, PNG, WebP or DICOM picture; convert it first"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "is not a JPEG, PNG, WebP or DICOM picture"),
        ("a.gif", b"GIF89a" + b"\0" * 50, "is not a JPEG, PNG, WebP or DICOM picture"),
    ],
)
def test_what_is_no_picture_is_one_sentence(tmp_path: Path, name: str, content: bytes | None, what: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotographError) as told:
        open_photograph(tmp_path / name)
    assert what in str(told.value) and name in str(told.value)
