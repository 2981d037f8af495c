"""Flat and thickened patches of skin: eczema-like, scaly, ringed, cracked, leathery, white, flushed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bumps import papule
from .canvas import SIDE, Canvas, Field, Point, Values, bell, dome, soften, step
from .tones import RGB, mix, rgb

HONEY = rgb(208, 156, 78)
SILVER = rgb(238, 236, 234)


def redden(canvas: Canvas, alpha: Values, strength: float = 1.0) -> None:
    """Inflame the skin: the colour of this skin type's inflammation, unevenly, `strength` 0..1."""
    uneven = np.clip(0.85 + 0.22 * canvas.wobble, 0, 1)
    canvas.paint(canvas.tone.inflamed, alpha * uneven * np.float32(strength * canvas.look.blush))


def flakes(canvas: Canvas, mask: Values, size: float, share: float, rgb: RGB, alpha: float, thick: float = 0.7) -> None:
    """Lay scale: plates of about `size` pixels on about `share` of the mask, lifted by `thick` pixels."""
    size *= canvas.look.flake
    plates = canvas.cells(size)
    clumps = plates.draw + 0.45 * canvas.noise(int(900 / (size * 12)) + 3)
    plate = step(0.9 - plates.gap, 1.3) * step(1 - share - clumps, 0.12) * mask
    canvas.paint(rgb, plate * (0.65 + 0.35 * plates.draw) * np.float32(alpha))
    canvas.lift(soften(plate * (0.5 + plates.draw)) * np.float32(thick))


def _island(canvas: Canvas, radius: float, ragged: float, parts: int) -> Field:
    """Return the distance to a patch grown together from `parts` blobs."""
    distance = canvas.blob(canvas.centre, radius, ragged, canvas.uniform(1, 1.5))
    for place in canvas.places(parts - 1, 5, radius * 0.8):
        distance = np.minimum(distance, canvas.blob(place, radius * canvas.uniform(0.45, 0.75), ragged))
    return distance


def scaly_patch(canvas: Canvas) -> None:
    """Ill-defined inflamed patch under fine dry scale."""
    distance = _island(canvas, canvas.room * canvas.uniform(0.5, 0.68), 0.3, 3)
    patch = step(distance, 30)
    redden(canvas, patch * np.clip(0.8 + 0.3 * canvas.noise(22), 0, 1), 0.85)
    grit = np.clip(canvas.noise(48), 0, 1) * patch
    canvas.paint(canvas.tone.inflamed, grit * np.float32(0.5))
    canvas.lift(grit * 1.2)
    flakes(canvas, step(distance + 5, 22), 4.2, 0.48, canvas.tone.scale, 0.62 + 0.15 * canvas.tone.depth, 0.5)


def _touched(canvas: Canvas) -> Field:
    """Return the distance to a rounded shape that a strap, a plaster or a brushing plant leaves on the skin."""
    turn = canvas.uniform(0, np.pi)
    dx, dy = canvas.x - canvas.centre.x, canvas.y - canvas.centre.y
    u = dx * np.cos(turn) + dy * np.sin(turn)
    v = dy * np.cos(turn) - dx * np.sin(turn) + canvas.uniform(-0.004, 0.004) * u * u
    long, wide = canvas.room * canvas.uniform(0.75, 1.05), canvas.room * canvas.uniform(0.17, 0.34)
    if canvas.chance(0.3):
        long = wide = canvas.room * canvas.uniform(0.48, 0.6)
    corner = 0.4 * min(long, wide)
    right, low = np.abs(u) - long + corner, np.abs(v) - wide + corner
    box = np.hypot(np.maximum(right, 0), np.maximum(low, 0)) + np.minimum(np.maximum(right, low), 0) - corner
    return np.asarray(box + 2.2 * canvas.wobble + 2.4 * canvas.noise(9) + 1.2 * canvas.noise(30), np.float32)


def oozing_patch(canvas: Canvas) -> None:
    """Sharply bounded weeping patch with tiny vesicles and honey crust; at times in the shape of what touched it."""
    touched = canvas.chance(0.4) and canvas.room > 45
    distance = _touched(canvas) if touched else _island(canvas, canvas.room * canvas.uniform(0.5, 0.62), 0.22, 3)
    patch = step(distance, 6)
    redden(canvas, step(distance - 4, 20), 0.35)
    redden(canvas, patch * np.clip(0.85 + 0.25 * canvas.noise(16), 0, 1), 0.9)
    canvas.lift(soften(patch * (2 + 0.6 * canvas.noise(20)), 2))
    blisters = canvas.cells(6.5)
    near = canvas.warp(blisters.near, 1.5)
    small = dome(near, 2.6) * (blisters.draw > 0.45) * step(distance + 3 - 5 * canvas.wobble, 6)
    canvas.lift(1.7 * small)
    canvas.paint(mix(canvas.tone.flare, (1, 0.90, 0.76), 0.4), 0.5 * small)
    weep = patch * np.clip(0.3 + canvas.noise(9), 0, 1)
    canvas.paint(mix(canvas.tone.inflamed, HONEY, 0.5), 0.35 * weep)
    crust = step(0.62 - canvas.noise(9) - 0.5 * canvas.noise(30), 0.5) * step(distance + 5, 8)
    canvas.paint(mix(HONEY, canvas.tone.dark, 0.1 + 0.4 * canvas.tone.depth), crust * np.float32(0.75))
    canvas.lift(crust * (0.9 + 0.6 * canvas.noise(46)))
    canvas.wet(np.maximum(0.85 * weep, np.maximum(0.8 * small, 0.3 * crust)))


