"""Pictures that several diagnoses share: what is seen is real, but it does not tell them apart."""

from __future__ import annotations

import numpy as np

from .bumps import papule, pustule, vesicle
from .canvas import SIDE, Canvas, Point, bell, dome, soften, step
from .patches import redden
from .tones import mix, rgb


def papulopustules(canvas: Canvas) -> None:
    """A few red papules, some with a small yellow head, on slightly red skin without comedones or vessels."""
    redden(canvas, step(canvas.blob(canvas.centre, canvas.room * 0.8, 0.35), 50), 0.16)
    places = canvas.places(canvas.count(6, 11), 20, canvas.room * 0.95)
    for number, place in enumerate(places):
        if number < 2 or canvas.chance(0.25):
            pustule(canvas, place, canvas.uniform(4, 5.5))
        else:
            papule(canvas, place, canvas.uniform(3.2, 5.8), canvas.uniform(0.55, 0.85))


def few_vesicles(canvas: Canvas) -> None:
    """A few small vesicles, loosely together on blurred red skin."""
    radius = canvas.room * canvas.uniform(0.4, 0.55)
    base = canvas.blob(canvas.centre, radius, 0.35, 1.3)
    redden(canvas, step(base, 26), 0.6)
    canvas.lift(1.2 * step(base, 24))
    for place in canvas.places(canvas.count(5, 8), 11, radius * 0.9):
        vesicle(canvas, place, canvas.uniform(2.6, 4.2), 0.5)


def small_papules(canvas: Canvas) -> None:
    """A few small, smooth papules in the colour of the skin."""
    colour = mix(mix(canvas.tone.skin, canvas.tone.flare, 0.18), (1.0, 0.92, 0.84), 0.14 - 0.06 * canvas.tone.depth)
    for place in canvas.places(canvas.count(7, 12), 17, canvas.room):
        radius = canvas.uniform(3.8, 6.2)
        spot = canvas.spot(place, radius * 2, 0.12)
        canvas.paint(canvas.tone.flare, 0.22 * bell(spot.r - radius, 2.2), spot.at)
        canvas.paint(colour, 0.85 * step(spot.r - radius, 2.6), spot.at)
        canvas.lift(0.42 * radius * soften(dome(spot.r, radius * 1.1)), spot.at)
        canvas.wet(0.25 * step(spot.r - radius, 2), spot.at)


def red_mucosa(canvas: Canvas) -> None:
    """A sore red area with a blurred edge, a little raw in places, without ulcer, lace or vesicles."""
    place = Point(canvas.centre.x, canvas.centre.y + 14)
    distance = canvas.blob(place, canvas.room * canvas.uniform(0.55, 0.75), 0.35, 1.4)
    area = step(distance, 24) * step(0.35 - soften(canvas.gloss, 2), 0.3) * np.clip(0.85 + 0.35 * canvas.noise(9), 0, 1)
    red = mix(rgb(190, 26, 40), rgb(112, 24, 38), canvas.tone.depth)
    canvas.paint(red, np.float32(0.72 * canvas.look.blush) * area)
    raw = step(0.4 - canvas.noise(12) - 0.3 * canvas.noise(30), 0.4) * step(distance + 8, 12) * area
    canvas.paint(mix(red, (0.45, 0.0, 0.05), 0.5), 0.55 * raw)
    canvas.lift(-0.8 * soften(raw) + 0.8 * canvas.noise(26) * area)
    canvas.wet(0.5 * raw)


def rough_brown_spot(canvas: Canvas) -> None:
    """One brownish spot with an uneven edge and a dry, slightly scaly surface."""
    distance = canvas.blob(canvas.centre, canvas.room * canvas.uniform(0.28, 0.42), 0.28, canvas.uniform(1, 1.5))
    spot = step(distance, 7)
    brown = mix(rgb(164, 110, 74), rgb(54, 34, 26), 0.04 + 0.8 * canvas.tone.depth)
    canvas.paint(canvas.tone.flare, 0.3 * canvas.look.blush * step(distance - 3, 12))
    canvas.paint(brown, 0.78 * spot * np.clip(0.8 + 0.35 * canvas.noise(16), 0.3, 1))
    grit = np.clip(0.3 + canvas.noise(46), 0, 1)
    canvas.lift(spot * (0.8 + 0.9 * grit))
    dry = step(0.25 - canvas.noise(15) - 0.3 * canvas.noise(50), 0.5) * step(distance + 3, 6)
    canvas.paint(mix(canvas.tone.scale, brown, 0.35), 0.5 * dry * grit)


def red_lump(canvas: Canvas) -> None:
    """One red, tender-looking lump with a blurred edge and no point, plug or scale."""
    radius = canvas.room * canvas.uniform(0.30, 0.46)
    distance = canvas.blob(canvas.centre, radius, 0.12, canvas.uniform(1, 1.3))
    redden(canvas, step(distance - 5, 28), 0.55)
    redden(canvas, step(distance + 0.4 * radius, 1.1 * radius), 0.7)
    rise = np.square(np.sin(np.pi / 2 * np.clip(0.3 - 0.9 * distance / radius, 0, 1)))
    canvas.lift(soften((0.34 * radius * rise).astype(np.float32), 3))
    canvas.wet(0.25 * step(distance + 4, 14))


def red_blotches(canvas: Canvas) -> None:
    """Several red blotches with blurred edges, hardly raised, without scale."""
    distance = np.full((SIDE, SIDE), 99, np.float32)
    for place in canvas.places(canvas.count(5, 8), 30, canvas.room * 1.1):
        part = canvas.blob(place, canvas.room * canvas.uniform(0.16, 0.36), 0.3, canvas.uniform(1, 1.5))
        distance = np.minimum(distance, part)
    blotch = step(soften(distance, 2), 16)
    redden(canvas, blotch * np.clip(0.8 + 0.3 * canvas.noise(16), 0, 1), 0.68)
    canvas.lift(soften(0.9 * blotch, 3))


def pale_patch(canvas: Canvas) -> None:
    """One paler patch with a blurred edge; the skin keeps some of its colour."""
    if canvas.tone.depth < 0.5:
        canvas.paint(mix(canvas.tone.skin, canvas.tone.dark, 0.26), np.ones((SIDE, SIDE), np.float32))
    distance = canvas.blob(canvas.centre, canvas.room * canvas.uniform(0.45, 0.62), 0.3, canvas.uniform(1, 1.5))
    pale = step(distance, 30) * np.clip(0.85 + 0.2 * canvas.noise(12), 0, 1)
    colour = mix(canvas.tone.skin, (1.0, 0.93, 0.86), 0.34 - 0.02 * canvas.tone.depth)
    canvas.paint(colour, np.float32(0.85) * pale)
    canvas.lift(0.25 * canvas.noise(50) * pale)
