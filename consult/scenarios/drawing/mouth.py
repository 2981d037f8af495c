"""Teeth and gums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .canvas import SIDE, Canvas, Field, Values, bell, soften, step
from .tones import mix, rgb


class Arch(NamedTuple):
    """A row of teeth: gum above, biting edge below (the picture may be turned over)."""

    place: Field
    """Across one tooth, -1..1 from gap to gap."""
    tooth: Field
    """Number of the tooth at each pixel."""
    pitch: float
    """Width of a tooth."""
    margin: Field
    """y of the gum's edge."""
    bite: Field
    """y of the biting edge."""
    crown: Field
    """The teeth, 0..1."""
    down: Field
    """y, growing from gum to biting edge."""


def _arch(canvas: Canvas, gum: float, swell: float = 0.0, gap: float = 0.0, scallop: float = 11.0) -> Arch:
    """Draw gum, teeth and the dark of the mouth.

    Args:
        canvas: what to draw on.
        gum: y of the gum's edge at a tooth's middle.
        swell: how far the papillae between the teeth bulge down, in pixels.
        gap: black triangle between the teeth, as a share of half a tooth.
        scallop: how much lower the gum stands between the teeth.
    """
    turned = canvas.chance(0.4)
    down = SIDE - canvas.y if turned else canvas.y
    pitch, start = canvas.uniform(36, 46), canvas.uniform(-40, 0)
    along = (canvas.x - start) / pitch + 0.03 * canvas.noise(4)
    tooth = np.floor(along)
    place = ((along - tooth) * 2 - 1).astype(np.float32)
    offset = _jitter(canvas, tooth, 3.0)
    arc = 6 * np.square((canvas.x - 96) / 96)
    margin = gum + arc + offset + (scallop + swell) * np.square(np.sin(np.pi / 2 * np.abs(place) ** 1.5))
    bite = canvas.uniform(150, 158) + arc * 0.4 + _jitter(canvas, tooth, 3.0) - 6 * np.abs(place) ** 5
    between = (1 - np.abs(place)) * pitch / 2 - 0.8
    taper = gap * pitch / 2 * np.clip((margin + 42 - down) / 42, 0, 1)
    edge = np.maximum(np.maximum(margin - down, down - bite), taper - between)
    crown = step(edge.astype(np.float32), 2.2)
    _cavity(canvas, down)
    _gum(canvas, down, margin.astype(np.float32))
    _crowns(canvas, crown, place, margin, bite, down)
    return Arch(place, tooth, pitch, margin.astype(np.float32), bite.astype(np.float32), crown, down.astype(np.float32))


def _jitter(canvas: Canvas, tooth: Values, amount: float) -> Field:
    """Return a random offset for each tooth."""
    table = canvas.rng.uniform(-amount, amount, 16).astype(np.float32)
    return np.asarray(table[np.clip(tooth + 2, 0, 15).astype(np.intp)], np.float32)


def _cavity(canvas: Canvas, down: Values) -> None:
    """Darken the mouth behind the teeth, and draw the other lip."""
    canvas.colour[:] = np.asarray(rgb(62, 20, 24), np.float32)[:, None, None]
    canvas.height[:] = 0
    lip = 176 + 3 * canvas.noise(3)
    canvas.paint(canvas.tone.lip, step((lip - down).astype(np.float32), 6))
    canvas.lift(8 * np.clip((down - lip) / 14, 0, 1))
    canvas.wet(0.6 * step((lip - down).astype(np.float32), 6))


def _gum(canvas: Canvas, down: Values, margin: Values) -> None:
    """Draw the gum: stippled, moist, darker toward the cheek, pigmented on dark skin."""
    gum = step(down - margin, 2.0)
    canvas.paint(canvas.tone.gum, gum)
    canvas.paint(mix(canvas.tone.gum, rgb(176, 60, 70), 0.5), 0.8 * gum * np.clip((50 - down) / 40, 0, 1))
    pigment = np.clip(canvas.noise(9) + 0.2, 0, 1) * bell(margin - down - 22, 10)
    canvas.paint(rgb(92, 52, 56), np.float32(0.85 * max(0.0, canvas.tone.depth - 0.3)) * pigment * gum)
    canvas.tint(0.04 * canvas.noise(7) * gum)
    canvas.lift(gum * (4 * np.sqrt(np.clip((margin - down) / 8, 0, 1)) + 0.15 * canvas.noise(44)))
    canvas.wet(0.6 * gum)


