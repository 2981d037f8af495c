"""How a photograph was taken: light, white balance, focus, and the backdrop that comes with the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from .tones import RGB, rgb

if TYPE_CHECKING:
    from .canvas import Canvas, Field, Values


@dataclass(frozen=True)
class Look:
    """One style of photograph; a pair is the range a seed draws from."""

    tilt: tuple[float, float]
    """Angle of the light away from the camera, degrees."""
    relief: float
    """How strongly relief shows in the light, about 1."""
    shine: float
    """Strength of highlights on wet surfaces, 0..1."""
    balance: RGB
    """White balance: a factor for each channel."""
    exposure: tuple[float, float]
    """Overall brightness factor."""
    contrast: float
    """1 leaves contrast as it is."""
    falloff: float
    """Difference of light across the picture, as a share."""
    vignette: float
    """Darkening of the corners, as a share."""
    blur: tuple[float, float]
    """Defocus: standard deviation in pixels."""
    noise: float
    """Sensor noise: standard deviation, 0..1."""
    grain: float
    """Strength of the skin's own texture, about 1."""
    flake: float
    """Size of scale, about 1."""
    blush: float
    """Strength of inflammation's colour, about 1."""
    backdrops: tuple[RGB, ...]
    """Colours seen beside the body."""


LOOKS: dict[str, Look] = {
    "clinic": Look(
        tilt=(26, 36), relief=0.9, shine=0.55, balance=(1.0, 1.0, 1.0), exposure=(0.97, 1.06), contrast=1.04,
        falloff=0.10, vignette=0.06, blur=(0.0, 0.5), noise=0.010, grain=1.0, flake=1.0, blush=1.0,
        backdrops=(rgb(176, 204, 212), rgb(206, 214, 220), rgb(120, 160, 160)),
    ),
    "phone": Look(
        tilt=(30, 46), relief=0.85, shine=0.4, balance=(1.05, 1.0, 0.90), exposure=(0.93, 1.08), contrast=0.95,
        falloff=0.24, vignette=0.10, blur=(0.4, 1.0), noise=0.022, grain=0.8, flake=1.1, blush=0.95,
        backdrops=(rgb(110, 92, 78), rgb(86, 96, 120), rgb(168, 150, 126)),
    ),
    "flash": Look(
        tilt=(22, 28), relief=1.0, shine=0.62, balance=(0.99, 1.0, 1.03), exposure=(1.0, 1.1), contrast=1.14,
        falloff=0.08, vignette=0.22, blur=(0.0, 0.6), noise=0.012, grain=0.9, flake=0.9, blush=0.92,
        backdrops=(rgb(34, 34, 40), rgb(52, 44, 44), rgb(24, 30, 38)),
    ),
    "window": Look(
        tilt=(46, 56), relief=0.8, shine=0.5, balance=(0.95, 1.0, 1.07), exposure=(0.92, 1.04), contrast=1.0,
        falloff=0.34, vignette=0.04, blur=(0.2, 0.8), noise=0.016, grain=1.25, flake=1.25, blush=0.88,
        backdrops=(rgb(232, 230, 224), rgb(150, 118, 88), rgb(196, 206, 196)),
    ),
}  # fmt: skip
"""Style to its look."""


def _light(canvas: Canvas) -> tuple[float, float, float]:
    """Draw the direction of the light: x right, y down, z to the camera; it comes from above."""
    tilt = np.radians(canvas.uniform(*canvas.look.tilt))
    turn = np.radians(canvas.uniform(-160, -20))
    return float(np.sin(tilt) * np.cos(turn)), float(np.sin(tilt) * np.sin(turn)), float(np.cos(tilt))


def _shading(canvas: Canvas, light: tuple[float, float, float]) -> tuple[Field, Field]:
    """Return the factor of diffuse light and the highlight that relief and gloss make."""
    down, across = np.gradient(canvas.height * np.float32(canvas.look.relief))
    length = np.sqrt(1 + across * across + down * down)
    facing = (light[2] - across * light[0] - down * light[1]) / (length * light[2])
    diffuse = np.clip(0.35 + 0.65 * facing, 0.4, 1.5)
    half = np.asarray((light[0], light[1], light[2] + 1), np.float32)
    half /= np.linalg.norm(half)
    mirror = np.clip((half[2] - across * half[0] - down * half[1]) / length, 0, 1)
    shine = np.clip(mirror**60 - half[2] ** 60, 0, 1) * canvas.gloss * np.float32(canvas.look.shine)
    return np.asarray(diffuse, np.float32), np.asarray(shine, np.float32)


def _illumination(canvas: Canvas, light: tuple[float, float, float]) -> Field:
    """Return the light's own unevenness across the picture: falloff from its side, dark corners."""
    side = canvas.x.shape[0]
    u, v = canvas.x / side - 0.5, canvas.y / side - 0.5
    toward = (u * light[0] + v * light[1]) / max(1e-3, float(np.hypot(light[0], light[1])))
    corners = canvas.look.vignette * canvas.uniform(0.6, 1.3) * (u * u + v * v) * 2
    even = 1 + canvas.look.falloff * canvas.uniform(0.5, 1.2) * toward - corners
    return np.asarray(even * canvas.uniform(*canvas.look.exposure), np.float32)


def photograph(canvas: Canvas, size: int) -> Image.Image:
    """Light the canvas and take its picture.

    Args:
        canvas: the finished drawing.
        size: side of the picture in pixels.

    Returns:
        An RGB image of `size` by `size` pixels.
    """
    look, rng = canvas.look, canvas.rng
    light = _light(canvas)
    diffuse, shine = _shading(canvas, light)
    factor = diffuse * canvas.shade * _illumination(canvas, light)
    balance = np.asarray(look.balance) * rng.uniform(0.965, 1.035, 3)
    picture = canvas.colour * factor + shine
    picture *= balance.astype(np.float32)[:, None, None]
    picture = (picture - 0.5) * np.float32(look.contrast) + 0.5
    image = _quantise(picture)
    blur = canvas.uniform(*look.blur)
    if blur > 0.3:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    noisy = np.moveaxis(np.asarray(image, np.float32), 2, 0) / 255
    strength = np.float32(look.noise * canvas.uniform(0.5, 1.3))
    noisy = noisy + strength * rng.standard_normal(noisy.shape, np.float32)
    image = _quantise(noisy)
    return image if image.width == size else image.resize((size, size), Image.Resampling.LANCZOS)


def _quantise(picture: Values) -> Image.Image:
    """Turn (3, height, width) of 0..1 into an RGB image."""
    levels = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(levels, 0, 2)))
