"""Compare the results with the aims for the starter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from consult.scenarios.case_generator import Grammar
from consult.scenarios.ceilings import ceilings
from study.figures import calibration_error, of, paired, pooled, share
from study.lines import worded_lines
from study.outcomes import late_alarms
from study.played import Played, replays

ALARM_AIMS = {
    "alarms brought out by a question, or told": ("≥ 60 %", 0.6),
    "of the alarms told: final urgency right": ("≥ 90 %", 0.9),
    "of the alarms told: told where to go with it": ("≥ 95 %", 0.95),
    "without an alarm: over-triage": ("≤ 5 %", -0.05),
}
"""Estimate → the bound in words, and as a number: the least share, or minus the most."""
Aim = tuple[str, str, str, bool]


def aim_table(files: Sequence[Path], played: Played) -> Iterator[str]:
    """Compare the results with the aims for the starter: aim, bound, figure, and whether it is met."""
    yield "\n## Aims and outcome\n\n| | aim | result | met |\n|---|---|---|---|"
    for name, bound, value, met in (
        *_aims_of_the_team(files, played),
        *_aims_of_lines(played),
        *_aims_of_alarms(files),
    ):
        yield f"| {name} | {bound} | {value} | {'yes' if met else 'no'} |"


def _aims_of_the_team(files: Sequence[Path], played: Played) -> Iterator[Aim]:
    cells, scenario = played.cells, played.scenario
    main = ("dialogue", "panel")
    if main not in cells or not isinstance(scenario.source, Grammar):
        return
    final, told = played.right(*main), {c.name: c.value for c in ceilings(scenario.source, 340)}
    rows = cells[main]
    gap = told["card and photograph"] - sum(final) / len(final)
    room = f"final diagnosis, `dialogue`, panel, room below its ceiling of {told['card and photograph']:.1%}"
    yield room, "≥ 15 points", f"{100 * gap:.1f} points", gap >= 0.15
    right = [row["specialty"] == row["true_specialty"] for row in rows]
    most = told["triage from complaint, photograph, age and sex"]
    gap = most - sum(right) / len(right)
    yield f"triage, room below its ceiling of {most:.1%}", "≥ 8 points", f"{100 * gap:.1f} points", gap >= 0.08
    if ("dialogue", "solo") in cells:
        _, low, found = paired(*played.on_same_cases(main, ("dialogue", "solo")))
        yield "`dialogue`, panel - solo", "interval above 0", found, low > 0
    if ("no-dialogue", "panel") in cells:
        gain, _, found = paired(*played.on_same_cases(main, ("no-dialogue", "panel")))
        yield "panel, `dialogue` - `no-dialogue`", "≥ 10 points", found, gain >= 0.1
    arms = replays(files)
    if len(arms) == 2:
        gain, _, found = paired(arms["right"], arms["wrong"])
        yield "panel after right - after wrong triage", "≥ 15 points", found, gain >= 0.15
    stated = [
        (a.confidence, a.diagnosis == r["truth"]) for r, acts in played.main() for a in acts if a.action == "conclude"
    ]
    opinions = [
        (o.confidence, o.diagnosis == r["truth"]) for r, acts in played.main() for a in acts for o in a.opinions
    ]
    for name, pairs in (("final diagnosis", stated), ("opinions", opinions)):
        known = [(c, right) for c, right in pairs if c is not None]
        if known:
            error = calibration_error([c for c, _ in known], [r for _, r in known])
            yield f"expected calibration error, {name}", "≤ 0.08", f"{error:.3f}", error <= 0.08


def _aims_of_lines(played: Played) -> Iterator[Aim]:
    if ("dialogue", "panel") not in played.cells:
        return
    for role, groups in worded_lines(played)[0].items():
        hits, n = sum(map(sum, groups)), sum(map(len, groups))
        yield f"lines worded by the program, {role}", "≤ 5 %", pooled(groups), n > 0 and hits <= 0.05 * n
    rows = played.cells["dialogue", "panel"]
    unfinished = sum(row["status"] == "unfinished" for row in rows)
    yield "unfinished", "≤ 1 %", share(unfinished, len(rows)), unfinished <= 0.01 * len(rows)


def _aims_of_alarms(files: Sequence[Path]) -> Iterator[Aim]:
    for path in files:
        for name, found in late_alarms(path).items():
            if name in ALARM_AIMS and found:
                bound, least = ALARM_AIMS[name]
                part = sum(found) / len(found)
                yield name, bound, of(found), part <= -least if least < 0 else part >= least
