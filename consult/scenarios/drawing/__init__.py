"""Drawn clinical photographs: what a doctor would see, made from a name, a skin type and a seed.

`draw` is the one door. A picture is made in four steps: the view lays out quiet skin (or eye, nail, mouth), the
morphology puts its finding there, the view covers it (hair, cloth, backdrop), and the style lights and photographs it.
The same arguments give the same picture on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from . import eye, look_alikes, mouth, mucosa, nail, papules, patches, skin, throat
from .canvas import Canvas
from .looks import LOOKS, photograph
from .tones import TONES

__all__ = ["MORPHOLOGIES", "STYLES", "draw", "drawing_revision"]

Step = Callable[[Canvas], None]


def _nothing(canvas: Canvas) -> None:
    """Leave the canvas to the morphology, which draws the organ with its finding."""


_VIEWS: dict[str, tuple[Step, Step]] = {
    "skin": (skin.body, skin.finish_body),
    "face": (skin.face, skin.finish_face),
    "scalp": (skin.scalp, skin.finish_scalp),
    "lip": (skin.lip, skin.finish_lip),
    "eye": (_nothing, _nothing),
    "nail": (_nothing, nail.finish_nail),
    "mouth": (_nothing, mouth.finish_mouth),
    "mucosa": (mucosa.mucosa, mucosa.finish_mucosa),
    "throat": (throat.throat, throat.finish_throat),
}

_FINDINGS: dict[str, tuple[Step, tuple[str, ...]]] = {
    "scaly_patch": (patches.scaly_patch, ("skin", "face", "scalp", "lip")),
    "oozing_patch": (patches.oozing_patch, ("skin", "face", "scalp", "lip")),
    "fissured_patch": (patches.fissured_patch, ("skin", "face", "lip")),
    "silvery_plaque": (patches.silvery_plaque, ("skin", "face", "scalp")),
    "greasy_scale": (patches.greasy_scale, ("skin", "face", "scalp")),
    "annular_patch": (patches.annular_patch, ("skin", "face", "scalp")),
    "wheals": (papules.wheals, ("skin", "face")),
    "grouped_vesicles": (papules.grouped_vesicles, ("skin", "face", "lip", "mucosa")),
    "vesicle_band": (papules.vesicle_band, ("skin", "face")),
    "scattered_vesicles": (papules.scattered_vesicles, ("skin", "face", "scalp")),
    "comedones_pustules": (papules.comedones_pustules, ("skin", "face")),
    "flushed_vessels": (patches.flushed_vessels, ("face", "skin")),
    "follicular_papules": (papules.follicular_papules, ("skin", "face")),
    "umbilicated_papules": (papules.umbilicated_papules, ("skin", "face")),
    "verrucous_papules": (papules.verrucous_papules, ("skin", "face")),
    "stuck_on_plaque": (papules.stuck_on_plaque, ("skin", "face", "scalp")),
    "rough_spots": (patches.rough_spots, ("skin", "face", "scalp", "lip")),
    "violaceous_papules": (papules.violaceous_papules, ("skin", "face")),
    "lichenified_plaque": (patches.lichenified_plaque, ("skin", "scalp")),
    "depigmented_patches": (patches.depigmented_patches, ("skin", "face")),
    "swelling_with_point": (papules.swelling_with_point, ("skin", "face", "scalp")),
    "lid_nodule": (eye.lid_nodule, ("eye",)),
    "lid_margin_pustule": (eye.lid_margin_pustule, ("eye",)),
    "red_eye": (eye.red_eye, ("eye",)),
    "thick_yellow_nail": (nail.thick_yellow_nail, ("nail",)),
    "lifted_nail": (nail.lifted_nail, ("nail",)),
    "pitted_nail": (nail.pitted_nail, ("nail",)),
    "swollen_nail_fold": (nail.swollen_nail_fold, ("nail",)),
    "tooth_cavity": (mouth.tooth_cavity, ("mouth",)),
    "tartar": (mouth.tartar, ("mouth",)),
    "swollen_gums": (mouth.swollen_gums, ("mouth",)),
    "receding_gums": (mouth.receding_gums, ("mouth",)),
    "mouth_ulcers": (mucosa.mouth_ulcers, ("mucosa", "throat")),
    "white_lacy_mucosa": (mucosa.white_lacy_mucosa, ("mucosa",)),
    "spotted_tonsils": (throat.spotted_tonsils, ("throat",)),
    "papulopustules": (look_alikes.papulopustules, ("skin", "face")),
    "few_vesicles": (look_alikes.few_vesicles, ("skin", "face", "lip", "mucosa")),
    "small_papules": (look_alikes.small_papules, ("skin", "face")),
    "red_swollen_lid": (eye.red_swollen_lid, ("eye",)),
    "discoloured_nail": (nail.discoloured_nail, ("nail",)),
    "red_gums": (mouth.red_gums, ("mouth",)),
    "stained_tooth": (mouth.stained_tooth, ("mouth",)),
    "red_throat": (throat.red_throat, ("throat",)),
    "red_mucosa": (look_alikes.red_mucosa, ("mucosa", "lip")),
    "rough_brown_spot": (look_alikes.rough_brown_spot, ("skin", "face", "scalp")),
    "red_lump": (look_alikes.red_lump, ("skin", "face", "scalp")),
    "red_blotches": (look_alikes.red_blotches, ("skin", "face")),
    "pale_patch": (look_alikes.pale_patch, ("skin", "face")),
}

MORPHOLOGIES: dict[str, tuple[str, ...]] = {name: views for name, (_, views) in _FINDINGS.items()}
"""Morphology to the views it can be drawn in."""

STYLES: tuple[str, ...] = tuple(LOOKS)
"""The styles of photograph; `window` is kept for test cases."""


def draw(morphology: str, view: str, skin_type: int, seed: int, style: str = "clinic", size: int = 192) -> Image.Image:
    """Draw one photograph.

    Args:
        morphology: what is seen, a key of `MORPHOLOGIES`.
        view: where it is seen, one of the morphology's views.
        skin_type: Fitzpatrick skin type, 1..6. It changes colours alone: the composition is the seed's.
        seed: any integer; everything left to chance follows from it.
        style: how the photograph was taken, one of `STYLES`.
        size: side of the picture in pixels, at least 1.

    Returns:
        An RGB image of `size` by `size` pixels.

    Raises:
        ValueError: a name, skin type or size is not among the allowed ones, which the message lists.
    """
    _check("morphology", morphology, MORPHOLOGIES)
    _check(f"view of {morphology}", view, MORPHOLOGIES[morphology])
    _check("skin type", skin_type, TONES)
    _check("style", style, STYLES)
    if size < 1:
        raise ValueError(f"no size {size}; a size is a whole number of pixels from 1")
    canvas = Canvas(_chance(morphology, view, style, seed), TONES[skin_type], LOOKS[style])
    lay_out, cover = _VIEWS[view]
    finding, _ = _FINDINGS[morphology]
    for part in (lay_out, finding, cover):
        part(canvas)
    return photograph(canvas, size)


@cache
def drawing_revision() -> str:
    """Return a short hash of the code that draws, so that a change of the pictures can be noticed."""
    return _hash_of_sources(Path(__file__).parent)


def _hash_of_sources(folder: Path) -> str:
    """Return twelve hexadecimal digits over the names and bytes of a folder's Python files, in the names' order."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name}/{len(content)}/".encode() + content)
    return digest.hexdigest()[:12]


def _check(what: str, value: object, allowed: Iterable[object]) -> None:
    """Raise with the menu when `value` is not on it."""
    menu = tuple(allowed)
    if value not in menu:
        raise ValueError(f"no {what} {value!r}; there are: {', '.join(map(str, menu))}")


def _chance(morphology: str, view: str, style: str, seed: int) -> np.random.Generator:
    """Return the generator of this drawing, the same on every machine."""
    digest = hashlib.sha256(f"{morphology}/{view}/{style}/{seed}".encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
