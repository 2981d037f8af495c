"""Draws the sheet of photographs in the README: two test cases of each diagnosis.

Run: python docs/sheet.py docs/derm34.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from consult.scenarios import load_scenario

CELL, CAPTION, COLUMNS = 128, 18, 12


def main(path: Path) -> None:
    """Draw the sheet."""
    scenario = load_scenario("derm34")
    ids = scenario.case_ids("test")
    labels = list(scenario.labels)
    rows = -(-2 * len(labels) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * (CELL + CAPTION)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for place in range(2 * len(labels)):
        case = scenario.case(ids[place // 2 + (place % 2) * len(labels)])
        assert case.photograph is not None
        x, y = place % COLUMNS * CELL, place // COLUMNS * (CELL + CAPTION)
        sheet.paste(case.photograph.load().resize((CELL - 2, CELL - 2), Image.Resampling.LANCZOS), (x + 1, y + 1))
        pen.text((x + 3, y + CELL + 1), (case.truth.diagnosis or "")[:21], fill="black", font=font)
    sheet.save(path, quality=82, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
