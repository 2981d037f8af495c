"""The single raised lesions that larger pictures are made of: papule, vesicle, pustule, crust, plug."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Point, bell, dome, step
from .tones import mix, rgb

PUS = rgb(246, 228, 150)


def papule(canvas: Canvas, place: Point, radius: float, strength: float = 0.9) -> None:
    """Raise an inflamed bump."""
    spot = canvas.spot(place, radius * 2.4, 0.1)
    canvas.paint(canvas.tone.inflamed, 0.4 * canvas.look.blush * bell(spot.r, radius * 0.9), spot.at)
    canvas.paint(canvas.tone.inflamed, strength * step(spot.r - radius * 0.9, radius * 0.7), spot.at)
    canvas.lift(0.55 * radius * bell(spot.r, radius * 0.55), spot.at)
    canvas.wet(0.5 * step(spot.r - radius, 3), spot.at)


def vesicle(canvas: Canvas, place: Point, radius: float, halo: float = 0.6) -> None:
    """Raise a clear blister on a red halo."""
    spot = canvas.spot(place, radius * 2.6, 0.2)
    canvas.paint(canvas.tone.inflamed, halo * canvas.look.blush * bell(spot.r, radius * 1.15), spot.at)
    clear = mix(mix(canvas.tone.skin, canvas.tone.inflamed, 0.22), (1.0, 0.92, 0.78), 0.46 - 0.12 * canvas.tone.depth)
    canvas.paint(mix(canvas.tone.inflamed, canvas.tone.dark, 0.4), 0.6 * bell(spot.r - radius, 0.9), spot.at)
    canvas.paint(clear, 0.66 * step(spot.r - radius + 0.4, 2.2), spot.at)
    canvas.lift(0.42 * radius * dome(spot.r, radius), spot.at)
    canvas.wet(0.75 * step(spot.r - radius, 1.5), spot.at)
    glint = np.hypot(spot.dx + radius * 0.3, spot.dy + radius * 0.35)
    canvas.paint((1, 1, 1), 0.7 * step(glint - radius * 0.14, 1.2), spot.at)


def pustule(canvas: Canvas, place: Point, radius: float) -> None:
    """Raise an inflamed bump with a yellow head."""
    papule(canvas, place, radius)
    spot = canvas.spot(place, radius)
    canvas.paint(PUS, 0.95 * step(spot.r - radius * 0.45, 1.8), spot.at)
    canvas.lift(1.2 * dome(spot.r, radius * 0.5), spot.at)
    canvas.wet(0.8 * step(spot.r - radius * 0.5, 1.5), spot.at)


def crust(canvas: Canvas, place: Point, radius: float) -> None:
    """Dry up a lesion to a dark crust on a fading halo."""
    spot = canvas.spot(place, radius * 2.4, 0.3)
    canvas.paint(canvas.tone.inflamed, 0.45 * bell(spot.r, radius), spot.at)
    scab = step(spot.r - radius * 0.8, 1.8)
    rough = 0.6 + 0.5 * canvas.wobble[spot.at]
    canvas.paint(mix(rgb(92, 48, 24), rgb(44, 22, 16), 0.3 + 0.6 * canvas.tone.depth), 0.95 * scab, spot.at)
    canvas.lift(1.6 * scab * rough, spot.at)


def plug(canvas: Canvas, place: Point, radius: float) -> None:
    """Open a pore over a dark plug."""
    spot = canvas.spot(place, radius * 2.5, 0.1)
    canvas.paint(mix(canvas.tone.skin, (1, 1, 1), 0.25), 0.2 * bell(spot.r - radius * 1.3, 0.9), spot.at)
    canvas.paint(rgb(34, 24, 20), 0.92 * step(spot.r - radius, 1.5), spot.at)
    canvas.lift(1.0 * bell(spot.r - radius * 1.4, 1.2), spot.at)


def whitehead(canvas: Canvas, place: Point, radius: float) -> None:
    """Raise a closed, cream-coloured bump."""
    spot = canvas.spot(place, radius * 2)
    canvas.paint(mix(canvas.tone.skin, (1.0, 0.96, 0.86), 0.7), 0.9 * step(spot.r - radius, 2.0), spot.at)
    canvas.lift(0.8 * radius * dome(spot.r, radius * 1.2), spot.at)
    canvas.wet(0.6 * step(spot.r - radius, 1.5), spot.at)
