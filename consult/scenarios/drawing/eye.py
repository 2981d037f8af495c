"""The eye and its lids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bumps import PUS
from .canvas import Canvas, Field, Point, Values, bell, dome, soften, step
from .skin import texture
from .tones import mix, rgb

_IRISES = (rgb(74, 44, 26), rgb(52, 30, 20), rgb(104, 78, 44), rgb(84, 116, 150), rgb(98, 118, 86))


class Lids(NamedTuple):
    """Where the opening of the eye lies."""

    centre: Point
    half: float
    """Half the width of the opening."""
    up: float
    """Height of the upper lid's margin over the corners."""
    down: float
    """Depth of the lower lid's margin under the corners."""
    nose: int
    """1 when the nose is to the right."""

    def upper(self, x: Values) -> Field:
        """Return the y of the upper lid's margin at each x."""
        u = np.clip((x - self.centre.x) / self.half, -1.3, 1.3)
        return np.asarray(self.centre.y - self.up * (1 - np.abs(u) ** 2.3) + 4 * self.nose * u, np.float32)

    def lower(self, x: Values) -> Field:
        """Return the y of the lower lid's margin at each x."""
        u = np.clip((x - self.centre.x) / self.half, -1.3, 1.3)
        return np.asarray(self.centre.y + self.down * (1 - np.abs(u) ** 2.0) + 4 * self.nose * u, np.float32)


def _lids(canvas: Canvas) -> Lids:
    """Draw the size and place of the opening."""
    centre = Point(96 + canvas.uniform(-6, 6), 110 + canvas.uniform(-5, 6))
    nose = 1 if canvas.chance(0.5) else -1
    return Lids(centre, canvas.uniform(70, 80), canvas.uniform(25, 33), canvas.uniform(19, 25), nose)


def _globe(canvas: Canvas, lids: Lids, redness: float) -> Field:
    """Draw white, iris and pupil inside the lids; return the opening."""
    edge = np.maximum(lids.upper(canvas.x) - canvas.y, canvas.y - lids.lower(canvas.x))
    opening = step(edge, 2.0)
    canvas.paint(mix(rgb(240, 236, 230), rgb(226, 216, 204), canvas.tone.depth), opening)
    if redness:
        _injection(canvas, lids, opening, redness)
    _iris(canvas, lids, opening)
    corner = np.hypot(canvas.x - lids.centre.x - lids.nose * (lids.half - 5), (canvas.y - lids.centre.y - 4) * 1.2)
    canvas.paint(mix(rgb(222, 134, 128), canvas.tone.gum, 0.4), 0.9 * step(corner - 8, 5) * opening)
    canvas.shade *= 1 - 0.34 * opening * bell(canvas.y - lids.upper(canvas.x), 6)
    canvas.gloss *= 1 - opening
    canvas.height *= 1 - opening
    return opening


def _iris(canvas: Canvas, lids: Lids, opening: Field) -> None:
    """Draw the iris with its rays, the pupil and the window mirrored in the cornea."""
    x, y, radius = lids.centre.x + canvas.uniform(-12, 12), lids.centre.y - 4.0, canvas.uniform(22, 25)
    dx, dy = canvas.x - x, canvas.y - y
    r = np.hypot(dx, dy)
    rays = np.cos(np.arctan2(dy, dx) * 37 + 5 * canvas.noise(16))
    colour = _IRISES[canvas.count(0, 4) if canvas.tone.depth < 0.5 else canvas.count(0, 1)]
    disc = step(r - radius, 2.5) * opening
    canvas.paint(colour, disc)
    canvas.tint(disc * (0.18 * rays * step(8 - r, 6) + 0.3 * bell(r - 13, 4)))
    canvas.paint((0.05, 0.04, 0.05), 0.75 * bell(r - radius, 1.8) * opening)
    canvas.paint((0.02, 0.02, 0.03), step(r - canvas.uniform(8, 11), 2.0) * opening)
    glint = np.maximum(np.abs(dx + 7) - 3.5, np.abs(dy + 8) - 4.5)
    canvas.paint((1, 1, 1), 0.92 * step(glint, 1.5) * opening)


