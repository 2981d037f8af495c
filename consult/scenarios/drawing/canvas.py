"""The surface a drawing is made on: colour, relief, gloss, and the fields that shape them.

A canvas is a square of `SIDE` pixels. Lesions paint colour, lift the relief and wet the surface; one light later turns
relief and gloss into shading (`looks.photograph`). All lengths are pixels of that square, all colours 0..1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .looks import Look
from .tones import RGB, Tone

SIDE = 192

Field = NDArray[np.float32]
"""One number a pixel."""

Values = NDArray[np.floating[Any]]
"""A field of any precision, as arithmetic leaves it; `Canvas` keeps 32 bits."""

Box = tuple[slice, slice]
"""Rows and columns of a part of the canvas."""

WHOLE: Box = (slice(None), slice(None))


class Point(NamedTuple):
    """A place on the canvas."""

    x: float
    y: float


MIDDLE = Point(SIDE / 2, SIDE / 2)


class Spot(NamedTuple):
    """A small window of the canvas around a point."""

    at: Box
    dx: Field
    dy: Field
    r: Field


class Cells(NamedTuple):
    """A Voronoi pattern: plates, pores and skin lines."""

    near: Field
    """Distance to the nearest centre."""
    gap: Field
    """How much farther the second nearest is; 0 on the border between two cells."""
    draw: Field
    """A number 0..1 for each cell."""


def axes() -> tuple[Field, Field]:
    """Return the x and y of every pixel's centre, each (SIDE, SIDE)."""
    line = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)
    x, y = np.meshgrid(line, line)
    return x, y


def step(distance: Values, softness: float) -> Field:
    """Return 1 where `distance` is well below 0, 0 well above, smooth across `softness` pixels."""
    t: Field = np.clip(0.5 - distance / np.float32(softness), 0, 1).astype(np.float32)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def bell(distance: Values, width: float) -> Field:
    """Return a Gaussian of `distance` with standard deviation `width`."""
    return np.asarray(np.exp(-0.5 * np.square(distance / np.float32(width))), np.float32)


def dome(distance: Values, radius: float) -> Field:
    """Return a half-ellipsoid of height 1 over a disc of `radius`; 0 outside."""
    inside = np.clip(1 - np.square(distance / np.float32(radius)), 0, 1)
    return np.asarray(np.sqrt(inside), np.float32)


def soften(values: Values, times: int = 1) -> Field:
    """Blur a field with a 1-2-1 kernel in both directions, `times` over."""
    for _ in range(times):
        padded = np.pad(values, 1, mode="edge")
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
        values = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 16)
    return np.asarray(values, np.float32)


