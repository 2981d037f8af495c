"""A fingertip or toe with its nail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bumps import PUS
from .canvas import Canvas, Field, bell, soften, step
from .nuisance import cover
from .skin import texture
from .tones import RGB, mix, rgb


@dataclass(frozen=True)
class Digit:
    """A finger or toe and the plate of its nail, in the digit's own axes."""

    u: Field
    """Across the digit, 0 in the middle."""
    v: Field
    """Along it, growing from the tip to the knuckle, 0 in the plate's middle."""
    half: float
    """Half the width of the plate."""
    length: float
    """Half the length of the plate."""
    edge: Field
    """Signed distance to the plate's outline."""

    @property
    def plate(self) -> Field:
        """The plate, 0..1."""
        return step(self.edge, 2.2)


def _digit(canvas: Canvas) -> Digit:
    """Draw the bare digit and return its nail's place."""
    turn, toe = canvas.uniform(-0.32, 0.32), canvas.chance(0.4)
    dx, dy = canvas.x - 96 - canvas.uniform(-8, 8), canvas.y - 90 - canvas.uniform(-6, 8)
    u, v = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    half = canvas.uniform(40, 46) if toe else canvas.uniform(33, 39)
    length = half * (canvas.uniform(0.9, 1.05) if toe else canvas.uniform(1.2, 1.35))
    side, tip = half + canvas.uniform(17, 24), -length - canvas.uniform(8, 14)
    body = np.abs(u) + 3 * bell(v - length - 30, 18) - side
    top = np.hypot(u, np.minimum(v - tip - side * 0.95, 0) / 0.95) - side
    flesh = np.where(v < tip + side, top, body).astype(np.float32)
    texture(canvas, 4.4)
    canvas.shade *= 0.62 + 0.42 * np.sqrt(np.clip(-flesh / (side * 0.75), 0, 1))
    canvas.paint(mix(canvas.tone.skin, canvas.tone.inflamed, 0.3), 0.45 * bell(v - tip - 6, 14))
    knuckle = np.cos((v - length - 62) * 0.75 + 1.2 * canvas.noise(8)) * bell(v - length - 64, 12)
    canvas.tint(0.10 * knuckle * step(np.abs(u) - half, 16))
    canvas.veil = step(-flesh, 2.0)
    power = 3.4
    ellipse = (np.abs(u / half) ** power + np.abs(v / length) ** power) ** (1 / power) - 1
    edge = (ellipse * half * 0.9).astype(np.float32)
    return Digit(u.astype(np.float32), v.astype(np.float32), half, length, edge)


def _plate(canvas: Canvas, digit: Digit, colour: RGB, gloss: float = 0.8) -> None:
    """Lay the nail's plate into its folds: curved, shiny, with half-moon and free edge."""
    fold = bell(digit.edge - 3, 3.0)
    canvas.lift(2.5 * fold)
    canvas.paint(mix(canvas.tone.dark, canvas.tone.inflamed, 0.4), 0.55 * bell(digit.edge - 0.5, 1.5))
    plate = digit.plate
    canvas.height *= 1 - plate
    canvas.paint(colour, plate * np.float32(0.96))
    canvas.shade *= 1 - plate * (0.30 * np.square(digit.u / digit.half) ** 1.5)
    moon = np.hypot(digit.u / 1.25, digit.v - digit.length - 2) - digit.half * 0.42
    canvas.paint(mix(colour, (1, 0.98, 0.95), 0.6), 0.55 * step(moon, 5) * plate)
    free = digit.v + digit.length - 8 + 0.10 * np.square(digit.u) / digit.half * 2
    canvas.paint(rgb(244, 238, 226), 0.85 * step(free, 2.5) * plate)
    canvas.tint(0.012 * np.cos(digit.u * 1.3 + canvas.noise(3)) * plate)
    streak = bell(digit.u + digit.half * 0.42 + 0.04 * digit.v, digit.half * 0.11)
    streak = streak * step(np.abs(digit.v) - digit.length * 0.62, 16)
    canvas.paint((1, 1, 1), np.float32(0.55 * gloss) * streak * plate)


def _nail_bed(canvas: Canvas) -> RGB:
    """Return the pink that shines through a healthy nail."""
    return mix(rgb(232, 178, 164), canvas.tone.skin, 0.25 + 0.25 * canvas.tone.depth)


def finish_nail(canvas: Canvas) -> None:
    """Lay the digit on its backdrop."""
    choices = canvas.look.backdrops
    cover(canvas, choices[canvas.count(0, len(choices) - 1)], 0.04)


def thick_yellow_nail(canvas: Canvas) -> None:
    """Plate thickened, yellow-brown and crumbling at its free edge."""
    digit = _digit(canvas)
    yellow = mix(rgb(214, 178, 84), rgb(168, 130, 66), canvas.uniform(0, 0.7))
    _plate(canvas, digit, yellow, 0.25)
    plate = digit.plate
    brown = np.clip(0.2 + canvas.noise(7) - digit.v / digit.length * 0.4, 0, 1)
    canvas.paint(rgb(130, 92, 44), 0.65 * brown * plate)
    canvas.paint(rgb(240, 220, 150), 0.5 * np.clip(canvas.noise(16), 0, 1) * plate)
    canvas.lift(plate * (7 * np.sqrt(np.clip(-digit.edge / 9, 0, 1)) + 1.3 * canvas.noise(18)))
    crumbs = step(digit.v + digit.length * 0.62 + 9 * canvas.noise(10), 6) * plate
    rough = canvas.noise(46)
    canvas.paint(rgb(226, 204, 150), 0.75 * crumbs * np.clip(0.6 + 0.7 * rough, 0, 1))
    canvas.paint(rgb(92, 62, 34), 0.7 * crumbs * np.clip(rough - 0.3, 0, 1))
    canvas.lift(2.5 * crumbs * rough)


