"""Draws the sheet of pictures in the README: each morphology once, over the six skin types.

These are drawings, not photographs, and diagnoses that look alike can share a picture; the sheet says so below.

Run: python docs/sheet.py docs/derm34.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from consult.scenarios.drawing import MORPHOLOGIES, STYLES, draw

CELL, CAPTION, COLUMNS, FOOT = 192, 22, 8, 30
SAYS = "Drawings, not photographs; skin types I to VI in turn. Diagnoses that look alike can share a picture."


def picture(place: int, morphology: str) -> Image.Image:
    """Draw the morphology at one place of the sheet."""
    views = MORPHOLOGIES[morphology]
    skin_type = 1 + (place + place // COLUMNS) % 6
    return draw(morphology, views[place % len(views)], skin_type, place, STYLES[place % len(STYLES)], CELL - 2)


def main(path: Path) -> None:
    """Draw the sheet."""
    rows = -(-len(MORPHOLOGIES) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + CAPTION) + FOOT), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for place, morphology in enumerate(MORPHOLOGIES):
        x, y = place % COLUMNS * CELL, place // COLUMNS * (CELL + CAPTION)
        sheet.paste(picture(place, morphology), (x + 1, y + 1))
        pen.text((x + 3, y + CELL), morphology.replace("_", " "), fill="black", font=font)
    pen.text((3, sheet.height - FOOT + 5), SAYS, fill="black", font=ImageFont.load_default(17))
    sheet.save(path, quality=82, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
