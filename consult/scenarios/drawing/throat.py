"""The open throat: soft palate, uvula, arches, tonsils, the wall behind, tongue and lips in front."""

from __future__ import annotations

import numpy as np

from .canvas import SIDE, Canvas, Field, Point, Values, bell, blur, soften, step
from .tones import RGB, mix, rgb

_RED = rgb(190, 54, 58)
_COATING = rgb(240, 230, 196)


def throat(canvas: Canvas) -> None:
    """Draw palate, two pairs of arches, uvula and the wall behind; `hollow` is what lies behind the front arches."""
    canvas.paint(mix(canvas.tone.gum, rgb(222, 120, 112), 0.5), np.ones((SIDE, SIDE), np.float32))
    canvas.tint(0.05 * canvas.noise(6) + 0.03 * canvas.noise(18))
    canvas.lift(1.6 * canvas.noise(6) + 0.5 * canvas.noise(14))
    canvas.wet(np.full((SIDE, SIDE), 0.55, np.float32))
    canvas.centre = Point(96 + canvas.uniform(-6, 6), canvas.uniform(62, 72))
    canvas.room = 48
    u, v = canvas.x - canvas.centre.x + 2 * canvas.noise(4), canvas.y - canvas.centre.y
    long, wide, lean = canvas.uniform(25, 37), canvas.uniform(8, 10), canvas.uniform(-0.12, 0.12)
    uvula = _hang(u - lean * np.clip(v, 0, 60), long, wide)
    canvas.hollow = step(-_behind(v, uvula + _arch(u, 62, -16)), 3)
    wall = step(-_behind(v, uvula + _arch(u, 46, -6)), 4)
    _set_back(canvas, canvas.hollow, rgb(194, 94, 88))
    _set_back(canvas, wall, rgb(172, 76, 72))
    canvas.lift((1.1 * canvas.noise(15)) * wall)
    canvas.paint(rgb(70, 20, 24), 0.8 * wall * step(66 - v, 46))
    _vessels(canvas, u, v)


def _arch(u: Values, half: float, top: float) -> Field:
    """Return the height of an arch's edge at `u`: two wide curves that meet in the middle."""
    return np.asarray(top + 62 * np.abs(u / half) ** 3.4 + 9 * bell(u, 17), np.float32)


def _hang(u: Values, long: float, wide: float) -> Field:
    """Return how far the uvula hangs below the palate's edge at `u`."""
    return np.asarray(long * np.exp(-((u / wide) ** 4)) + 6 * bell(u, 14), np.float32)


def _behind(v: Values, edge: Values) -> Field:
    """Return how far a place lies behind an edge that is a height at each column; negative in front."""
    down, across = np.gradient(v - edge)
    return np.asarray((v - edge) / np.hypot(down, across), np.float32)


def _set_back(canvas: Canvas, back: Field, colour: RGB) -> None:
    """Set a part back in the shadow of its edge, and round the edge."""
    blurred = blur(back)
    canvas.lift(4 * np.minimum(blurred, 0.5) * (1 - back))
    canvas.height *= 1 - 0.8 * back
    canvas.height = soften(canvas.height, 3)
    canvas.gloss *= 1 - 0.5 * back
    canvas.paint(colour, 0.92 * back)
    canvas.shade *= 1 - 0.55 * back * (1 - blurred)


def _vessels(canvas: Canvas, u: Values, v: Values) -> None:
    """Let a few fine vessels show through the palate."""
    lines = bell(canvas.noise(9), 0.035) * np.clip(canvas.noise(5), 0, 1) * (1 - canvas.hollow)
    canvas.paint(rgb(178, 52, 58), 0.3 * lines * step(np.hypot(u, v) - 60, 30))


def finish_throat(canvas: Canvas) -> None:
    """Bring tongue, teeth and lips in front."""
    x = canvas.centre.x
    top = canvas.uniform(146, 156) + 0.0028 * np.square(canvas.x - x)
    tongue = step((top - canvas.y).astype(np.float32), 3)
    papillae = canvas.noise(60)
    canvas.height *= 1 - tongue
    canvas.shade += tongue * (1 - canvas.shade)
    canvas.paint(mix(canvas.tone.gum, rgb(218, 132, 128), 0.5), tongue)
    canvas.paint(rgb(240, 214, 206), 0.35 * tongue * np.clip(0.4 + papillae, 0, 1))
    canvas.lift(tongue * (9 * np.sqrt(np.clip((canvas.y - top) / 30, 0, 1)) + 0.5 * papillae))
    canvas.shade *= 1 - 0.22 * tongue * bell(canvas.x - x, 4)
    u, v = (canvas.x - 96) / 100, (canvas.y - 98) / 104
    lips = (np.hypot(u, v) - 1).astype(np.float32) * 90
    _teeth(canvas)
    canvas.paint(canvas.tone.lip, step(-lips + 2, 4))
    canvas.paint(canvas.tone.skin, step(-lips + 24, 6))
    canvas.lift(6 * bell(lips - 12, 9))


