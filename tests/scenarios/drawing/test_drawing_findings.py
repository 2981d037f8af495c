"""What the drawn findings show: lesions that differ from the skin around them, on every skin type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from consult.scenarios import drawing
from consult.scenarios.drawing import MORPHOLOGIES, STYLES, draw, drawing_revision

SHARED = {
    "papulopustules": ("skin", "face"),
    "few_vesicles": ("skin", "face", "lip", "mucosa"),
    "small_papules": ("skin", "face"),
    "red_swollen_lid": ("eye",),
    "discoloured_nail": ("nail",),
    "red_gums": ("mouth",),
    "stained_tooth": ("mouth",),
    "red_throat": ("throat",),
    "red_mucosa": ("mucosa", "lip"),
    "rough_brown_spot": ("skin", "face", "scalp"),
    "red_lump": ("skin", "face", "scalp"),
    "red_blotches": ("skin", "face"),
    "pale_patch": ("skin", "face"),
}
"""Pictures that several diagnoses share, and the views they are seen in."""

Picture = NDArray[np.float32]


def levels(*args: object, **kwargs: object) -> Picture:
    return np.asarray(draw(*args, **kwargs), np.float32)  # type: ignore[arg-type]


def lesion_and_skin(picture: Picture, share: float = 0.06) -> tuple[Picture, Picture]:
    """Return the mean colour of the pixels farthest from the usual colour of the middle, and that usual colour."""
    middle = picture[24:168, 24:168].reshape(-1, 3)
    usual = np.median(middle, axis=0)
    far = np.abs(middle - usual).sum(1)
    return middle[far >= np.quantile(far, 1 - share)].mean(0), usual


@pytest.mark.parametrize("morphology", SHARED)
def test_a_shared_picture_has_its_views(morphology: str) -> None:
    assert MORPHOLOGIES[morphology] == SHARED[morphology]


@pytest.mark.slow
@pytest.mark.parametrize(("morphology", "view"), [(name, view) for name, views in SHARED.items() for view in views])
def test_a_shared_picture_is_drawn_on_every_skin_in_every_style(morphology: str, view: str) -> None:
    pictures = {draw(morphology, view, kind, 5, style).tobytes() for kind in range(1, 7) for style in STYLES}
    assert len(pictures) == 6 * len(STYLES)


@pytest.mark.parametrize("morphology", SHARED)
def test_two_seeds_differ_by_more_than_noise(morphology: str) -> None:
    view = SHARED[morphology][0]
    first, again, second = (levels(morphology, view, 3, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first - second).mean() > 5


@pytest.mark.parametrize("morphology", ["red_lump", "red_blotches", "papulopustules", "wheals", "oozing_patch"])
def test_inflamed_skin_is_redder_than_the_skin_around_it(morphology: str) -> None:
    for skin_type in (1, 3):
        picture = levels(morphology, "face", skin_type, 4)
        redness = (picture[..., 0] - picture[..., 1])[24:168, 24:168]
        assert np.quantile(redness, 0.98) - np.median(redness) > 15


@pytest.mark.parametrize("skin_type", [1, 3, 6])
def test_a_brown_spot_is_darker_and_a_pale_patch_lighter_than_the_skin(skin_type: int) -> None:
    for seed in range(3):
        spot, skin = lesion_and_skin(levels("rough_brown_spot", "face", skin_type, seed), 0.03)
        assert spot.mean() < skin.mean()
        picture = levels("pale_patch", "face", skin_type, seed).mean(2)[24:168, 24:168]
        assert np.quantile(picture, 0.95) > 1.08 * np.median(picture)


@pytest.mark.parametrize("skin_type", range(1, 7))
def test_lichen_planus_is_more_violet_than_the_skin(skin_type: int) -> None:
    for seed in range(3):
        picture = levels("violaceous_papules", "skin", skin_type, seed)[24:168, 24:168].reshape(-1, 3)
        violet = picture[:, 2] / picture.sum(1) - picture[:, 1] / picture.sum(1)
        assert np.quantile(violet, 0.95) - np.median(violet) > 0.05


def test_wheals_are_paler_in_the_middle_than_at_the_edge() -> None:
    """The reddest pixels of light skin are rims: less bright than the palest, which are centres."""
    for seed in range(4):
        picture = levels("wheals", "skin", 2, seed)[12:180, 12:180].reshape(-1, 3)
        ruddy = picture[:, 0] / picture[:, 1]
        rim = picture[ruddy >= np.quantile(ruddy, 0.96)].mean(0)
        assert rim[1] < np.median(picture[:, 1]) - 10


def whitish_on_tonsils(picture: Picture) -> float:
    """Return the share of pale pixels in the part of the throat where tonsils are."""
    part = picture[80:140, 30:162]
    return float(((part[..., 1] > 170) & (part[..., 2] > 130)).mean())


def black_on_teeth(picture: Picture) -> float:
    """Return the share of nearly black pixels at the height of the crowns."""
    return float((picture[66:126, 20:172].max(2) < 60).mean())


def yellow(picture: Picture) -> float:
    """Return the share of pixels as yellow as pus."""
    return float(((picture[..., 1] > 190) & (picture[..., 2] < picture[..., 1] - 45)).mean())


@pytest.mark.parametrize("seed", range(4))
def test_a_shared_picture_lacks_what_marks_the_classic_one(seed: int) -> None:
    """A red throat has no whitish spots, a stained tooth no black hole, a red lump no yellow point."""
    spotted, red = (levels(name, "throat", 2, seed) for name in ("spotted_tonsils", "red_throat"))
    assert whitish_on_tonsils(spotted) > 4 * whitish_on_tonsils(red) + 0.002
    hole, stain = (levels(name, "mouth", 2, seed) for name in ("tooth_cavity", "stained_tooth"))
    assert black_on_teeth(hole) > 2 * black_on_teeth(stain) + 0.003
    point, lump = (levels(name, "face", 2, seed) for name in ("swelling_with_point", "red_lump"))
    assert yellow(point) > 4 * yellow(lump) + 0.001


def test_the_revision_covers_each_source_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("a = 1\n")
    (tmp_path / "two.py").write_text("b = 2\n")
    first = drawing._hash_of_sources(tmp_path)
    (tmp_path / "notes.txt").write_text("no code")
    assert drawing._hash_of_sources(tmp_path) == first
    (tmp_path / "two.py").write_text("b = 3\n")
    changed = drawing._hash_of_sources(tmp_path)
    (tmp_path / "two.py").rename(tmp_path / "three.py")
    assert len({first, changed, drawing._hash_of_sources(tmp_path)}) == 3


def test_the_revision_is_that_of_the_package() -> None:
    folder = Path(drawing.__file__).parent
    assert drawing_revision() == drawing_revision() == drawing._hash_of_sources(folder)
    assert len(drawing_revision()) == 12
