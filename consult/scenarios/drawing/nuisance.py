"""What a photograph shows besides the finding: hair, freckles, clothing, a ruler."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Point, bell, step
from .tones import RGB, rgb


def freckles(canvas: Canvas) -> None:
    """Scatter freckles and small moles."""
    spots = canvas.cells(canvas.uniform(15, 24))
    chosen = (spots.draw > 0.72) * step(spots.near - canvas.uniform(1.2, 2.2), 1.8)
    canvas.paint(canvas.tone.dark, (0.4 * chosen).astype(np.float32))


def backdrop(canvas: Canvas) -> None:
    """Fill what the body leaves free; where the body fills all, sometimes a sleeve or a ruler comes in."""
    if not canvas.veil.any():
        if canvas.chance(0.14):
            _sleeve(canvas)
        elif canvas.chance(0.08):
            _ruler(canvas)
        return
    choices = canvas.look.backdrops
    colour = choices[canvas.count(0, len(choices) - 1)]
    cover(canvas, colour, canvas.uniform(0.02, 0.06))


def cover(canvas: Canvas, colour: RGB, weave: float) -> None:
    """Lay a cloth of `colour` over the veiled part: it hides colour, relief and gloss."""
    veil = canvas.veil
    canvas.paint(colour, veil)
    canvas.tint(np.float32(weave) * canvas.noise(6) * veil)
    canvas.height *= 1 - veil
    canvas.gloss *= 1 - veil
    canvas.shade += veil * (1 - canvas.shade)


def _sleeve(canvas: Canvas) -> None:
    """Let clothing come in from one edge."""
    turn = canvas.uniform(0, 2 * np.pi)
    far = (canvas.x - 96) * np.cos(turn) + (canvas.y - 96) * np.sin(turn) + 3 * canvas.noise(3)
    hem = canvas.uniform(80, 94)
    canvas.shade *= 1 - 0.25 * bell(far - hem, 4).astype(np.float32)
    canvas.veil = step((hem - far).astype(np.float32), 1.5)
    cloths = (rgb(70, 96, 140), rgb(228, 228, 224), rgb(120, 130, 120), rgb(60, 60, 66), rgb(160, 110, 110))
    cover(canvas, cloths[canvas.count(0, 4)], 0.08)
    canvas.tint(0.06 * np.sin(far * 1.9).astype(np.float32) * canvas.veil)


def _ruler(canvas: Canvas) -> None:
    """Lay a paper ruler along the bottom."""
    top = canvas.uniform(168, 178)
    canvas.veil = step(top - canvas.y, 1.2)
    cover(canvas, rgb(244, 243, 236), 0.01)
    pitch = canvas.uniform(7, 10)
    phase = np.mod(canvas.x, pitch)
    major = np.mod(np.floor(canvas.x / pitch), 5) < 1
    mark = step(np.abs(phase - 2) - 0.7, 1.0) * step(canvas.y - top - np.where(major, 11, 6), 1.0)
    canvas.paint((0.15, 0.15, 0.17), (mark * canvas.veil * 0.85).astype(np.float32))


def scatter(canvas: Canvas, number: int, gap: float) -> list[Point]:
    """Return points spread over nearly the whole picture, at least `gap` apart."""
    kept = canvas.room
    canvas.room = max(kept, min(84.0, kept * 1.25))
    found = canvas.places(number, gap)
    canvas.room = kept
    return found