def _crowns(canvas: Canvas, crown: Values, place: Values, margin: Values, bite: Values, down: Values) -> None:
    """Draw the teeth: ivory, rounded, translucent at the edge."""
    ivory = mix(rgb(246, 240, 224), rgb(236, 222, 190), canvas.uniform(0, 0.8))
    canvas.height *= 1 - crown
    canvas.paint(ivory, crown)
    canvas.paint(rgb(226, 200, 150), 0.30 * crown * bell(down - margin, 10))
    canvas.paint(rgb(206, 214, 220), 0.35 * crown * bell(down - bite, 8))
    canvas.shade *= 1 - 0.30 * crown * np.abs(place) ** 3.5
    canvas.shade *= 1 - 0.18 * crown * bell(down - margin, 3)
    streak = bell(place + 0.28, 0.12) * bell(down - margin - 32, 15)
    canvas.paint((1, 1, 1), 0.6 * crown * streak)


def finish_mouth(canvas: Canvas) -> None:
    """Let the cheeks shade the sides."""
    canvas.shade *= 1 - 0.35 * np.square(np.abs(canvas.x - 96) / 96) ** 1.5


def tooth_cavity(canvas: Canvas) -> None:
    """One or two teeth with a brown-black hole."""
    arch = _arch(canvas, canvas.uniform(66, 76))
    middles = sorted({round(float(t)) for t in arch.tooth[0, 24:168:8]})
    chosen = canvas.rng.permutation(np.asarray(middles))[: canvas.count(1, 2)]
    for tooth in chosen.tolist():
        x = canvas.uniform(-0.35, 0.35)
        y = canvas.uniform(18, 44)
        near = np.hypot((arch.place - x) * arch.pitch / 2, (arch.down - arch.margin - y) * 0.9)
        near = near + 4 * canvas.noise(14) + 99 * (np.abs(arch.tooth - tooth) > 0.5)
        radius = canvas.uniform(9, 13.5)
        canvas.paint(rgb(150, 104, 56), 0.75 * arch.crown * step(near - radius - 3, 8))
        canvas.paint(rgb(58, 34, 20), 0.97 * arch.crown * step(near - radius, 4))
        canvas.paint(rgb(20, 10, 8), 0.9 * arch.crown * step(near - radius * 0.55, 4))
        canvas.lift(-4 * arch.crown * step(near - radius, 5))


def stained_tooth(canvas: Canvas) -> None:
    """One tooth with a brownish stain that has a soft edge and no hole."""
    arch = _arch(canvas, canvas.uniform(66, 76))
    middles = sorted({round(float(t)) for t in arch.tooth[0, 40:152:8]})
    tooth = middles[canvas.count(0, len(middles) - 1)]
    x, y = canvas.uniform(-0.4, 0.4), canvas.uniform(14, 46)
    near = np.hypot((arch.place - x) * arch.pitch / 2, (arch.down - arch.margin - y) * canvas.uniform(0.6, 0.95))
    near = near + 3.5 * canvas.noise(16) + 99 * (np.abs(arch.tooth - tooth) > 0.5)
    radius = canvas.uniform(6, 10)
    canvas.paint(rgb(240, 232, 206), 0.6 * arch.crown * step(near - radius - 5, 6))
    canvas.paint(rgb(168, 118, 62), 0.72 * arch.crown * step(near - radius, 9))
    canvas.paint(rgb(120, 76, 38), 0.55 * arch.crown * step(near - radius * 0.5, 6) * (0.8 + 0.4 * canvas.wobble))


