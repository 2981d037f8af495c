"""Results of a training run: figures, curves, and a model card that says what was done and what it means."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from consult.agents.models.local.licence import licence_of
from consult.agents.models.model_resolver import base_reference, locate
from consult.agents.prompt import fill
from consult.foreign_text import shown
from consult.reading import MEDIUM, read_object, read_text
from consult.rl.config import OTHERS, TrainConfig
from consult.rl.runtime.callbacks import CURVES
from consult.rl.runtime.evaluation import Measured
from consult.whole_files import drafted, write_whole

METRICS = "metrics.json"
"""File of the figures; a folder that has it is finished."""
CARD = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
SHOWN = (
    ("reward", "reward of a completion"),
    ("right", "completions that are right"),
    ("validation", "validation cases right, most likely decision"),
    ("entropy", "entropy of a decision's token, nats"),
    ("flat", "groups whose completions all have the same reward"),
    ("kl", "KL divergence from the start of the phase"),
)
"""Columns of curves.csv that are plotted, with their titles."""


def write_results(out: Path, config: TrainConfig, metrics: Mapping[str, Any], curves: Sequence[Path]) -> None:
    """Write metrics.json, curves.csv, curves.png and README.md.

    Args:
        out: The result's folder.
        config: The training configuration.
        metrics: The figures, as in metrics.json.
        curves: The phases' curves, in order.
    """
    rows = _joined(curves, out / "curves.csv")
    draw_curves(rows, out / "curves.png")
    adapter = out / "adapter_config.json"
    rank = int(read_object(adapter, "r")["r"]) if adapter.is_file() else None
    write_whole(out / "README.md", model_card(config, metrics, rank))
    # Written last: it marks the training run as finished.
    write_whole(out / METRICS, json.dumps(metrics, indent=2) + "\n")


DECISIONS = ("id", "case", "split", "specialty", "style", "s", "vote", "wanted", "before", "after")
"""Columns of decisions.csv."""


def write_decisions(path: Path, compared: Sequence[tuple[Measured, Measured]]) -> None:
    """Write the decision on each evaluated case, before and after: a later comparison needs no model.

    Args:
        path: The file.
        compared: The start's and the result's decisions on the same rows.
    """
    with drafted(path) as draft, draft.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(DECISIONS)
        for before, after in compared:
            for row, was, now in zip(before.rows, before.named, after.named, strict=True):
                case, s = row.case, "" if row.panel_correct_share is None else f"{row.panel_correct_share:.4f}"
                told = (case.id, case.split, case.truth.specialty, case.style, s, row.vote, row.target.answer)
                writer.writerow([row.id, *told, was, now])


def _joined(curves: Sequence[Path], path: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for curve in curves:
        if curve.is_file():
            rows += filter(_is_whole, csv.DictReader(io.StringIO(read_text(curve, MEDIUM))))
    with drafted(path) as draft, draft.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else ["step"])
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _is_whole(row: Mapping[str, str]) -> bool:
    """Return whether a row has all columns and numbers in them: a damaged curve must not cost a training its result."""
    if list(row) != list(CURVES) or None in row.values():
        return False
    try:
        [float(row[name] or 0) for name in CURVES if name != "phase"]
    except ValueError:
        return False
    return True


def draw_curves(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Plot the curves over the steps, one panel for each figure that has values."""
    from matplotlib.figure import Figure

    drawn = [(name, title) for name, title in SHOWN if any(row.get(name) for row in rows)]
    figure = Figure(figsize=(10, 2.6 * max(1, -(-len(drawn) // 2))), layout="constrained")
    boxes = figure.subplots(max(1, -(-len(drawn) // 2)), 2, squeeze=False).ravel()
    for box, (name, title) in zip(boxes, drawn, strict=False):
        points = [(i + 1, float(row[name])) for i, row in enumerate(rows) if row.get(name)]
        box.plot(*zip(*points, strict=True), marker="o" if len(points) < 60 else "", markersize=3, linewidth=1)
        box.set_title(title, fontsize=9)
        for start in _boundaries(rows):
            box.axvline(start, color="grey", linewidth=0.5, linestyle=":")
        box.tick_params(labelsize=8)
    for box in boxes[len(drawn) :]:
        box.set_visible(False)
    figure.supxlabel("step", fontsize=9)
    with drafted(path) as draft:
        figure.savefig(draft, dpi=110)


def _boundaries(rows: Sequence[Mapping[str, str]]) -> list[int]:
    phases = [row["phase"] for row in rows]
    return [i + 0.5 for i in range(1, len(phases)) if phases[i] != phases[i - 1]]  # type: ignore[misc]


def played_with(config: TrainConfig, folder: str) -> str:
    """Return the flags of `consult simulate` that play the trained model with the team that it was trained with."""
    flags: dict[str, str] = {name: getattr(config, name) for name in OTHERS if getattr(config, name) is not None}
    flags["triage" if config.role == "triage" else "attending"] = folder
    return " ".join(f"--{name} {reference}" for name, reference in flags.items())


def model_card(config: TrainConfig, metrics: Mapping[str, Any], rank: int | None) -> str:
    """Fill in the model card.

    Args:
        config: The training configuration.
        metrics: The figures, as in metrics.json.
        rank: Rank of the adapter; None for whole weights.
    """
    base, found = base_reference(config.model), licence_of(locate(config.model).folder)
    told = {name: value for name, value in config.model_dump(mode="json").items() if value is not None}
    settings = "\n".join(f"| {name} | `{json.dumps(value)}` |" for name, value in told.items() if name != "role")
    return fill(
        CARD,
        role={"triage": "triage doctor", "attending": "attending physician", "interview": "interviewer"}[config.role],
        flags=played_with(config, "FOLDER"),
        licence=front_matter(found),
        base_licence=shown(found) if found else UNKNOWN_LICENCE,
        library="transformers" if config.full else "peft",
        base="" if config.full or base == "starter" else f"base_model: {base}\n",
        kind="all weights of the language model" if rank is None else f"an adapter (LoRA, rank {rank})",
        model=config.model,
        method=config.method.upper(),
        scenario=config.scenario,
        figures=_figures(metrics),
        settings=settings,
        seconds=f"{metrics['seconds']:,.0f}",
        steps=f"{metrics['steps']:,}",
        chosen=str(metrics["chosen"]),
        synthetic=_SYNTHETIC if config.panel_skill is not None else "",
    )


def front_matter(licence: str | None) -> str:
    """Return the lines of a card's front matter for the base's licence, as the hub reads them."""
    if licence is None:
        return "license: other\nlicense_name: unknown\n"
    return f"license: {json.dumps(licence)}\n"


UNKNOWN_LICENCE = "unknown: see the base's card"
_SYNTHETIC = (
    "\nThe panels of these figures were made up by a program, each opinion right with a given probability: they show "
    "how an attending treats opinions, and are not a main result.\n"
)


def _figures(metrics: Mapping[str, Any]) -> str:
    rows = ["| cases | n | before | after | gain | 95 % interval |", "|---|---|---|---|---|---|"]
    for name in ("validation", "test"):
        rows.append(_row(name, metrics[name]))
    for name, figures in (metrics.get("by_stage") or {}).items():
        rows.append(_row(f"{metrics['split']}, {_STAGES[name]}", figures))
    return "\n".join(rows)


_STAGES = {"easy": "all opinions right", "medium": "some right", "hard": "none right"}


def _row(name: str, figures: Mapping[str, Any]) -> str:
    if not figures["n"]:
        return f"| {name} | 0 | - | - | - | - |"
    return (
        f"| {name} | {figures['n']:,} | {figures['before']:.1%} | {figures['after']:.1%} | "
        f"{100 * figures['gain']:+.1f} | {in_points(figures['interval']) or '-'} |"
    )


def in_points(interval: Sequence[float] | None) -> str | None:
    """Write an interval of shares in points; None if there is none."""
    return None if interval is None else f"{100 * interval[0]:+.1f} to {100 * interval[1]:+.1f}"
