"""The drawn photographs: complete, repeatable, and right on every skin type."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consult.scenarios.drawing import MORPHOLOGIES, STYLES, draw

CASES = [(morphology, view) for morphology, views in MORPHOLOGIES.items() for view in views]


def levels(*args: object, **kwargs: object) -> NDArray[np.float32]:
    return np.asarray(draw(*args, **kwargs), np.float32)  # type: ignore[arg-type]


@pytest.mark.parametrize(("morphology", "view"), CASES)
def test_every_morphology_is_drawn_on_light_and_dark_skin(morphology: str, view: str) -> None:
    for skin_type, style in ((1, "clinic"), (4, "phone"), (6, "flash")):
        image = draw(morphology, view, skin_type, seed=skin_type, style=style)
        assert (image.mode, image.size) == ("RGB", (192, 192))
        assert np.asarray(image, np.float32).std() > 5


@pytest.mark.parametrize("morphology", MORPHOLOGIES)
def test_the_same_arguments_give_the_same_picture(morphology: str) -> None:
    view = MORPHOLOGIES[morphology][0]
    first = draw(morphology, view, 3, 7, "window")
    assert first.tobytes() == draw(morphology, view, 3, 7, "window").tobytes()
    assert first.tobytes() != draw(morphology, view, 3, 8, "window").tobytes()


def test_a_style_and_a_size_are_heeded() -> None:
    pictures = {style: draw("wheals", "skin", 2, 0, style).tobytes() for style in STYLES}
    assert len(set(pictures.values())) == len(STYLES)
    assert draw("wheals", "skin", 2, 0, size=96).size == (96, 96)


@pytest.mark.parametrize(
    ("arguments", "menu"),
    [
        (("rash", "skin", 2, 0), "scaly_patch"),
        (("red_eye", "skin", 2, 0), "there are: eye"),
        (("wheals", "skin", 7, 0), "there are: 1, 2, 3, 4, 5, 6"),
        (("wheals", "skin", 2, 0, "studio"), "there are: clinic, phone, flash, window"),
        (("wheals", "skin", 2, 0, "clinic", 0), "from 1"),
    ],
)
def test_a_wrong_name_is_answered_with_the_menu(arguments: tuple[str, str, int, int], menu: str) -> None:
    with pytest.raises(ValueError, match=menu):
        draw(*arguments)


@pytest.mark.parametrize("morphology", ["scaly_patch", "swelling_with_point", "grouped_vesicles", "flushed_vessels"])
def test_inflammation_is_red_on_light_and_dusky_violet_on_dark_skin(morphology: str) -> None:
    """Compare the reddest pixels of one composition on type II with the same pixels on type VI."""
    for seed in range(3):
        light, dark = (levels(morphology, "face", kind, seed) for kind in (2, 6))
        ruddy = light[..., 0] - light[..., 1]
        inflamed = ruddy >= np.quantile(ruddy, 0.97)
        quiet = ruddy <= np.median(ruddy)
        bright, dusky = light[inflamed].mean(0), dark[inflamed].mean(0)
        assert bright[0] - bright[1] > 60
        assert dusky[0] - dusky[1] < 45
        assert dusky.mean() < 110
        skin = dark[quiet].mean(0)
        assert dusky[2] / dusky[0] > skin[2] / skin[0]


def test_lost_pigment_is_chalk_white_on_every_skin() -> None:
    for skin_type in range(1, 7):
        picture = levels("depigmented_patches", "skin", skin_type, 0)
        whitest = picture[picture.mean(2) >= np.quantile(picture.mean(2), 0.9)].mean(0)
        assert whitest.min() > 190


DIGESTS: dict[tuple[str, str, int, int, str], list[list[int]]] = {
    ("silvery_plaque", "skin", 2, 1, "clinic"): [
        [221, 188, 160], [232, 196, 167], [233, 197, 168], [234, 200, 171],
        [221, 187, 160], [215, 172, 152], [232, 180, 165], [231, 196, 167],
        [217, 184, 157], [208, 158, 146], [211, 169, 157], [223, 189, 161],
        [118, 124, 111], [181, 162, 140], [214, 181, 155], [213, 181, 155],
    ],
    ("vesicle_band", "face", 5, 2, "phone"): [
        [108, 77, 53], [135, 94, 65], [144, 100, 69], [139, 96, 66],
        [100, 69, 53], [125, 85, 64], [131, 89, 68], [117, 77, 62],
        [99, 69, 48], [122, 83, 60], [124, 83, 61], [124, 86, 60],
        [92, 65, 46], [117, 81, 56], [119, 83, 57], [115, 81, 56],
    ],
    ("scaly_patch", "scalp", 6, 3, "flash"): [
        [54, 36, 26], [74, 51, 37], [72, 49, 37], [60, 40, 29],
        [73, 50, 37], [90, 61, 52], [86, 59, 51], [61, 41, 30],
        [53, 36, 26], [79, 54, 44], [84, 58, 47], [63, 43, 31],
        [56, 38, 27], [64, 43, 31], [51, 34, 24], [51, 34, 24],
    ],
    ("red_eye", "eye", 3, 4, "window"): [
        [170, 136, 121], [163, 130, 116], [156, 124, 110], [175, 140, 125],
        [174, 138, 123], [140, 100, 94], [120, 85, 78], [164, 125, 113],
        [156, 119, 107], [163, 107, 109], [114, 75, 72], [170, 122, 113],
        [169, 136, 121], [170, 135, 121], [174, 138, 123], [182, 145, 130],
    ],
    ("lifted_nail", "nail", 4, 5, "clinic"): [
        [207, 226, 227], [194, 207, 205], [196, 209, 207], [205, 224, 225],
        [197, 211, 210], [185, 170, 146], [186, 174, 152], [194, 207, 205],
        [182, 189, 183], [174, 136, 107], [168, 128, 99], [188, 201, 198],
        [169, 171, 163], [167, 125, 86], [153, 115, 81], [188, 205, 206],
    ],
    ("spotted_tonsils", "throat", 1, 6, "phone"): [
        [207, 119, 107], [220, 142, 125], [231, 151, 133], [224, 133, 120],
        [219, 120, 108], [169, 78, 73], [175, 85, 79], [225, 134, 121],
        [177, 93, 85], [163, 63, 60], [138, 47, 47], [203, 96, 89],
        [182, 108, 98], [191, 120, 109], [195, 126, 114], [188, 111, 101],
    ],
}  # fmt: skip


@pytest.mark.parametrize("drawn", DIGESTS)
def test_a_drawing_is_the_same_on_every_machine(drawn: tuple[str, str, int, int, str]) -> None:
    """Mean colour of the sixteen fields of a 4 by 4 grid, row by row, within three levels."""
    fields = levels(*drawn).reshape(4, 48, 4, 48, 3).mean((1, 3)).reshape(16, 3)
    assert np.abs(fields - np.asarray(DIGESTS[drawn])).max() <= 3
