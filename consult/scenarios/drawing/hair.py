"""Hair: of the body, of the scalp around a parting, and the short tapered hair of lids and brows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import SIDE, Canvas, Field, bell, step
from .tones import RGB, mix, rgb

Path = NDArray[np.float64]

_COLOURS = (rgb(34, 26, 24), rgb(62, 44, 32), rgb(104, 74, 48), rgb(150, 112, 70), rgb(142, 136, 130))


def tapered(canvas: Canvas, x: Path, y: Path, thick: float = 1.0) -> Field:
    """Return the ink of hairs that are thick at the root and fine at the tip.

    Args:
        canvas: what they are drawn on.
        x: (points, hairs), from root to tip, points under a pixel apart.
        y: the same for y.
        thick: width at the root in pixels.
    """
    along = np.linspace(0, 1, len(x))[:, None]
    slope_x, slope_y = np.gradient(x, axis=0), np.gradient(y, axis=0)
    length = np.hypot(slope_x, slope_y) + 1e-6
    paths, weights = [], []
    for side in (-0.5, 0.0, 0.5):
        offset = side * thick * (1 - along)
        points = np.stack((x - offset * slope_y / length, y + offset * slope_x / length), axis=-1)
        paths.append(points.reshape(-1, 2))
        weights.append(np.broadcast_to((1.1 - along) * length * 0.62, x.shape).ravel())
    return canvas.strokes(paths, weights=np.concatenate(weights))


def body_hair(canvas: Canvas) -> None:
    """Grow a few fine hairs, all about one way, each bent and thinner toward its tip."""
    number, turn = canvas.count(14, 44), canvas.uniform(0, 2 * np.pi)
    along = np.linspace(0, 1, 44)[:, None]
    x, y = canvas.rng.uniform(0, SIDE, (2, number))
    flow = turn + 0.7 * canvas.noise(2)[y.astype(int), x.astype(int)] + canvas.rng.normal(0, 0.22, number)
    heading = flow + canvas.rng.normal(0, 0.7, number) * along
    length = canvas.rng.uniform(9, 24, number) / len(along)
    across, down = np.cumsum(np.cos(heading) * length, 0), np.cumsum(np.sin(heading) * length, 0)
    ink = tapered(canvas, x + across, y + down, 0.5)
    colour = mix(canvas.tone.dark, (0.08, 0.06, 0.05), 0.6)
    canvas.paint(colour, ink * np.float32(canvas.uniform(0.35, 0.6)))


def scalp_hair(canvas: Canvas) -> None:
    """Part the hair over the lesion: strands leave the parting on both sides, a few cross it."""
    turn = canvas.uniform(0, np.pi)
    colour = _COLOURS[canvas.count(0, 4)] if canvas.tone.depth < 0.5 else _COLOURS[0]
    bare = _parting(canvas, turn)
    _mass(canvas, bare, colour)
    roots, side = _roots(canvas, turn)
    for part, shade in enumerate((-0.35, 0.0, 0.22)):
        chosen = slice(part, None, 3 if canvas.tone.depth < 0.5 else 4)
        ink = _strands(canvas, roots[chosen], side[chosen], turn)
        target = (1.0, 0.92, 0.80) if shade > 0 else (0.03, 0.02, 0.02)
        canvas.paint(mix(colour, target, abs(shade)), ink * np.float32(0.62))
        canvas.lift(0.5 * ink)
        canvas.gloss *= 1 - 0.7 * ink


def _axes(canvas: Canvas, turn: float) -> tuple[Field, Field]:
    """Return the distance along the parting and the distance across it."""
    dx, dy = canvas.x - canvas.centre.x, canvas.y - canvas.centre.y
    along = dx * np.cos(turn) + dy * np.sin(turn)
    return along.astype(np.float32), (dy * np.cos(turn) - dx * np.sin(turn)).astype(np.float32)


def _width(along: Path | Field) -> Path | Field:
    """Return half the width of the bare strip at a place along the parting."""
    return 7 + 34 * np.exp(-0.5 * np.square(along / 38))


def _parting(canvas: Canvas, turn: float) -> Field:
    """Return how far each pixel lies outside the bare strip, in pixels; negative inside."""
    along, across = _axes(canvas, turn)
    return np.asarray(np.abs(across + 4 * canvas.noise(4)) - _width(along), np.float32)


def _mass(canvas: Canvas, bare: Field, colour: RGB) -> None:
    """Cover the skin away from the parting with the darkness under the hair, and dot the strip with roots."""
    stubble = canvas.cells(4.6)
    dots = step(stubble.near - 0.6, 1.2) * step(-bare - 22, 24) * (stubble.draw > 0.3)
    canvas.paint(mix(colour, canvas.tone.dark, 0.3), (0.55 * dots).astype(np.float32))
    deep = step(-bare + 9 + 5 * canvas.noise(20), 22)
    canvas.paint(mix(colour, (0.03, 0.02, 0.02), 0.55), 0.86 * deep)
    canvas.gloss *= 1 - deep
    canvas.height *= 1 - 0.8 * deep
    canvas.shade *= 1 - 0.18 * bell(bare - 2, 7)


def _roots(canvas: Canvas, turn: float) -> tuple[Path, Path]:
    """Draw the roots of the strands, most of them beside the parting, and each one's side of it."""
    number = 900
    along = canvas.rng.uniform(-120, 120, number)
    side = np.where(canvas.rng.uniform(0, 1, number) < 0.5, -1.0, 1.0)
    away = _width(along) - 5 + canvas.rng.gamma(1.1, 28, number)
    across = side * away
    stray = canvas.rng.uniform(0, 1, number) < 0.02
    across[stray] *= 0.4
    x = canvas.centre.x + along * np.cos(turn) - across * np.sin(turn)
    y = canvas.centre.y + along * np.sin(turn) + across * np.cos(turn)
    near = (np.abs(x - SIDE / 2) < SIDE / 2 + 40) & (np.abs(y - SIDE / 2) < SIDE / 2 + 40)
    return np.stack((x, y), axis=1)[near], side[near]


def _strands(canvas: Canvas, roots: Path, side: Path, turn: float) -> Field:
    """Return the ink of strands that flow away from the parting; tight coils on the darkest skin."""
    length = 46.0
    along = np.linspace(0, 1, 50 if canvas.tone.depth < 0.5 else 100)[:, None]
    lean = canvas.rng.normal(0.45, 0.16, len(roots))
    bend = canvas.rng.normal(0, 0.25 + 0.4 * canvas.tone.depth, len(roots))
    heading = turn + side * (np.pi / 2 - lean + bend * along)
    pace = length * canvas.rng.uniform(0.6, 1.2, len(roots)) / len(along)
    x = roots[:, 0] + np.cumsum(np.cos(heading) * pace, axis=0)
    y = roots[:, 1] + np.cumsum(np.sin(heading) * pace, axis=0)
    coil = 2.6 * np.clip(2 * canvas.tone.depth - 0.8, 0, 1)
    phase = canvas.rng.uniform(0, 2 * np.pi, len(roots)) + 24 * along * canvas.rng.uniform(0.8, 1.2, len(roots))
    x, y = x + coil * np.cos(phase), y + coil * np.sin(phase)
    return canvas.strokes([np.stack((x.ravel(), y.ravel()), axis=1)])
