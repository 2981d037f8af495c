"""The eye and its lids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bumps import PUS
from .canvas import Canvas, Field, Point, Values, bell, blur, dome, soften, step
from .hair import tapered
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
    glint = np.hypot(dx + 6 + 0.2 * dy, (dy + 8) * 0.8) - 3.2
    canvas.paint((0.97, 0.98, 1), 0.85 * step(glint, 2.4) * opening)
    canvas.paint((0.8, 0.9, 1), 0.16 * bell(np.hypot(dx - 5, dy - 7) - 5, 3) * disc)


def _injection(canvas: Canvas, lids: Lids, opening: Field, redness: float) -> None:
    """Fill the white's vessels, thickest toward the corners."""
    blood = rgb(206, 52, 58)
    canvas.paint(rgb(236, 128, 126), opening * np.clip(redness + 0.15 * canvas.noise(8), 0, 1))
    paths: list[NDArray[np.float64]] = []
    for index in range(34):
        side = 1 if index % 2 else -1
        start = np.array((lids.centre.x + side * canvas.uniform(48, 78), lids.centre.y + canvas.uniform(-24, 22)))
        heading = (np.pi if side > 0 else 0) + canvas.uniform(-0.5, 0.5)
        bends = heading + np.cumsum(canvas.rng.normal(0, 0.16, 90))
        paths.append(start + 0.5 * np.cumsum(np.stack((np.cos(bends), np.sin(bends)), axis=1), axis=0))
    canvas.paint(blood, soften(canvas.strokes(paths)) * opening * np.float32(min(0.9, 1.9 * redness)))


def _lashes(canvas: Canvas, lids: Lids) -> None:
    """Grow lashes from both margins: curved, tapered, of uneven length, leaning outward and together in tufts."""
    colour = mix(rgb(24, 17, 15), canvas.tone.dark, 0.25 - 0.2 * canvas.tone.depth)
    for upper in (True, False):
        number = canvas.count(70, 88) if upper else canvas.count(34, 46)
        ink = _lash_row(canvas, lids, number, upper)
        canvas.paint(colour, ink * np.float32(0.85 if upper else 0.6))


def _lash_row(canvas: Canvas, lids: Lids, number: int, upper: bool) -> Field:
    """Return the ink of the lashes of one lid."""
    u = canvas.rng.uniform(-0.94, 0.97, number)
    tuft = np.round(u * 9) / 9 - u
    x0 = (lids.centre.x - lids.nose * u * lids.half).astype(np.float32)
    y0 = lids.upper(x0) - 0.5 if upper else lids.lower(x0) + 1.5
    longest = 19 if upper else 8
    reach = longest * (0.62 + 0.3 * u) * canvas.rng.uniform(0.55, 1.1, number)
    t = np.linspace(0, 1, 40)[:, None]
    lean = -lids.nose * (0.15 + 0.85 * u + 1.6 * tuft + canvas.rng.normal(0, 0.16, number))
    x = x0 + reach * lean * (0.35 * t + 0.65 * t * t)
    droop = 0.34 * np.sin(np.pi * np.minimum(1.3 * t, 1)) if upper else 0
    y = y0 + reach * ((droop - 0.95 * t**1.5) if upper else 0.85 * t - 0.25 * t * t)
    return tapered(canvas, x.astype(np.float64), y.astype(np.float64), 1.3 if upper else 0.7)


def _eye(canvas: Canvas, lids: Lids, redness: float = 0.0) -> None:
    """Draw a whole eye up to its lashes."""
    texture(canvas, 4.6)
    socket = np.hypot((canvas.x - lids.centre.x) / 1.5, canvas.y - lids.centre.y + 8)
    canvas.paint(mix(canvas.tone.skin, canvas.tone.dark, 0.5), 0.45 * bell(socket - 38, 16))
    within = step(np.abs(canvas.x - lids.centre.x) - lids.half * 0.92, 26)
    crease = canvas.y - lids.upper(canvas.x) + 14 + 4 * bell(canvas.x - lids.centre.x, 60)
    canvas.paint(mix(canvas.tone.dark, (0.12, 0.05, 0.04), 0.35), 0.5 * bell(crease, 1.8) * within)
    canvas.tint(0.08 * bell(crease - 8, 4) * within)
    canvas.tint(-0.10 * bell(canvas.y - lids.lower(canvas.x) - 22, 5) * within)
    for margin in (lids.upper(canvas.x) + 1, lids.lower(canvas.x) + 2):
        rim = bell(canvas.y - margin, 2.6) * step(np.abs(canvas.x - lids.centre.x) - lids.half + 2, 6)
        canvas.paint(mix(canvas.tone.gum, canvas.tone.skin, 0.35), 0.75 * rim)
    _globe(canvas, lids, redness)
    line = bell(canvas.y - lids.upper(canvas.x), 1.5) * step(np.abs(canvas.x - lids.centre.x) - lids.half, 8)
    canvas.paint(rgb(36, 24, 20), 0.75 * line)
    canvas.gloss = np.maximum(canvas.gloss, 0.6 * bell(canvas.y - lids.lower(canvas.x), 1.2))


