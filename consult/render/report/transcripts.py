"""A consultation within a report: photograph, what was said, and each verdict with the turns that it rests on."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from consult.envs.events import opinion_event, turn_event
from consult.render.turn import opinion_view, turn_view
from consult.render.turn_html import line, text

if TYPE_CHECKING:
    from consult.agents.acts import Act
    from consult.envs.store.write import Store
    from consult.scenarios import Photograph, Scenario

SIDE = 72
"""Longer side of a thumbnail, in pixels."""
QUALITY = 70


class Transcripts:
    """Reads the consultations of a run for its report."""

    def __init__(self, store: Store, run: str) -> None:
        """Open a run.

        Args:
            store: Where it is.
            run: Its id.
        """
        self.store, self.scenario = store, _scenario(store, run)

    def transcript(self, identifier: str, case: str) -> str:
        """Return a consultation as a piece of a page; its place is its id.

        Args:
            identifier: Of the consultation.
            case: Its case's id.
        """
        from consult.envs.store.assessments import assessments_on
        from consult.scenarios import UnknownNameError

        acts = self.store.acts(identifier)
        lines = "".join(_line(identifier, idx, act) for idx, act in enumerate(acts))
        try:
            shown = _thumbnail(self.scenario.case(case).photograph, self.scenario.revision)
        except UnknownNameError:
            shown = ""  # The scenario has changed since.
        assessed = _assessed(identifier, assessments_on(self.store, identifier), len(acts))
        return f'<div class="transcript" id="{text(identifier)}">{shown}<ol start="0">{lines}</ol>{assessed}</div>'


def _scenario(store: Store, run: str) -> Scenario:
    from consult.envs.config import RunConfig
    from consult.envs.store.runs import stored_run
    from consult.envs.user_case import world
    from consult.scenarios import load_scenario

    row = stored_run(store, run)
    return world(load_scenario(row["scenario"]), RunConfig.model_validate_json(row["config"]), store)


def _line(identifier: str, idx: int, act: Act) -> str:
    opinions = [opinion_view(opinion_event(identifier, i, opinion)) for i, opinion in enumerate(act.opinions)]
    return line(turn_view(turn_event(identifier, idx, act)), opinions, f"{text(identifier)}-t")


def _assessed(identifier: str, verdicts: Sequence[Mapping[str, Any]], turns: int) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(v["item"])}</th><td>{text(v["assessor"])}</td>'
        f"<td>{'not scored' if v['value'] is None else format(v['value'], 'g')}</td>"
        f"<td>{_links(identifier, json.loads(v['turns']), turns)}</td><td>{text(v['why'])}</td></tr>"
        for v in verdicts
    )
    if not rows:
        return ""
    heading = "<tr><th>item</th><th>assessor</th><th>verdict</th><th>turns</th><th>why</th></tr>"
    return f'<div class="wide"><table class="verdicts"><thead>{heading}</thead><tbody>{rows}</tbody></table></div>'


def _links(identifier: str, named: Sequence[int], turns: int) -> str:
    """Link turns by their numbers; an assessor may name one that does not exist."""
    return " ".join(
        f'<a href="#{text(identifier)}-t{idx}">{idx}</a>' if 0 <= idx < turns else str(idx) for idx in named
    )


def _thumbnail(photograph: Photograph | None, revision: str) -> str:
    url = _picture(photograph, revision) if photograph is not None else ""
    return f'<img src="{url}" alt="The patient\'s photograph">' if url else ""


@lru_cache(maxsize=1_000)
def _picture(photograph: Photograph, revision: str) -> str:
    """Draw a photograph once for all runs; photographs of equal id and scenario revision are equal."""
    from PIL.Image import Resampling

    try:
        picture = photograph.load().convert("RGB")
    except (OSError, ValueError):
        return ""  # A photograph that cannot be read failed its consultation, and must not fail the report.
    picture.thumbnail((SIDE, SIDE), Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