def fissured_patch(canvas: Canvas) -> None:
    """Dry, dull, inflamed patch crossed by cracks."""
    distance = _island(canvas, canvas.room * canvas.uniform(0.6, 0.78), 0.18, 2)
    patch = step(distance, 14)
    redden(canvas, patch, 0.62)
    canvas.paint(canvas.tone.scale, 0.30 * patch * np.clip(0.6 + 0.5 * canvas.noise(20), 0, 1))
    plates = canvas.cells(canvas.uniform(26, 34), canvas.uniform(13, 17))
    gap = canvas.warp(plates.gap, 5)
    width = np.clip(0.2 + 2.0 * canvas.noise(7), -3, 1.5)
    inside = step(distance + 6, 8) * np.clip(0.7 + 1.2 * canvas.noise(6), 0, 1)
    crack = step(gap - width, 1.6) * inside
    margin = step(gap - width - 3, 2.5) * inside
    canvas.paint(canvas.tone.scale, margin * np.float32(0.35))
    blood = mix((0.38, 0.02, 0.04), (0.14, 0.02, 0.04), canvas.tone.depth)
    canvas.paint(mix(canvas.tone.inflamed, blood, 0.7), crack * np.float32(0.95))
    canvas.lift(np.minimum(gap, 4) * 0.32 * inside * step(-width, 2))


def silvery_plaque(canvas: Canvas) -> None:
    """Sharply bounded thick plaque under silver-white scale."""
    distance = _island(canvas, canvas.room * canvas.uniform(0.52, 0.7), 0.16, 2)
    patch = step(distance, 2.5)
    redden(canvas, patch, 1.0)
    canvas.lift(3.0 * step(distance + 3, 8))
    silver = mix(SILVER, canvas.tone.scale, 0.3 + 0.25 * canvas.tone.depth)
    inside = step(distance + canvas.uniform(5, 9), 5)
    canvas.paint(silver, 0.45 * inside * np.clip(0.7 + 0.6 * canvas.noise(14), 0, 1))
    flakes(canvas, inside, 8, 0.78, silver, 0.7, 0.4)
    flakes(canvas, inside, 4.4, 0.5, SILVER, 0.8, 0.5)
    canvas.gloss *= 1 - inside


def greasy_scale(canvas: Canvas) -> None:
    """Ill-defined faint patch under yellow, greasy flakes."""
    distance = _island(canvas, canvas.room * canvas.uniform(0.55, 0.75), 0.35, 3)
    patch = step(distance, 34)
    redden(canvas, patch, 0.5)
    canvas.paint(mix(rgb(226, 176, 92), canvas.tone.dark, 0.4 * canvas.tone.depth), 0.28 * patch)
    canvas.wet(0.45 * patch)
    wax = mix(rgb(238, 212, 146), rgb(150, 120, 76), 0.7 * canvas.tone.depth)
    flakes(canvas, step(distance + 4, 24), 9.5, 0.5, wax, 0.5, 0.3)
    flakes(canvas, step(distance + 4, 24), 5, 0.3, mix(wax, (1, 0.97, 0.85), 0.4), 0.5, 0.4)


def annular_patch(canvas: Canvas) -> None:
    """Rings with an active scaly edge and a clear centre."""
    number = 1 if canvas.chance(0.6) else 2
    radius = canvas.room * (canvas.uniform(0.55, 0.78) if number == 1 else canvas.uniform(0.40, 0.48))
    for place in canvas.places(number, radius * 1.7, 0.0 if number == 1 else canvas.room * 0.75):
        distance = canvas.blob(place, radius, 0.16, canvas.uniform(1, 1.3))
        width = canvas.uniform(0.27, 0.36) * radius
        band = step(distance, 3) * step(-distance - width, width * 1.2)
        canvas.paint(canvas.tone.dark, 0.12 * step(distance + width, 8))
        redden(canvas, 0.25 * step(distance - 2, 8), 0.8)
        redden(canvas, band * np.clip(0.85 + 0.4 * canvas.noise(14), 0, 1), 0.85)
        canvas.lift(1.5 * soften(band, 3))
        rim = step(np.abs(distance + 4) - 4.5, 4)
        beads = np.clip(canvas.noise(44), 0, 1) * band
        canvas.lift(1.2 * beads)
        flakes(canvas, rim, 3.4, 0.55, canvas.tone.scale, 0.75, 0.4)