def _brow(canvas: Canvas, nose: int) -> None:
    """Grow an eyebrow along the top: dense and upright near the nose, thin and flat toward the temple."""
    number = canvas.count(480, 600)
    out = canvas.rng.beta(1.25, 1.5, number)
    x0 = 96 + nose * (80 - 165 * out) + canvas.rng.normal(0, 3, number)
    arc = canvas.uniform(14, 22) + 14 * np.square(out - 0.62) * 2.4
    y0 = arc + canvas.rng.normal(0, 1, number) * (6.0 - 4.2 * out)
    t = np.linspace(0, 1, 20)[:, None]
    reach = canvas.rng.uniform(6, 12, number) * (1 - 0.25 * out)
    rise = np.radians(62 - 66 * out + canvas.rng.normal(0, 9, number))
    x = x0 - nose * reach * np.cos(rise) * t
    y = y0 - reach * np.sin(rise) * t * (1 - 0.35 * t)
    dark = mix(rgb(36, 26, 21), canvas.tone.dark, 0.2 - 0.15 * canvas.tone.depth)
    for part, lighter in enumerate((0.0, 0.22, 0.45)):
        ink = tapered(canvas, x[:, part::3], y[:, part::3], 0.15)
        canvas.paint(mix(dark, canvas.tone.dark, lighter), np.float32(0.16) * np.clip(blur(ink), 0, 1))
        canvas.paint(mix(dark, canvas.tone.dark, lighter), ink * np.float32(0.55))


def lid_nodule(canvas: Canvas) -> None:
    """A smooth, round, quiet lump in the lid, away from the lashes."""
    lids = _lids(canvas)
    _eye(canvas, lids)
    _lashes(canvas, lids)
    _brow(canvas, lids.nose)
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


def red_swollen_lid(canvas: Canvas) -> None:
    """One lid diffusely red and puffy, hanging over a narrower opening, without a lump or a point."""
    upper = canvas.chance(0.65)
    lids = _lids(canvas)
    lids = lids._replace(up=lids.up * canvas.uniform(0.45, 0.65)) if upper else lids._replace(down=lids.down * 0.6)
    _eye(canvas, lids, 0.12)
    margin = lids.upper(canvas.x) - canvas.y if upper else canvas.y - lids.lower(canvas.x)
    tall, side = canvas.uniform(15, 20), canvas.uniform(-22, 22)
    across = (canvas.x - lids.centre.x - side) / (lids.half * canvas.uniform(0.62, 0.85))
    lid = step(-margin, 4) * bell(np.maximum(np.abs(across) - 0.25, 0), 0.45)
    puff = lid * bell(margin - 0.6 * tall, tall * 0.85)
    canvas.paint(canvas.tone.inflamed, np.clip(0.95 * puff * (1 + 0.15 * canvas.noise(9)), 0, 0.9) * canvas.look.blush)
    canvas.lift(soften(np.asarray(11 * lid * bell(margin - 0.7 * tall, tall * 0.6), np.float32), 5))
    canvas.shade *= 1 - 0.16 * lid * bell(margin - 2.1 * tall, 4)
    canvas.wet(0.35 * puff)
    _lashes(canvas, lids)
    _brow(canvas, lids.nose)


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
    _brow(canvas, lids.nose)
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
    _brow(canvas, lids.nose)
    tear = lids.lower(canvas.x) - canvas.y
    canvas.paint((1, 0.97, 0.95), 0.6 * bell(tear - 2, 1.3) * step(np.abs(canvas.x - lids.centre.x) - 50, 20))
    if canvas.chance(0.6):
        _discharge(canvas, lids)


def _discharge(canvas: Canvas, lids: Lids) -> None:
    """Let sticky yellow matter gather at the inner corner and on the lashes."""
    canvas.centre = Point(lids.centre.x + lids.nose * lids.half * 0.85, lids.centre.y + 8)
    for place in canvas.places(canvas.count(3, 6), 5, 14):
        spot = canvas.spot(place, 12, 0.5)
        flat = np.hypot(spot.dx, spot.dy * 1.6) * (1 + 0.5 * canvas.wobble[spot.at])
        canvas.paint(rgb(230, 214, 156), 0.75 * step(flat - canvas.uniform(2.5, 5.5), 4), spot.at)
        canvas.lift(0.8 * dome(flat, 5), spot.at)
        canvas.wet(step(spot.r - 4, 2), spot.at)
