"""One consultation as one HTML file that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from consult.render.page_parts import DEMONSTRATION, Row, Told, body, title

if TYPE_CHECKING:
    from PIL.Image import Image

    from consult.agents.acts import Act
    from consult.agents.assessors.rubric import Assessment
    from consult.render.prompts import ShownPrompts
    from consult.scenarios import Case, Scenario

__all__ = ["DEMONSTRATION", "MOST_PIXELS", "POLICY", "consultation_page", "data_url", "png"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
MOST_PIXELS = 512
"""Longer side of an embedded photograph."""


def consultation_page(
    store_row: Row,
    acts: Sequence[Act],
    case: Case,
    scenario: Scenario,
    run_row: Row,
    assessments: Mapping[str, Assessment] | None = None,
    prompts: ShownPrompts | None = None,
) -> str:
    """Return a consultation as a page.

    Args:
        store_row: The consultation's row.
        acts: Its acts in their order.
        case: Its case.
        scenario: Its scenario.
        run_row: The row of its run.
        assessments: Assessor → its verdicts.
        prompts: What was asked; None if it is not to be shown.
    """
    picture, *further = [data_url(one.load()) for one in case.photographs] or [""]
    told = Told(
        store_row, run_row, acts, case, scenario, assessments or {}, picture, prompts=prompts, further=tuple(further)
    )
    return _document(title(told), body(told))


def data_url(image: Image) -> str:
    """Return a picture as a PNG in a data URL, made smaller where it is large."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"


def png(image: Image) -> bytes:
    """Return a picture as a PNG, made smaller where it is large."""
    from PIL.Image import Resampling

    picture = image.convert("RGB")
    picture.thumbnail((MOST_PIXELS, MOST_PIXELS), Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _document(name: str, content: str) -> str:
    style = (files("consult.render") / "page.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name}</title>
<style>
{style}</style>
</head>
<body>
{content}
</body>
</html>
"""
