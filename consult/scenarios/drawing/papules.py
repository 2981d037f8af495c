"""Raised lesions of skin: wheals, blisters, acne, papules, warts, the stuck-on plaque and the abscess."""

from __future__ import annotations

import numpy as np

from .bumps import PUS, crust, papule, plug, pustule, vesicle, whitehead
from .canvas import SIDE, Canvas, Cells, Field, Point, bell, dome, soften, step
from .nuisance import scatter
from .patches import redden
from .tones import mix, rgb


def wheals(canvas: Canvas) -> None:
    """Smooth swollen wheals of rounded, often merging outlines: pink at the edge, paler in the middle, in a flare."""
    distance, size = _wheal_outline(canvas)
    redden(canvas, step(distance - 8, 30), 0.42)
    canvas.paint(mix(canvas.tone.skin, canvas.tone.inflamed, 0.55), 0.85 * step(distance, 9))
    pale = mix(canvas.tone.skin, (1.0, 0.88, 0.82), 0.30 - 0.20 * canvas.tone.depth)
    centre = step(distance + 0.75 * size + 0.35 * size * canvas.noise(8), 1.1 * size)
    canvas.paint(pale, 0.8 * centre)
    rise = 1 - np.exp(np.minimum(distance - 1, 0) / 9)
    canvas.height *= 1 - 0.3 * step(distance, 4)
    canvas.lift(soften(np.asarray((4.2 + 0.7 * canvas.noise(14) + 0.3 * canvas.noise(34)) * rise, np.float32), 5))
    canvas.wet(0.08 * step(distance, 6))


def _wheal_outline(canvas: Canvas) -> tuple[Field, float]:
    """Return the distance to wheals that each consist of a few merging rounds, and their radius."""
    size, sum_of_rounds = canvas.uniform(13, 19), np.zeros((SIDE, SIDE), np.float32)
    x = canvas.x + 5 * canvas.noise(6) + 0.8 * canvas.noise(18)
    y = canvas.y + 5 * canvas.noise(6) + 0.8 * canvas.noise(18)
    for place in canvas.places(canvas.count(4, 7), 2.1 * size, canvas.room * 1.2):
        way, big = canvas.uniform(0, 2 * np.pi), canvas.uniform(0.4, 1.0)
        for part in range(canvas.count(1, 4)):
            turn, far = way + canvas.rng.normal(0, 0.6), 1.1 * big * size * part
            r = np.hypot(x - place.x - far * np.cos(turn), y - place.y - far * np.sin(turn))
            sum_of_rounds += bell(r, big * size * canvas.uniform(0.7, 1.0))
    level = np.sqrt(-2 * np.log(np.clip(sum_of_rounds, 1e-6, 0.999)))
    return np.asarray((level - 1.15) * size, np.float32), size


def grouped_vesicles(canvas: Canvas) -> None:
    """One tight cluster of blisters on an inflamed base."""
    radius = canvas.room * canvas.uniform(0.42, 0.56)
    base = canvas.blob(canvas.centre, radius * 1.1, 0.18, 1.2)
    redden(canvas, step(base - 2, 16), 1.0)
    canvas.lift(3 * step(base, 20))
    for place in canvas.places(canvas.count(16, 26), 7.2, radius * 0.92):
        vesicle(canvas, place, canvas.uniform(3.0, 5.8), 0.5)


def vesicle_band(canvas: Canvas) -> None:
    """Groups of blisters strung along one line across the skin."""
    turn, bow = canvas.uniform(-0.7, 0.7), canvas.uniform(-0.003, 0.003)
    dx, dy = canvas.x - canvas.centre.x, canvas.y - canvas.centre.y
    u, v = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    across = v - bow * u * u
    half = canvas.uniform(15, 21)
    band = step((np.abs(across) - half + 9 * canvas.noise(7)).astype(np.float32), 12)
    redden(canvas, band * np.clip(0.85 + 0.5 * canvas.noise(6), 0.25, 1), 0.95)
    for along in np.arange(-92, 96, canvas.uniform(21, 26)):
        for _ in range(canvas.count(4, 6)):
            s, t = along + canvas.rng.normal(0, 6), canvas.rng.normal(0, half * 0.42)
            t += bow * s * s
            x = canvas.centre.x + s * np.cos(turn) - t * np.sin(turn)
            y = canvas.centre.y + s * np.sin(turn) + t * np.cos(turn)
            vesicle(canvas, Point(float(x), float(y)), canvas.uniform(3.0, 4.8), 0.3)


def scattered_vesicles(canvas: Canvas) -> None:
    """Dewdrop blisters, papules and crusts side by side, spread over all the skin."""
    for place in scatter(canvas, canvas.count(16, 24), 23):
        stage = canvas.uniform(0, 1)
        if stage < 0.55:
            petal = canvas.spot(place, 16, 0.25)
            canvas.paint(canvas.tone.inflamed, 0.6 * step(petal.r - 9, 7), petal.at)
            vesicle(canvas, place, canvas.uniform(4.2, 6.2), 0.9)
        elif stage < 0.76:
            papule(canvas, place, canvas.uniform(4, 5.5))
        else:
            crust(canvas, place, canvas.uniform(3.8, 5.5))