def blur(values: Values) -> Field:
    """Blur a field strongly: by about 3 pixels, as a quarter-size copy."""
    small = Image.fromarray(np.asarray(values, np.float32)).resize((SIDE // 4, SIDE // 4), Image.Resampling.BOX)
    return np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)


@dataclass
class Canvas:
    """A drawing in the making.

    Attributes:
        rng: the only source of chance of the drawing.
        tone: the colours of this skin type.
        look: the style of the photograph.
        colour: (3, SIDE, SIDE), 0..1.
        height: relief in pixels above the surface.
        gloss: how wet the surface is, 0..1.
        shade: a factor of the light for the large forms (a limb's roundness, a cheek).
        veil: how much the backdrop covers, 0..1.
        hollow: what lies behind an edge of the view, such as the throat behind the soft palate, 0..1.
        centre: where the lesion belongs.
        room: the radius in pixels around `centre` that a lesion may fill.
    """

    rng: np.random.Generator
    tone: Tone
    look: Look
    colour: Field = field(init=False)
    height: Field = field(init=False)
    gloss: Field = field(init=False)
    shade: Field = field(init=False)
    veil: Field = field(init=False)
    hollow: Field = field(init=False)
    x: Field = field(init=False)
    y: Field = field(init=False)
    wobble: Field = field(init=False)
    centre: Point = MIDDLE
    room: float = 70.0

    def __post_init__(self) -> None:
        """Start from flat, dry skin."""
        self.x, self.y = axes()
        self.colour = np.empty((3, SIDE, SIDE), np.float32)
        self.colour[:] = np.asarray(self.tone.skin, np.float32)[:, None, None]
        self.height = np.zeros((SIDE, SIDE), np.float32)
        self.gloss = np.zeros((SIDE, SIDE), np.float32)
        self.shade = np.ones((SIDE, SIDE), np.float32)
        self.veil = np.zeros((SIDE, SIDE), np.float32)
        self.hollow = np.zeros((SIDE, SIDE), np.float32)
        self.wobble = self.noise(14)

    def uniform(self, low: float, high: float) -> float:
        """Draw a number between `low` and `high`."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """Return true for about `share` of the seeds."""
        return self.uniform(0, 1) < share

    def count(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def noise(self, waves: int) -> Field:
        """Return smooth noise of about `waves` bumps across the canvas, mean 0, mostly within -1..1."""
        coarse = self.rng.normal(0, 0.55, (waves + 3, waves + 3)).astype(np.float32)
        across = SIDE * (waves + 3) // waves
        fine = np.asarray(Image.fromarray(coarse).resize((across, across), Image.Resampling.BICUBIC), np.float32)
        edge = (across - SIDE) // 2
        return fine[edge : edge + SIDE, edge : edge + SIDE]

    def cells(self, width: float, height: float = 0.0, jitter: float = 0.9) -> Cells:
        """Return cells about `width` by `height` pixels (square where `height` is 0)."""
        height = height or width
        columns, rows = int(SIDE / width) + 5, int(SIDE / height) + 5
        table = self.rng.uniform(0, 1, (3, rows, columns)).astype(np.float32)
        across = self.x[0] / np.float32(width) + 2 + np.float32(self.uniform(0, 1))
        down = self.y[:, 0] / np.float32(height) + 2 + np.float32(self.uniform(0, 1))
        near = np.full((SIDE, SIDE), 1e9, np.float32)
        second, owner = near.copy(), near.copy()
        for row in (-1, 0, 1):
            for column in (-1, 0, 1):
                j, i = down.astype(np.intp) + row, across.astype(np.intp) + column
                here = table.take(j, axis=1).take(i, axis=2)
                dx = (here[0] - 0.5) * jitter + (i + 0.5 - across)[None, :].astype(np.float32)
                dy = (here[1] - 0.5) * jitter + (j + 0.5 - down)[:, None].astype(np.float32)
                far = np.square(dx * width) + np.square(dy * height)
                closer = far < near
                second = np.minimum(second, np.maximum(near, far))
                owner = np.where(closer, here[2], owner)
                near = np.minimum(near, far)
        near = np.sqrt(near)
        return Cells(near, np.sqrt(second) - near, owner)

    def warp(self, values: Field, reach: float, waves: int = 12) -> Field:
        """Return a field whose pixels were shifted by up to about `reach`, so that straight lines wander."""
        shift = self.noise(waves), self.noise(waves)
        j, i = (
            np.clip(line + np.float32(reach) * by, 0, SIDE - 1).astype(np.intp)
            for line, by in zip((self.y, self.x), shift, strict=True)
        )
        return soften(values[j, i])

    def blob(self, at: Point, radius: float, ragged: float = 0.2, stretch: float = 1.0) -> Field:
        """Return the signed distance to an irregular oval.

        Args:
            at: its centre.
            radius: its mean radius in pixels.
            ragged: how far the outline strays, as a share of the radius.
            stretch: long axis over short axis.
        """
        turn = self.uniform(0, np.pi)
        dx, dy = self.x - at.x, self.y - at.y
        u = (dx * np.cos(turn) + dy * np.sin(turn)) / np.sqrt(stretch)
        v = (dy * np.cos(turn) - dx * np.sin(turn)) * np.sqrt(stretch)
        outline = self.noise(max(3, int(220 / radius)))
        fine = self.noise(max(8, int(700 / radius)))
        distance = np.hypot(u, v) - radius + ragged * radius * (outline + 0.35 * fine)
        return np.asarray(distance, np.float32)

    def spot(self, at: Point, reach: float, ragged: float = 0.0) -> Spot:
        """Return the window `reach` pixels around a point, with the distance to it from each pixel."""
        top, left = (max(0, min(SIDE - 1, int(c - reach))) for c in (at.y, at.x))
        bottom, right = (max(1, min(SIDE, int(c + reach) + 2)) for c in (at.y, at.x))
        box = (slice(top, bottom), slice(left, right))
        dx, dy = self.x[box] - np.float32(at.x), self.y[box] - np.float32(at.y)
        r = np.hypot(dx, dy)
        if ragged:
            r = r * (1 + np.float32(ragged) * self.wobble[box])
        return Spot(box, dx, dy, r)

    def paint(self, rgb: RGB, alpha: Values, at: Box = WHOLE) -> None:
        """Lay a colour over the canvas with the opacity `alpha`, 0..1."""
        for plane, value in zip(self.colour, rgb, strict=True):
            part = plane[at]
            part += alpha * (np.float32(value) - part)

    def tint(self, amount: Values, at: Box = WHOLE) -> None:
        """Multiply the colour by 1 + `amount`."""
        self.colour[(slice(None), *at)] *= 1 + amount

    def lift(self, height: Values, at: Box = WHOLE) -> None:
        """Raise the relief by `height` pixels."""
        self.height[at] += height

    def wet(self, gloss: Values, at: Box = WHOLE) -> None:
        """Make the surface at least as glossy as `gloss`."""
        self.gloss[at] = np.maximum(self.gloss[at], gloss)

    def strokes(
        self, paths: Iterable[NDArray[np.float64]], width: float = 1.0, weights: NDArray[np.float64] | None = None
    ) -> Field:
        """Return the ink of thin lines, 0..1.

        Args:
            paths: arrays (points, 2) of x and y; points should lie under a pixel apart.
            width: 1 for a hairline; above that the line is thickened.
            weights: the ink of each point of all paths, 1 where left out.
        """
        points = np.concatenate(list(paths))
        x, y = points[:, 0] - 0.5, points[:, 1] - 0.5
        kept = (x >= 0) & (y >= 0) & (x < SIDE - 1) & (y < SIDE - 1)
        x, y = x[kept], y[kept]
        amount = np.ones(len(x)) if weights is None else weights[kept]
        i, j = x.astype(np.intp), y.astype(np.intp)
        fx, fy = x - i, y - j
        ink = np.zeros(SIDE * SIDE)
        for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
            share = (fx if across else 1 - fx) * (fy if down else 1 - fy) * amount
            ink += np.bincount((j + down) * SIDE + i + across, share, SIDE * SIDE)
        drawn = np.minimum(ink.reshape(SIDE, SIDE), 1.5).astype(np.float32)
        if width > 1:
            drawn = soften(drawn, int(np.ceil(width - 1))) * np.float32(width * 1.3)
        return np.minimum(drawn, 1)

    def places(self, number: int, gap: float, reach: float | None = None) -> list[Point]:
        """Return up to `number` points at least `gap` apart, within `reach` pixels of the centre."""
        found: list[Point] = []
        reach = self.room if reach is None else reach
        for _ in range(number * 12):
            turn, far = self.uniform(0, 2 * np.pi), reach * np.sqrt(self.uniform(0, 1))
            new = Point(self.centre.x + far * float(np.cos(turn)), self.centre.y + far * float(np.sin(turn)))
            if all((new.x - p.x) ** 2 + (new.y - p.y) ** 2 >= gap * gap for p in found):
                found.append(new)
            if len(found) == number:
                break
        return found