def lichenified_plaque(canvas: Canvas) -> None:
    """Leathery thick plaque whose skin lines are deep."""
    distance = _island(canvas, canvas.room * canvas.uniform(0.62, 0.8), 0.16, 2)
    patch = step(distance, 18)
    brown = mix(canvas.tone.dark, canvas.tone.inflamed, 0.35)
    canvas.paint(brown, patch * np.float32(0.72))
    plates = canvas.cells(canvas.uniform(11, 14), canvas.uniform(8, 10), jitter=0.65)
    gap = canvas.warp(plates.gap, 3)
    canvas.lift(np.minimum(gap, 5) * 0.6 * step(distance + 3, 16))
    furrow = step(gap - 1.3, 2.2) * step(distance + 3, 14)
    canvas.paint(mix(brown, (0.08, 0.03, 0.03), 0.55), furrow * np.float32(0.75))
    canvas.tint(0.12 * (plates.draw - 0.4) * patch)
    canvas.wet(0.35 * patch)


def depigmented_patches(canvas: Canvas) -> None:
    """Chalk-white patches with sharp, outward-bulging edges."""
    if canvas.tone.depth < 0.5:
        canvas.paint(mix(canvas.tone.skin, canvas.tone.dark, 0.38), np.full((SIDE, SIDE), 1, np.float32))
        canvas.tint(0.03 * canvas.noise(12))
    distance = np.full((SIDE, SIDE), 99, np.float32)
    for place in canvas.places(canvas.count(3, 6), canvas.room * 0.42):
        distance = np.minimum(distance, canvas.blob(place, canvas.uniform(0.2, 0.44) * canvas.room, 0.24, 1.4))
    canvas.paint(canvas.tone.dark, 0.2 * bell(distance - 2, 4))
    white = step(distance, 2.2)
    canvas.paint(rgb(240, 228, 218), white * np.float32(0.92))
    canvas.colour[0] += np.float32(0.02) * canvas.noise(7) * white


def rough_spots(canvas: Canvas) -> None:
    """Several small rough pink spots with stuck yellowish scale on weathered skin."""
    canvas.tint(0.06 * canvas.noise(9))
    for place in canvas.places(canvas.count(6, 9), 30, canvas.room * 1.05):
        spot = canvas.spot(place, 26, 0.25)
        radius = canvas.uniform(9, 13)
        rough = np.clip(0.35 + 0.8 * canvas.noise(60)[spot.at], 0, 1)
        canvas.paint(canvas.tone.inflamed, 0.75 * canvas.look.blush * step(spot.r - radius, 10), spot.at)
        crust = step(spot.r - radius * 0.62, 4) * rough
        canvas.paint(mix(rgb(240, 218, 156), canvas.tone.scale, 0.2), 0.95 * crust, spot.at)
        canvas.lift(2.6 * crust, spot.at)


def flushed_vessels(canvas: Canvas) -> None:
    """Diffuse redness of the middle, branching fine vessels, a few papules."""
    distance = canvas.blob(canvas.centre, canvas.room * 0.95, 0.28, 1.2)
    flush = step(distance, 66)
    redden(canvas, flush, 0.72)
    canvas.wet(0.25 * flush)
    for place in canvas.places(canvas.count(2, 4), 26, canvas.room * 0.75):
        papule(canvas, place, canvas.uniform(3.5, 5))
    roots = canvas.places(canvas.count(11, 15), 15)
    ink = soften(canvas.strokes([_vessel(canvas, root) for root in roots]))
    vessel = mix(canvas.tone.inflamed, (0.62, 0.0, 0.10), 0.65 - 0.5 * canvas.tone.depth)
    canvas.paint(mix(vessel, (0.14, 0.02, 0.09), 0.5 * canvas.tone.depth), ink * np.float32(0.6))


def _vessel(canvas: Canvas, root: Point) -> NDArray[np.float64]:
    """Return the path of one small vessel with branches, as points half a pixel apart."""
    paths = []
    start, turn, length = np.array(root), canvas.uniform(0, 2 * np.pi), canvas.count(36, 80)
    for _ in range(canvas.count(2, 4)):
        heading = turn + np.cumsum(canvas.rng.normal(0, 0.16, length))
        path = start + 0.5 * np.cumsum(np.stack((np.cos(heading), np.sin(heading)), axis=1), axis=0)
        paths.append(path)
        fork = canvas.count(length // 4, length - 8)
        start, turn = path[fork], heading[fork] + (0.7 if canvas.chance(0.5) else -0.7)
        length = max(24, int(length * 0.6))
    return np.concatenate(paths)
