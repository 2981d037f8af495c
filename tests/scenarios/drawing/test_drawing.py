"""The drawn photographs: complete, repeatable, and right on every skin type."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consult.scenarios.drawing import MORPHOLOGIES, STYLES, draw

CASES = [(morphology, view) for morphology, views in MORPHOLOGIES.items() for view in views]


def levels(*args: object, **kwargs: object) -> NDArray[np.float32]:
    return np.asarray(draw(*args, **kwargs), np.float32)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("morphology", "view"), CASES)
def test_every_morphology_is_drawn_on_light_and_dark_skin(morphology: str, view: str) -> None:
    for skin_type, style in ((1, "clinic"), (4, "phone"), (6, "flash")):
        image = draw(morphology, view, skin_type, seed=skin_type, style=style)
        assert (image.mode, image.size) == ("RGB", (192, 192))
        assert np.asarray(image, np.float32).std() > 5


@pytest.mark.slow
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
        [218, 179, 153], [226, 185, 158], [226, 185, 157], [225, 186, 159],
        [218, 179, 152], [211, 162, 143], [223, 163, 149], [224, 183, 156],
        [219, 180, 153], [207, 152, 140], [207, 161, 149], [217, 178, 151],
        [208, 171, 146], [218, 179, 152], [212, 173, 148], [209, 172, 146],
    ],
    ("vesicle_band", "face", 5, 2, "phone"): [
        [108, 77, 53], [135, 94, 65], [144, 100, 69], [139, 96, 66],
        [99, 67, 52], [124, 83, 63], [130, 87, 66], [117, 75, 61],
        [99, 69, 48], [122, 83, 59], [124, 82, 61], [124, 85, 60],
        [92, 65, 46], [117, 81, 56], [119, 83, 57], [115, 81, 56],
    ],
    ("scaly_patch", "scalp", 6, 3, "flash"): [
        [22, 12, 11], [40, 26, 23], [68, 42, 34], [25, 15, 14],
        [33, 22, 20], [75, 47, 45], [82, 51, 50], [28, 18, 16],
        [33, 21, 20], [76, 47, 44], [69, 42, 39], [29, 19, 17],
        [24, 14, 12], [62, 38, 31], [34, 22, 19], [17, 9, 8],
    ],
    ("red_eye", "eye", 3, 4, "window"): [
        [160, 130, 114], [157, 127, 110], [166, 134, 116], [185, 151, 132],
        [168, 135, 118], [145, 106, 95], [139, 100, 92], [178, 139, 123],
        [155, 118, 106], [142, 92, 93], [140, 96, 97], [180, 134, 122],
        [160, 132, 115], [166, 136, 119], [175, 142, 125], [187, 154, 135],
    ],
    ("lifted_nail", "nail", 4, 5, "clinic"): [
        [207, 226, 227], [194, 207, 205], [196, 209, 207], [205, 224, 225],
        [197, 211, 210], [185, 170, 146], [186, 174, 152], [194, 207, 205],
        [182, 189, 183], [174, 136, 107], [168, 128, 99], [188, 201, 198],
        [169, 171, 163], [167, 125, 86], [153, 115, 81], [188, 205, 206],
    ],
    ("spotted_tonsils", "throat", 1, 6, "phone"): [
        [201, 117, 107], [211, 143, 126], [213, 145, 127], [194, 111, 101],
        [219, 109, 100], [203, 100, 90], [205, 94, 87], [207, 100, 92],
        [203, 93, 86], [155, 58, 55], [166, 65, 60], [190, 88, 81],
        [209, 117, 108], [199, 118, 108], [194, 114, 105], [201, 114, 105],
    ],
}  # fmt: skip


@pytest.mark.parametrize("drawn", DIGESTS)
def test_a_drawing_is_the_same_on_every_machine(drawn: tuple[str, str, int, int, str]) -> None:
    """Mean colour of the sixteen fields of a 4 by 4 grid, row by row, within three levels."""
    fields = levels(*drawn).reshape(4, 48, 4, 48, 3).mean((1, 3)).reshape(16, 3)
    assert np.abs(fields - np.asarray(DIGESTS[drawn])).max() <= 3