def discoloured_nail(canvas: Canvas) -> None:
    """Plate dull, yellowish-brown in places and slightly uneven; no pits, crumbs or lifted part."""
    digit = _digit(canvas)
    _plate(canvas, digit, mix(_nail_bed(canvas), rgb(214, 190, 140), canvas.uniform(0.45, 0.65)), 0.35)
    plate = digit.plate
    stain = np.clip(canvas.noise(5) + 0.35 * canvas.noise(14) - 0.25 * digit.v / digit.length + 0.15, 0, 1)
    canvas.paint(rgb(178, 138, 74), 0.75 * stain * plate)
    canvas.paint(rgb(236, 226, 200), 0.55 * np.clip(canvas.noise(7) - 0.1, 0, 1) * plate)
    ridges = np.cos(digit.u * canvas.uniform(0.55, 0.8) + 1.6 * canvas.noise(5)) * np.clip(0.5 + canvas.noise(4), 0, 1)
    canvas.lift((0.6 * ridges + 1.2 * canvas.noise(9)) * step(digit.edge + 2, 3))


def lifted_nail(canvas: Canvas) -> None:
    """The far part of the plate stands off its bed: white, with an irregular border."""
    digit = _digit(canvas)
    _plate(canvas, digit, _nail_bed(canvas), 0.9)
    slope, middle = canvas.uniform(-0.3, 0.3), canvas.uniform(-0.25, 0.2) * digit.length
    border = digit.v + middle + 12 * canvas.noise(6) + slope * digit.u
    off = step(border, 2.5) * step(digit.edge + 1, 2)
    canvas.paint(rgb(206, 164, 92), 0.55 * bell(border, 3.5) * digit.plate)
    canvas.paint(rgb(250, 247, 234), 0.93 * off)
    canvas.paint(rgb(236, 214, 140), 0.5 * np.clip(canvas.noise(5), 0, 1) * off)
    canvas.shade *= 1 - 0.35 * bell(digit.v + digit.length, 2.5) * step(np.abs(digit.u) - digit.half * 0.8, 6)


def pitted_nail(canvas: Canvas) -> None:
    """Plate rough with pits, ridges and lost shine."""
    digit = _digit(canvas)
    _plate(canvas, digit, mix(_nail_bed(canvas), rgb(206, 188, 164), 0.55), 0.3)
    plate = step(digit.edge + 2, 3)
    ridges = np.cos(digit.u * canvas.uniform(0.75, 1.0) + 1.2 * canvas.noise(5))
    canvas.lift(0.55 * ridges * plate)
    canvas.paint(rgb(140, 104, 84), 0.18 * np.clip(ridges, 0, 1) * plate)
    pits = canvas.cells(canvas.uniform(9, 11))
    pit = (pits.draw > 0.45) * step(canvas.warp(pits.near, 1.2) - 1.0 - 1.4 * pits.draw, 1.8) * plate
    canvas.paint(rgb(112, 80, 64), (0.6 * pit).astype(np.float32))
    canvas.lift(-2.2 * soften(pit.astype(np.float32)))
    split = digit.v + digit.length - 8 + 8 * canvas.noise(16)
    canvas.paint(rgb(226, 214, 190), 0.8 * step(split, 3) * plate)


def swollen_nail_fold(canvas: Canvas) -> None:
    """One side fold swollen over the nail's edge, hot, with pus."""
    digit = _digit(canvas)
    _plate(canvas, digit, _nail_bed(canvas), 0.8)
    side = 1 if canvas.chance(0.5) else -1
    v0, width = canvas.uniform(-0.35, 0.25) * digit.length, canvas.uniform(16, 20)
    u, v = digit.u * side - digit.half - 1, digit.v - v0
    canvas.paint(canvas.tone.inflamed, 0.8 * bell(np.hypot(u, v / 1.6), 28) * (1 - digit.plate))
    fold = np.hypot(u / width, v / (digit.length * 0.72))
    swelling = step((fold + 0.14 * canvas.wobble - 1) * width, 9)
    canvas.paint(canvas.tone.inflamed, swelling * np.float32(0.97))
    canvas.shade *= 1 - 0.3 * bell((fold - 1.05) * width, 2) * digit.plate
    canvas.height *= 1 - swelling
    canvas.lift(11 * bell(fold + 0.08 * canvas.wobble, 0.55))
    canvas.wet(0.5 * swelling)
    canvas.paint(mix(canvas.tone.inflamed, (0.45, 0, 0.06), 0.5), 0.5 * bell(fold, 0.45))
    for _ in range(canvas.count(1, 2)):
        pus = np.hypot(u + canvas.uniform(2, 9), (v - canvas.uniform(-18, 18)) / 1.7) + canvas.wobble
        canvas.paint(PUS, 0.95 * step(pus - canvas.uniform(4, 6.5), 3))