def comedones_pustules(canvas: Canvas) -> None:
    """Blackheads, whiteheads, papules and pustules on oily skin."""
    canvas.wet(np.full((SIDE, SIDE), 0.28, np.float32))
    redden(canvas, step(canvas.blob(canvas.centre, canvas.room, 0.4), 40), 0.22)
    for place in scatter(canvas, canvas.count(26, 36), 13):
        kind = canvas.uniform(0, 1)
        if kind < 0.34:
            plug(canvas, place, canvas.uniform(1.6, 2.5))
        elif kind < 0.52:
            whitehead(canvas, place, canvas.uniform(2.0, 2.8))
        elif kind < 0.72:
            papule(canvas, place, canvas.uniform(4.5, 7))
        else:
            pustule(canvas, place, canvas.uniform(5.5, 8))


def follicular_papules(canvas: Canvas) -> None:
    """Many tiny rough bumps in the even spacing of hair follicles."""
    grid = canvas.cells(canvas.uniform(10.5, 12.5), jitter=0.55)
    area = step(canvas.blob(canvas.centre, 88, 0.3), 40) * (grid.draw > 0.10)
    canvas.paint(canvas.tone.inflamed, 0.60 * area * bell(grid.near, 2.9))
    bump = dome(grid.near, 3.2) * area
    canvas.lift(2.3 * bump * (0.4 + 0.9 * grid.draw))
    canvas.paint(mix(canvas.tone.scale, canvas.tone.skin, 0.25), 0.8 * step(grid.near - 0.9, 1.4) * area)


def umbilicated_papules(canvas: Canvas) -> None:
    """Smooth pearly domes with a dimple in the middle."""
    pearl = mix(canvas.tone.skin, (1.0, 0.86, 0.80), 0.55 - 0.26 * canvas.tone.depth)
    for place in canvas.places(canvas.count(6, 10), 29, canvas.room * 1.1):
        radius = canvas.uniform(7.5, 12.5)
        spot = canvas.spot(place, radius * 1.9, 0.04)
        canvas.paint(canvas.tone.flare, 0.3 * bell(spot.r - radius, 2.5), spot.at)
        canvas.paint(pearl, 0.9 * step(spot.r - radius, 2.2), spot.at)
        canvas.lift(soften(0.55 * radius * dome(spot.r, radius)) - 0.2 * radius * bell(spot.r, radius * 0.17), spot.at)
        canvas.wet(0.6 * step(spot.r - radius, 2), spot.at)
        dimple = step(spot.r - radius * 0.27, 2.2)
        canvas.paint(mix(canvas.tone.dark, canvas.tone.inflamed, 0.35), 0.32 * dimple, spot.at)
        canvas.paint((1, 0.97, 0.92), 0.55 * step(spot.r - radius * 0.12, 1.8), spot.at)


def verrucous_papules(canvas: Canvas) -> None:
    """Rough, cauliflower-like growths with black dots."""
    number = canvas.count(1, 3)
    for place in canvas.places(number, 54, canvas.room * (0.25 if number == 1 else 0.85)):
        radius = canvas.uniform(19, 24) if number > 1 else canvas.uniform(27, 36)
        distance = canvas.blob(place, radius, 0.16, 1.15)
        growth = step(distance, 3)
        lobes = canvas.cells(canvas.uniform(6, 7.5))
        gap = canvas.warp(lobes.gap, 1.5, 24)
        canvas.paint(mix(canvas.tone.skin, rgb(206, 172, 138), 0.4 - 0.12 * canvas.tone.depth), 0.9 * growth)
        canvas.paint(mix(canvas.tone.dark, (0.1, 0.06, 0.05), 0.3), 0.45 * step(gap - 0.7, 2) * growth)
        canvas.paint(canvas.tone.scale, 0.45 * step(lobes.near - 1.5, 3) * growth)
        canvas.lift(growth * (0.22 * radius * np.clip(-distance / radius, 0, 1) + 2.2 * dome(lobes.near, 5.5)))
        _dots(canvas, place, radius)


def _dots(canvas: Canvas, place: Point, radius: float) -> None:
    """Stipple the clotted vessels of a wart."""
    kept, canvas.centre = canvas.centre, place
    for dot in canvas.places(canvas.count(6, 10), 5, radius * 0.72):
        spot = canvas.spot(dot, 5)
        canvas.paint(rgb(52, 22, 20), 0.8 * step(spot.r - canvas.uniform(0.8, 1.6), 1.8), spot.at)
    canvas.centre = kept