def _teeth(canvas: Canvas) -> None:
    """Show the edge of the upper teeth."""
    low = canvas.uniform(16, 24) - 0.0022 * np.square(canvas.x - 96)
    phase = np.mod(canvas.x - 96, 30) / 30 - 0.5
    edge = canvas.y - low + 3 * np.abs(phase) ** 2 * 8
    canvas.shade *= 1 - 0.3 * bell(edge - 3, 5)
    teeth = step(edge.astype(np.float32), 2)
    canvas.height *= 1 - teeth
    canvas.paint(rgb(240, 232, 212), teeth)
    canvas.paint(rgb(120, 80, 70), 0.5 * teeth * bell(np.abs(phase) - 0.5, 0.05))


def _tonsils(canvas: Canvas, size: float, colour: RGB) -> list[tuple[Point, float, Field]]:
    """Let a tonsil bulge from each side, half hidden by the front arch; return place, radius and mask of each."""
    found = []
    for side in (-1, 1):
        radius = size * canvas.uniform(0.92, 1.1)
        place = Point(canvas.centre.x + side * (66 - 0.85 * radius), canvas.centre.y + canvas.uniform(38, 46))
        edge = np.hypot((canvas.x - place.x) * 1.15, (canvas.y - place.y) / 1.3) - radius + 3 * canvas.noise(8)
        bulge = step(edge, 4) * canvas.hollow
        canvas.shade *= 1 - 0.34 * bell(edge - 3, 4) * canvas.hollow * (1 - bulge)
        canvas.height *= 1 - bulge
        canvas.shade += 0.75 * bulge * (1 - canvas.shade)
        canvas.paint(colour, 0.92 * bulge)
        pits = bell(canvas.noise(13) - 0.5, 0.16) * bulge
        canvas.paint(mix(colour, (0.2, 0.02, 0.05), 0.6), 0.45 * pits)
        canvas.lift(soften(10 * np.sqrt(np.clip(-edge / radius, 0, 1)) * bulge, 2) + 1.5 * canvas.noise(14) * bulge)
        canvas.wet(0.6 * bulge)
        found.append((place, radius, bulge))
    return found


def _flush(canvas: Canvas, strength: float) -> None:
    """Redden arches, uvula and wall, less toward the hard palate."""
    v = canvas.y - canvas.centre.y
    near = step(-v - 18 + 8 * canvas.noise(4), 50) * np.clip(0.85 + 0.3 * canvas.noise(7), 0, 1)
    canvas.paint(mix(_RED, rgb(150, 30, 46), canvas.tone.depth), np.float32(strength) * near)


def spotted_tonsils(canvas: Canvas) -> None:
    """Big red tonsils on both sides with irregular whitish spots."""
    _flush(canvas, 0.35)
    red = mix(_RED, rgb(160, 44, 54), canvas.tone.depth)
    for place, radius, bulge in _tonsils(canvas, canvas.uniform(26, 31), red):
        inner = np.hypot((canvas.x - place.x) * 1.15, (canvas.y - place.y) / 1.3) - radius * 0.9
        patchy = canvas.noise(26) + 0.4 * canvas.noise(50) + 0.25 * canvas.noise(8)
        spots = step(0.6 - patchy, 0.75) * bulge * step(inner, 8)
        canvas.paint(_COATING, 0.92 * spots)
        canvas.lift(1.2 * soften(spots))


def red_throat(canvas: Canvas) -> None:
    """Arches, uvula and wall diffusely red, tonsils little enlarged and free of spots."""
    _tonsils(canvas, canvas.uniform(17, 22), rgb(186, 62, 64))
    _flush(canvas, canvas.uniform(0.55, 0.72))
    fine = bell(canvas.noise(12), 0.05) * np.clip(0.3 + canvas.noise(5), 0, 1) * step(20 - canvas.y, 30)
    canvas.paint(rgb(150, 14, 28), 0.25 * fine)
    canvas.wet(0.7 * canvas.hollow)