def _injection(canvas: Canvas, lids: Lids, opening: Field, redness: float) -> None:
    """Fill the white's vessels, thickest toward the corners."""
    blood = rgb(206, 52, 58)
    canvas.paint(rgb(236, 128, 126), opening * np.clip(redness + 0.15 * canvas.noise(8), 0, 1))
    paths: list[NDArray[np.float64]] = []
    for index in range(44):
        side = 1 if index % 2 else -1
        start = np.array((lids.centre.x + side * canvas.uniform(48, 78), lids.centre.y + canvas.uniform(-24, 22)))
        heading = (np.pi if side > 0 else 0) + canvas.uniform(-0.5, 0.5)
        bends = heading + np.cumsum(canvas.rng.normal(0, 0.12, 90))
        paths.append(start + 0.5 * np.cumsum(np.stack((np.cos(bends), np.sin(bends)), axis=1), axis=0))
    canvas.paint(blood, canvas.strokes(paths) * opening * np.float32(min(0.85, 1.6 * redness)))


def _lashes(canvas: Canvas, lids: Lids) -> None:
    """Grow lashes from both margins, and the lid's crease above."""
    paths = []
    for number, upper in ((34, True), (22, False)):
        u = np.linspace(-0.93, 0.93, number) + canvas.rng.normal(0, 0.012, number)
        x0 = (lids.centre.x + u * lids.half).astype(np.float32)
        y0 = lids.upper(x0) if upper else lids.lower(x0)
        reach = canvas.rng.uniform(13, 20, number) if upper else canvas.rng.uniform(6, 10, number)
        t = np.linspace(0, 1, 46)[:, None]
        x = x0 + u * reach * 0.9 * t + canvas.rng.normal(0, 1.5, number) * t
        y = y0 + (-reach * (t**0.8) if upper else reach * t) + (3 * t * (1 - t) * 4 if upper else 0)
        paths.append(np.stack((x.ravel(), y.ravel()), axis=1))
    canvas.paint(rgb(28, 20, 18), canvas.strokes(paths, 1.2) * np.float32(0.9))


def _eye(canvas: Canvas, lids: Lids, redness: float = 0.0) -> None:
    """Draw a whole eye up to its lashes."""
    texture(canvas, 4.6)
    socket = np.hypot((canvas.x - lids.centre.x) / 1.5, canvas.y - lids.centre.y + 8)
    canvas.paint(mix(canvas.tone.skin, canvas.tone.dark, 0.5), 0.45 * bell(socket - 38, 16))
    crease = canvas.y - lids.upper(canvas.x) + 14 + 4 * bell(canvas.x - lids.centre.x, 60)
    canvas.paint(mix(canvas.tone.dark, (0.12, 0.05, 0.04), 0.35), 0.6 * bell(crease, 1.7))
    canvas.tint(0.08 * bell(crease - 8, 4))
    canvas.tint(-0.10 * bell(canvas.y - lids.lower(canvas.x) - 22, 5))
    for margin in (lids.upper(canvas.x) + 1, lids.lower(canvas.x) + 2):
        rim = bell(canvas.y - margin, 2.6) * step(np.abs(canvas.x - lids.centre.x) - lids.half + 2, 6)
        canvas.paint(mix(canvas.tone.gum, canvas.tone.skin, 0.35), 0.75 * rim)
    _globe(canvas, lids, redness)
    line = bell(canvas.y - lids.upper(canvas.x), 1.5) * step(np.abs(canvas.x - lids.centre.x) - lids.half, 8)
    canvas.paint(rgb(36, 24, 20), 0.75 * line)
    canvas.gloss = np.maximum(canvas.gloss, 0.6 * bell(canvas.y - lids.lower(canvas.x), 1.2))


def _brow(canvas: Canvas) -> None:
    """Grow an eyebrow along the top."""
    x = canvas.rng.uniform(10, 172, 330)
    root = canvas.uniform(10, 20) + 10 * np.square((x - 96) / 90) + canvas.rng.normal(0, 4.2, 330)
    t = np.linspace(0, 1, 24)[:, None]
    across = x + 12 * t
    path = np.stack((across.ravel(), (root + canvas.rng.normal(-5, 3, 330) * t * (1 - 0.4 * t)).ravel()), axis=1)
    canvas.paint(rgb(40, 28, 22), canvas.strokes([path]) * np.float32(0.75))