def red_gums(canvas: Canvas) -> None:
    """Gum edge reddened and a little full, soft whitish plaque on the necks of the teeth, no hard deposit."""
    arch = _arch(canvas, canvas.uniform(68, 78), swell=canvas.uniform(2, 6))
    gum = step(arch.down - arch.margin, 2.0)
    rim = gum * bell(arch.margin - arch.down, canvas.uniform(9, 14)) * np.clip(0.8 + 0.4 * canvas.noise(7), 0, 1)
    canvas.paint(mix(rgb(200, 34, 50), rgb(150, 28, 50), canvas.tone.depth), 0.85 * rim)
    canvas.lift(2.2 * soften(rim, 3))
    depth = canvas.uniform(6, 11) + 7 * np.abs(arch.place) ** 2 + 6 * canvas.noise(12)
    plaque = step(arch.down - arch.margin - depth, 7) * arch.crown
    canvas.paint(rgb(230, 214, 170), 0.75 * plaque * np.clip(0.75 + 0.4 * canvas.noise(26), 0, 1))
    canvas.lift(0.6 * plaque * canvas.noise(36))
    canvas.gloss *= 1 - 0.7 * plaque


def tartar(canvas: Canvas) -> None:
    """Yellow-brown deposits along the gum and between the teeth."""
    arch = _arch(canvas, canvas.uniform(66, 76))
    depth = canvas.uniform(11, 17) + 8 * np.abs(arch.place) ** 2 + 6 * canvas.noise(14)
    stone = step(arch.down - arch.margin - depth, 4) * arch.crown
    canvas.paint(rgb(206, 160, 70), stone * np.float32(0.95))
    canvas.paint(rgb(118, 78, 34), 0.75 * stone * np.clip(canvas.noise(18) + 0.1, 0, 1))
    canvas.lift(stone * (3 + 1.3 * canvas.noise(40)))
    canvas.paint(rgb(196, 60, 66), 0.45 * bell(arch.down - arch.margin + 3, 3) * (1 - arch.crown))


def swollen_gums(canvas: Canvas) -> None:
    """Puffy, shining red gums that bleed at the margin, on teeth of normal length."""
    arch = _arch(canvas, canvas.uniform(74, 82), swell=canvas.uniform(14, 20))
    gum = step(arch.down - arch.margin, 2.0)
    level = np.float32(arch.margin.min() + 14)
    near = step(level - 42 - arch.down + 9 * canvas.noise(5), 74)
    canvas.paint(mix(rgb(196, 24, 42), rgb(150, 24, 50), canvas.tone.depth), 0.95 * gum * near)
    canvas.lift(12 * soften(gum, 18) * gum * near)
    canvas.wet(0.85 * gum)
    blood = bell(arch.down - arch.margin - 1, 2.4) * np.clip(0.3 + 1.3 * canvas.noise(9), 0, 1)
    canvas.paint(rgb(138, 4, 16), np.clip(0.95 * blood, 0, 1))
    drip = step(arch.down - arch.margin - 22 * np.clip(canvas.noise(16) - 0.35, 0, 1), 2.5) * arch.crown
    canvas.paint(rgb(158, 8, 20), 0.85 * drip)


def receding_gums(canvas: Canvas) -> None:
    """Gums drawn back: long teeth, bare yellow roots, gaps between them."""
    arch = _arch(canvas, canvas.uniform(28, 38), gap=canvas.uniform(0.24, 0.36), scallop=5)
    collar = arch.margin + canvas.uniform(32, 40) - 6 * np.abs(arch.place) ** 2
    root = step(arch.down - collar, 4) * arch.crown
    canvas.paint(rgb(214, 176, 112), root * np.float32(0.85))
    canvas.paint(rgb(142, 98, 54), 0.55 * bell(arch.down - collar, 1.6) * arch.crown)
    canvas.lift(-1.5 * soften(root))
    gum = step(arch.down - arch.margin, 2.0)
    canvas.paint(rgb(188, 46, 58), 0.6 * gum * bell(arch.margin - arch.down, 7))
