"""The moist lining of the mouth: inner cheek and tongue."""

from __future__ import annotations

import numpy as np

from .canvas import SIDE, Canvas, Field, Point, bell, dome, soften, step
from .tones import mix, rgb


def _cheek(canvas: Canvas) -> None:
    """Draw the moist inner cheek with the teeth's edge coming in at one side."""
    rose = canvas.tone.gum
    canvas.paint(rose, np.ones((SIDE, SIDE), np.float32))
    canvas.paint(rgb(196, 70, 76), 0.35 * np.clip(0.5 + canvas.noise(4), 0, 1))
    canvas.tint(0.05 * canvas.noise(10))
    canvas.lift(3 * canvas.noise(5) + 1.1 * canvas.noise(13) + 0.25 * canvas.noise(44))
    canvas.wet(np.full((SIDE, SIDE), 0.8, np.float32))
    pigment = np.float32(0.5 * max(0.0, canvas.tone.depth - 0.4)) * np.clip(canvas.noise(7), 0, 1)
    canvas.paint(rgb(100, 56, 60), pigment)
    if canvas.chance(0.6):
        _tooth_row(canvas)


def _tooth_row(canvas: Canvas) -> None:
    """Let a row of teeth stand at the top or bottom."""
    down = canvas.y if canvas.chance(0.5) else SIDE - canvas.y
    edge = down - canvas.uniform(14, 24) + 3 * np.cos(canvas.x * 0.22 + canvas.uniform(0, 6)) ** 2
    canvas.shade *= 1 - 0.35 * bell(edge - 2, 7)
    teeth = step(edge.astype(np.float32), 2)
    canvas.height *= 1 - teeth
    canvas.paint(rgb(240, 230, 208), teeth)
    canvas.paint(rgb(110, 70, 60), 0.6 * teeth * bell(np.mod(canvas.x, 32) - 16, 1.4))


def _tongue(canvas: Canvas) -> None:
    """Draw the tongue: furred papillae, a furrow, the dark of the mouth around it."""
    turn = canvas.uniform(-0.15, 0.15)
    u = (canvas.x - 96) * np.cos(turn) + (canvas.y - 96) * np.sin(turn)
    v = canvas.y - 96
    outline = np.hypot(u / 84, np.clip(v - 26, 0, None) / 62) - 1
    body = (outline * 62 + 1.5 * canvas.noise(5)).astype(np.float32)
    canvas.paint(mix(canvas.tone.gum, rgb(214, 118, 116), 0.5), np.ones((SIDE, SIDE), np.float32))
    papillae = canvas.cells(4.2)
    canvas.lift(1.1 * dome(papillae.near, 2.8) + 5 * np.sqrt(np.clip(-body / 30, 0, 1)))
    canvas.paint(rgb(238, 196, 190), 0.35 * step(papillae.near - 1.2, 1.6))
    canvas.shade *= 1 - 0.25 * bell(u + 3 * canvas.noise(4), 3.5) * step(v - 40, 60)
    canvas.wet(np.full((SIDE, SIDE), 0.55, np.float32))
    canvas.veil = step(-body, 3)
    canvas.paint(rgb(70, 22, 28), canvas.veil)
    canvas.height *= 1 - canvas.veil
    lip = step((176 - canvas.y + 4 * canvas.noise(3)).astype(np.float32), 5)
    canvas.paint(canvas.tone.lip, lip * canvas.veil)
    canvas.veil[:] = 0


def mucosa(canvas: Canvas) -> None:
    """Draw the inner cheek or the tongue."""
    if canvas.chance(0.65):
        _cheek(canvas)
    else:
        _tongue(canvas)
    canvas.centre = Point(96 + canvas.uniform(-12, 12), 92 + canvas.uniform(-10, 10))
    canvas.room = 56


def finish_mucosa(canvas: Canvas) -> None:
    """Leave spit's glints: small, sharp highlights."""
    for place in canvas.places(canvas.count(3, 7), 20, 90):
        spot = canvas.spot(place, 7, 0.4)
        flat = np.hypot(spot.dx, spot.dy * 1.8)
        canvas.paint((1, 1, 1), 0.7 * step(flat - canvas.uniform(1.2, 2.4), 1.6), spot.at)


def mouth_ulcers(canvas: Canvas) -> None:
    """Round, shallow, yellow-white sores in a red halo."""
    for place in canvas.places(canvas.count(2, 5), 38, canvas.room):
        radius = canvas.uniform(6.5, 13)
        spot = canvas.spot(place, radius * 2.6, 0.22)
        canvas.paint(rgb(168, 20, 36), 0.9 * bell(np.maximum(spot.r - radius, 0), 5.5), spot.at)
        floor = step(spot.r - radius, 4.5)
        canvas.height[spot.at] *= 1 - 0.8 * floor
        canvas.paint(rgb(246, 234, 190), 0.95 * floor, spot.at)
        canvas.paint(rgb(222, 196, 132), 0.5 * floor * np.clip(canvas.noise(26)[spot.at], 0, 1), spot.at)
        canvas.lift(0.5 * bell(spot.r - radius - 2, 3), spot.at)
        canvas.gloss[spot.at] *= 1 - 0.6 * floor


def white_lacy_mucosa(canvas: Canvas) -> None:
    """A net of fine white lines on reddened mucosa."""
    area = step(canvas.blob(canvas.centre, canvas.room * 1.15, 0.25, 1.3), 26)
    canvas.paint(rgb(186, 58, 70), 0.35 * area)
    lace: Field = np.zeros((SIDE, SIDE), np.float32)
    for width in (canvas.uniform(22, 27), canvas.uniform(14, 17)):
        net = canvas.cells(width)
        lace = np.maximum(lace, step(canvas.warp(net.gap, 3, 16) - 1.7 - 0.8 * canvas.wobble, 2.6))
    lace = np.clip(lace * area * np.clip(0.9 + 0.5 * canvas.noise(6), 0, 1), 0, 1)
    canvas.paint(rgb(250, 244, 238), lace * np.float32(0.92))
    canvas.lift(0.9 * soften(lace))