def lid_nodule(canvas: Canvas) -> None:
    """A smooth, round, quiet lump in the lid, away from the lashes."""
    lids = _lids(canvas)
    _eye(canvas, lids)
    _lashes(canvas, lids)
    _brow(canvas)
    radius, x = canvas.uniform(14, 18), lids.centre.x + canvas.uniform(-36, 36)
    line = np.array([x], np.float32)
    above = float(lids.upper(line)[0]) - radius - canvas.uniform(3, 7)
    below = float(lids.lower(line)[0]) + radius + canvas.uniform(6, 10)
    spot = canvas.spot(Point(x, above if canvas.chance(0.6) else below), radius * 2, 0.04)
    canvas.paint(
        mix(mix(canvas.tone.skin, canvas.tone.flare, 0.4), (1, 0.95, 0.9), 0.08),
        0.92 * step(spot.r - radius, 9),
        spot.at,
    )
    canvas.lift(0.46 * radius * soften(dome(spot.r, radius), 8), spot.at)
    canvas.tint(-0.06 * bell(spot.r - radius - 1, 4), spot.at)
    canvas.wet(0.5 * step(spot.r - radius, 3), spot.at)


def lid_margin_pustule(canvas: Canvas) -> None:
    """An inflamed, pointing bump on the line of the lashes, the lid swollen around it."""
    lids = _lids(canvas)
    _eye(canvas, lids, 0.10)
    x = lids.centre.x + canvas.uniform(-38, 38)
    line, upper = np.array([x], np.float32), canvas.chance(0.6)
    y = float(lids.upper(line)[0]) - 4 if upper else float(lids.lower(line)[0]) + 5
    radius = canvas.uniform(11, 14)
    spot = canvas.spot(Point(x, y), 60, 0.06)
    skin = step(np.maximum(lids.upper(canvas.x) - canvas.y, canvas.y - lids.lower(canvas.x)) * -1, 6)[spot.at]
    canvas.paint(canvas.tone.inflamed, 0.85 * bell(spot.r, 26) * skin, spot.at)
    canvas.lift(5 * bell(spot.r, 22) * skin, spot.at)
    _lashes(canvas, lids)
    _brow(canvas)
    canvas.paint(canvas.tone.inflamed, 0.97 * step(spot.r - radius, 5), spot.at)
    canvas.lift(0.7 * radius * bell(spot.r, radius * 0.55), spot.at)
    canvas.paint(PUS, 0.97 * step(spot.r - radius * 0.42, 3), spot.at)
    canvas.wet(0.7 * step(spot.r - radius, 3), spot.at)


def red_eye(canvas: Canvas) -> None:
    """The whole white injected, lids pink, wet or with discharge."""
    lids = _lids(canvas)
    _eye(canvas, lids, canvas.uniform(0.45, 0.7))
    for margin, width in ((lids.upper(canvas.x) - 5, 7), (lids.lower(canvas.x) + 6, 8)):
        near = step(np.abs(canvas.x - lids.centre.x) - lids.half, 30)
        canvas.paint(canvas.tone.inflamed, 0.55 * canvas.look.blush * bell(canvas.y - margin, width) * near)
    _lashes(canvas, lids)
    _brow(canvas)
    tear = lids.lower(canvas.x) - canvas.y
    canvas.paint((1, 0.97, 0.95), 0.6 * bell(tear - 2, 1.3) * step(np.abs(canvas.x - lids.centre.x) - 50, 20))
    if canvas.chance(0.6):
        _discharge(canvas, lids)


def _discharge(canvas: Canvas, lids: Lids) -> None:
    """Let sticky yellow matter gather at the inner corner and on the lashes."""
    canvas.centre = Point(lids.centre.x + lids.nose * lids.half * 0.85, lids.centre.y + 8)
    for place in canvas.places(canvas.count(3, 6), 5, 14):
        spot = canvas.spot(place, 9, 0.4)
        canvas.paint(rgb(232, 216, 150), 0.85 * step(spot.r - canvas.uniform(2, 4.5), 3), spot.at)
        canvas.lift(2 * dome(spot.r, 4.5), spot.at)
        canvas.wet(step(spot.r - 4, 2), spot.at)