def stuck_on_plaque(canvas: Canvas) -> None:
    """Brown waxy plaque, sharply edged as if stuck on, with horn cysts."""
    radius = canvas.room * canvas.uniform(0.46, 0.66)
    distance = canvas.blob(canvas.centre, radius, 0.15, canvas.uniform(1, 1.4))
    plaque = step(distance, 2.2)
    brown = mix(rgb(156, 108, 70), rgb(52, 34, 26), canvas.uniform(0.05, 0.35) + 0.5 * canvas.tone.depth)
    canvas.shade *= 1 - 0.16 * bell(distance - 2, 2.2)
    canvas.paint(brown, plaque * np.float32(0.96))
    folds = np.abs(canvas.noise(20))
    canvas.tint((0.35 * np.clip(folds, 0, 0.6) - 0.12 + 0.12 * canvas.noise(7)) * plaque)
    surface = 1.8 * np.clip(folds, 0, 0.5) + 0.5 * canvas.noise(52)
    canvas.lift(plaque * (3.2 * np.sqrt(np.clip(-distance / 8, 0, 1)) + surface))
    canvas.wet(0.25 * plaque)
    for place in canvas.places(canvas.count(9, 16), 8, radius * 0.75):
        spot = canvas.spot(place, 7)
        pale = canvas.chance(0.6)
        cyst = mix(brown, rgb(224, 202, 152), 0.6) if pale else mix(brown, rgb(26, 16, 12), 0.8)
        canvas.paint(cyst, 0.85 * step(spot.r - canvas.uniform(0.9, 2.2), 2), spot.at)
        canvas.lift((0.8 if pale else -1.5) * dome(spot.r, 3), spot.at)


def violaceous_papules(canvas: Canvas) -> None:
    """Flat-topped, polygonal, shiny violet papules, some merged, with a faint net of white lines."""
    distance, grid = _mosaic(canvas)
    violet = mix(rgb(172, 98, 134), rgb(70, 42, 54), min(1.0, 0.05 + 1.0 * canvas.tone.depth))
    flat = step(distance, 4)
    canvas.paint(canvas.tone.flare, 0.35 * step(distance - 3, 10))
    canvas.paint(violet, flat * np.float32(0.8))
    canvas.tint((0.18 * (grid.draw - 0.5) + 0.10 * canvas.noise(24)) * flat)
    canvas.height *= 1 - 0.5 * flat
    canvas.lift(soften(1.5 * step(distance + 1, 4)))
    net = np.minimum(np.abs(canvas.noise(30)), np.abs(canvas.noise(42)) * 1.3)
    striae = bell(net, 0.06) * np.clip(0.6 + canvas.noise(10), 0, 1) * step(distance + 2, 3)
    canvas.paint(mix(violet, (1.0, 0.95, 0.97), 0.7), 0.6 * striae)
    canvas.lift(0.35 * canvas.noise(34) * flat)
    canvas.wet(0.8 * flat * np.clip(0.5 + 0.6 * canvas.noise(9), 0, 1))


def _mosaic(canvas: Canvas) -> tuple[Field, Cells]:
    """Return the distance to polygonal papules, dense near the centre, and the cells that bound them."""
    grid = canvas.cells(canvas.uniform(18, 23), jitter=0.8)
    far = np.hypot(canvas.x - canvas.centre.x, canvas.y - canvas.centre.y) / canvas.room
    radius = (7.5 + 6.5 * grid.draw) * np.clip(1.35 - 0.9 * far, -1, 1)
    distance = np.maximum(0.85 * (grid.near - radius), 1.4 - 0.55 * grid.gap) + 1.1 * canvas.noise(22)
    kept = np.mod(grid.draw * 7.13, 1) > 0.25
    return soften(np.where(kept, distance, 9).astype(np.float32), 2), grid


def swelling_with_point(canvas: Canvas) -> None:
    """Large, hot, tense swelling that points yellow."""
    radius = canvas.room * canvas.uniform(0.62, 0.8)
    distance = canvas.blob(canvas.centre, radius, 0.08, 1.15)
    redden(canvas, step(distance - 6, radius * 0.9), 0.65)
    redden(canvas, step(distance + radius * 0.25, radius * 0.9), 1.0)
    heart = np.clip(-distance / radius, 0, 1)
    deep = mix(canvas.tone.inflamed, (0.45, 0.02, 0.10), 0.35 - 0.2 * canvas.tone.depth)
    canvas.paint(deep, 0.7 * step(0.5 - heart, 0.6))
    canvas.lift(0.30 * radius * np.square(np.sin(np.pi / 2 * np.clip(0.22 - distance / radius, 0, 1))))
    canvas.wet(0.4 * step(distance + 6, 20))
    point = Point(canvas.centre.x + canvas.uniform(-9, 9), canvas.centre.y + canvas.uniform(-9, 9))
    head = canvas.uniform(5.5, 9)
    spot = canvas.spot(point, head * 2.5, 0.15)
    canvas.paint(mix(PUS, rgb(255, 248, 214), 0.3), 0.55 * step(spot.r - head * 1.2, head), spot.at)
    canvas.paint(PUS, 0.95 * step(spot.r - head * 0.8, 4.5), spot.at)
    canvas.lift(soften(2.2 * dome(spot.r, head), 2), spot.at)
    canvas.wet(0.7 * step(spot.r - head, 3), spot.at)
