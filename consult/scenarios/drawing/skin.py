"""Quiet skin: body, face, scalp and lip, before anything is wrong with it."""

from __future__ import annotations

import numpy as np

from .canvas import SIDE, Canvas, Point, Values, bell, dome, step
from .hair import body_hair, scalp_hair
from .nuisance import backdrop, freckles
from .tones import mix


def texture(canvas: Canvas, fineness: float = 5.0) -> None:
    """Give the surface mottling and the fine net of skin lines."""
    grain = canvas.look.grain
    lines = canvas.cells(fineness)
    canvas.tint((0.035 * canvas.noise(5) + 0.022 * canvas.noise(26)) * np.float32(grain))
    canvas.lift(np.minimum(lines.gap, 2) * np.float32(0.085 * grain))
    canvas.colour[0] += np.float32(0.012) * canvas.noise(9)


def body(canvas: Canvas) -> None:
    """Draw body skin: flat, or a limb with something behind it."""
    texture(canvas, canvas.uniform(4.2, 6.0))
    canvas.centre = Point(SIDE / 2 + canvas.uniform(-14, 14), SIDE / 2 + canvas.uniform(-14, 14))
    if canvas.chance(0.4):
        _limb(canvas)
    else:
        canvas.shade += np.float32(0.05) * canvas.noise(3)
    if canvas.chance(0.35):
        freckles(canvas)


def _limb(canvas: Canvas) -> None:
    """Round the skin into an arm or a leg."""
    turn = canvas.uniform(-0.6, 0.6) + (np.pi / 2 if canvas.chance(0.5) else 0)
    half = canvas.uniform(74, 92)
    across = (canvas.x - canvas.centre.x) * np.cos(turn) + (canvas.y - canvas.centre.y) * np.sin(turn)
    bow = (across + 5 * canvas.noise(3)).astype(np.float32)
    canvas.shade *= 0.55 + 0.47 * dome(bow, half * 1.03)
    canvas.veil = step(half - np.abs(bow), 2.0)
    canvas.room = min(canvas.room, half - 16)


def finish_body(canvas: Canvas) -> None:
    """Cover what the body does not fill, and let a few hairs grow."""
    if canvas.chance(0.4):
        body_hair(canvas)
    backdrop(canvas)


def face(canvas: Canvas) -> None:
    """Draw a cheek with pores and the side of a nose."""
    texture(canvas, 4.2)
    pores = canvas.cells(canvas.uniform(6, 8))
    canvas.tint(-0.10 * step(pores.near - 0.9, 1.2) * np.clip(0.5 + canvas.noise(4), 0, 1))
    side = 1 if canvas.chance(0.5) else -1
    u = (canvas.x - SIDE / 2) * side
    canvas.colour[0] += np.float32(0.02) * bell(np.hypot(u - 5, canvas.y - 100), 45)
    _nose(canvas, u)
    canvas.shade *= np.clip(1.02 - 0.28 * np.square(np.clip((-u - 20) / 75, 0, 1)), 0, 2)
    canvas.centre = Point(SIDE / 2 + side * canvas.uniform(-24, -8), SIDE / 2 + canvas.uniform(-12, 12))
    canvas.room = 62


def _nose(canvas: Canvas, u: Values) -> None:
    """Draw a nostril's wing at the right of `u`, and the fold that leaves it."""
    low = canvas.uniform(108, 140)
    bridge = u - 80 - 10 * np.clip((low - 40 - canvas.y) / 60, 0, 1)
    wing = np.hypot((u - 86) * 1.0, (canvas.y - low) * 0.95) - 25
    nose = np.minimum(bridge * -1, 60)
    canvas.shade *= 1 - 0.13 * bell(nose, 9) * step(canvas.y - low, 30)
    canvas.shade *= 1 - 0.20 * bell(wing, 4) * step(u - 76, 22)
    canvas.tint(0.06 * bell(np.hypot(u - 84, canvas.y - low + 4), 12))
    fold = u - 56 + (canvas.y - low) * 0.45
    canvas.shade *= 1 - 0.10 * bell(fold, 4) * step(low + 8 - canvas.y, 16) * step(canvas.y - low - 70, 40)
    nostril = np.hypot((u - 88) / 1.5, canvas.y - low - 19)
    canvas.paint(mix(canvas.tone.dark, (0, 0, 0), 0.65), 0.85 * step(nostril - 5, 4))


def finish_face(canvas: Canvas) -> None:
    """Add the freckles some faces have, and soften nothing else."""
    if canvas.chance(0.3):
        freckles(canvas)


def scalp(canvas: Canvas) -> None:
    """Draw the skin of a scalp; the hair comes last, over the lesion."""
    texture(canvas, 4.5)
    canvas.paint(mix(canvas.tone.skin, (1, 1, 1), 0.12), np.full((SIDE, SIDE), 0.3, np.float32))
    canvas.centre = Point(SIDE / 2 + canvas.uniform(-12, 12), SIDE / 2 + canvas.uniform(-12, 12))
    canvas.room = 60


def finish_scalp(canvas: Canvas) -> None:
    """Let the hair part over the lesion."""
    scalp_hair(canvas)
    backdrop(canvas)


def lip(canvas: Canvas) -> None:
    """Draw a closed mouth's vermilion, its border and the skin around it."""
    texture(canvas, 4.5)
    middle, mouth = canvas.uniform(80, 112), canvas.uniform(124, 134)
    u = np.abs(canvas.x - middle) / 96
    bow = 33 * np.clip(1 - u**2, 0, 1) ** 1.15 - 6 * bell(u, 0.09) + 2 * bell(u - 0.2, 0.12)
    level = mouth - 7 * u * u
    seam = level + 3 * bell(u, 0.10)
    upper, lower = seam - canvas.y - bow, canvas.y - level - 40 * np.clip(1 - u**2.2, 0, 1) ** 0.8
    red = step(np.maximum(upper, lower), 3.5)
    canvas.paint(canvas.tone.lip, red * np.float32(0.92))
    canvas.lift(6 * np.sqrt(np.clip(-np.maximum(upper, lower) / 22, 0, 1)) * step(np.abs(canvas.y - seam) * -1 + 1, 6))
    wrinkles = canvas.cells(5, 34)
    canvas.tint(-0.10 * step(wrinkles.gap - 0.9, 1.6) * red)
    canvas.wet(0.45 * red)
    line = bell(canvas.y - seam, 1.6) * step(u * 96 - 92, 6)
    canvas.paint(mix(canvas.tone.lip, (0.1, 0.02, 0.03), 0.75), line * np.float32(0.9))
    canvas.shade *= 1 - 0.10 * bell(canvas.y - seam - 58, 9)
    canvas.tint(0.05 * bell(upper - 3, 2.5))
    side = canvas.uniform(-38, 38)
    canvas.centre = Point(float(middle) + side, float(mouth - 31 + 6 * abs(side) / 40))
    canvas.room = 42


def finish_lip(canvas: Canvas) -> None:
    """Leave the lip as it is."""
