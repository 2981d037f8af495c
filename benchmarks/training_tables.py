"""The tables over the experiments of training.py: from the figures and the decisions that each training has kept.

Cases are the units of every interval; seeds and repeated decisions are averaged within a case.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.envs.metrics.paired import difference

Row = Mapping[str, str]
Keep = Callable[[Row], bool]
Cases = dict[str, list[bool]]
"""Case → whether its decisions were right."""
ALL_STAGES = "all three"
"""The arm `full` of the curriculum, among those that lack stages."""
BASELINES = {"attending": "none", "rationale": "none", "stages": ALL_STAGES}
"""Group → the arm that others are compared with; `sft` where there is none."""
SAID_ALREADY = ("right", "diagnosis", "advice")
"""Figures of an interview that stand among the arms' too."""
HEAD = ["| difference | points | 95 % interval | p | smallest seen |", "|---|---|---|---|---|"]
STAGES: Mapping[str, Callable[[float], bool]] = {
    "all right (s = 1)": lambda share: share == 1,
    "some right": lambda share: 0 < share < 1,
    "none right (s = 0)": lambda share: share == 0,
}


@dataclass(frozen=True)
class Result:
    """What one training has kept."""

    seed: str
    metrics: Mapping[str, Any]
    decisions: Sequence[Row]
    """On test cases."""

    @classmethod
    def read(cls, folder: Path) -> Result:
        """Read a folder that came out of `consult train`."""
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        with (folder / "decisions.csv").open(newline="", encoding="utf-8") as stream:
            return cls(folder.name, metrics, [row for row in csv.DictReader(stream) if row["split"] == "test"])


Arms = Mapping[str, Sequence[Result]]


def every(_: Row) -> bool:
    """Keep all."""
    return True


def by_case(results: Sequence[Result], which: str, keep: Keep = every) -> Cases:
    """Give case → whether what a column names was right, over all seeds."""
    found: Cases = defaultdict(list)
    for result in results:
        for row in result.decisions:
            if keep(row):
                found[row["case"]].append(row[which] == row["wanted"])
    return found


def percent(value: float) -> str:
    """Give a share."""
    return f"{100 * value:.1f} %"


def share(cases: Cases) -> str:
    """Give the share of right decisions."""
    said = [right for rights in cases.values() for right in rights]
    return percent(sum(said) / len(said)) if said else "-"


def points(one: Cases, other: Cases) -> list[str]:
    """Give a difference in points, its interval, p, and the smallest difference seen in 4 of 5 repetitions."""
    found = difference(one, other)
    if found is None or found.figure.value is None or found.figure.low is None or found.figure.high is None:
        return ["-"] * 4
    low, high = found.figure.low, found.figure.high
    smallest = 2.8 * (high - low) / (2 * 1.96)
    interval = f"{100 * low:+.1f} to {100 * high:+.1f}"
    return [f"{100 * found.figure.value:+.1f}", interval, f"{found.p:.2g}", f"{100 * smallest:.1f}"]


def line(*cells: str) -> str:
    """Give a row of a table."""
    return f"| {' | '.join(cells)} |"


def arms_table(arms: Arms, baseline: str) -> list[str]:
    """Compare arms with the start, with a baseline and with the panel's vote."""
    rows = ["| arm | seeds | each seed | start | after |", "|---|---|---|---|---|"]
    for arm, found in arms.items():
        each = ", ".join(percent(result.metrics["after"]) for result in found)
        rows.append(
            line(arm, str(len(found)), each, percent(found[0].metrics["before"]), share(by_case(found, "after")))
        )
    rows += ["", *HEAD]
    after = {arm: by_case(found, "after") for arm, found in arms.items()}
    rows += [line(f"{arm} - start", *points(after[arm], by_case(found, "before"))) for arm, found in arms.items()]
    rows += [
        line(f"{arm} - {baseline}", *points(after[arm], after[baseline]))
        for arm in arms
        if baseline in arms and arm != baseline
    ]
    if has_panel(arms):
        first = next(iter(arms.values()))
        rows.append(line("start - panel's vote", *points(by_case(first, "before"), by_case(first, "vote"))))
        rows += [line(f"{arm} - panel's vote", *points(after[arm], by_case(arms[arm], "vote"))) for arm in arms]
    return rows


def has_panel(arms: Arms) -> bool:
    """Tell whether decisions were made on opinions."""
    return any(row["s"] for found in arms.values() for row in found[0].decisions)


def of_stage(name: str) -> Keep:
    """Keep the decisions of a stage."""
    return lambda row: bool(row["s"]) and STAGES[name](float(row["s"]))


def stages_table(arms: Arms, baseline: str) -> list[str]:
    """Give what an attending makes of opinions, by how many are right, beside the panel's vote."""
    rows = [line("opinions", "decisions", "vote", "start", *arms), "|---" * (4 + len(arms)) + "|"]
    first = next(iter(arms.values()))
    for name in STAGES:
        keep = of_stage(name)
        count = sum(map(keep, first[0].decisions))
        before = [share(by_case(first, which, keep)) for which in ("vote", "before")]
        rows.append(line(name, f"{count:,}", *before, *(share(by_case(f, "after", keep)) for f in arms.values())))
    beside = baseline in arms
    head = ["opinions", "arm", "arm - start", "95 % interval"]
    head += [f"arm - `{baseline}`", "95 % interval"] if beside else []
    rows += ["", line(*head), "|---" * len(head) + "|"]
    for name in STAGES:
        keep = of_stage(name)
        for arm, found in arms.items():
            after = by_case(found, "after", keep)
            cells = points(after, by_case(found, "before", keep))[:2]
            if beside:
                other = points(after, by_case(arms[baseline], "after", keep))[:2]
                cells += other if arm != baseline else ["", ""]
            rows.append(line(name, arm, *cells))
    return rows


def left_out_table(arms: Arms) -> list[str]:
    """Give the figures on the specialty that was left out, and on the others."""
    rows = ["| left out | method | start, on it | after, on it | start, others | after, others |", "|---" * 6 + "|"]
    for arm, found in arms.items():
        method, _, specialty = arm.partition(" without ")
        cells = [share(by_case(found, when, of(specialty, on))) for on in (True, False) for when in ("before", "after")]
        rows.append(line(specialty, method, *cells))
    rows += ["", *HEAD]
    specialties = list(dict.fromkeys(arm.partition(" without ")[2] for arm in arms))
    for specialty in specialties:
        on = of(specialty, True)
        for method in ("sft", "grpo"):
            found = arms.get(f"{method} without {specialty}", [])
            rows.append(
                line(
                    f"{method} - start on {specialty}",
                    *points(by_case(found, "after", on), by_case(found, "before", on)),
                )
            )
        grpo, sft = (by_case(arms.get(f"{m} without {specialty}", []), "after", on) for m in ("grpo", "sft"))
        rows.append(line(f"grpo - sft on {specialty}", *points(grpo, sft)))
    sides: dict[str, Cases] = {"before": {}, "sft": {}, "grpo": {}}
    for specialty in specialties:
        on = of(specialty, True)
        sides["before"] |= by_case(arms.get(f"grpo without {specialty}", []), "before", on)
        for method in ("sft", "grpo"):
            sides[method] |= by_case(arms.get(f"{method} without {specialty}", []), "after", on)
    for one, other in (("sft", "before"), ("grpo", "before"), ("grpo", "sft")):
        name = "start" if other == "before" else other
        rows.append(line(f"{one} - {name} on all that were left out", *points(sides[one], sides[other])))
    return rows


def of(specialty: str, on: bool) -> Keep:
    """Keep the decisions of a specialty, or all others."""
    return lambda row: (row["specialty"] == specialty) == on


def interview_table(arms: Arms) -> list[str]:
    """Give what an interview's training changes."""
    rows = ["| seed | a consultation | before | after | gain | 95 % interval |", "|---" * 6 + "|"]
    for found in arms.values():
        for result in found:
            for name, figure in result.metrics["interview"].items():
                if name in SAID_ALREADY:
                    continue
                values = [f"{figure[which]:.3f}" for which in ("before", "after")]
                ends = figure["interval"]
                interval = "-" if ends is None else f"{ends[0]:+.3f} to {ends[1]:+.3f}"
                rows.append(line(result.seed, name.replace("_", " "), *values, f"{figure['gain']:+.3f}", interval))
    return rows


def team_table(arms: Mapping[str, Sequence[Path]]) -> list[str]:
    """Give whole consultations: final diagnosis, triage, urgency, panel."""
    from consult.envs.store.write import Store

    told = ("specialty", "urgency")
    head = ["team", "seeds", "diagnosis right, each seed", "diagnosis right"]
    rows = [line(*head, *(f"{name} right" for name in told), "opinions right"), "|---" * 7 + "|"]
    outcomes: dict[str, dict[str, Cases]] = {}
    for arm, folders in arms.items():
        played, opinions, each = [], [], []
        outcomes[arm] = {}
        for folder in folders:
            with Store(folder / "consult.db") as store:
                run = store.query("SELECT * FROM consultations WHERE truth IS NOT NULL")
                opinions += store.query(
                    "SELECT o.diagnosis IS c.truth AS right FROM opinions o "
                    "JOIN consultations c ON c.id = o.consultation_id"
                )
            played += run
            outcomes[arm][folder.name] = {row["case_id"]: [bool(row["correct"])] for row in run}
            each.append(share(outcomes[arm][folder.name]))
        triaged = "solo" not in arm and "no-triage" not in arm
        cells = [
            percent(sum(row[name] == row[f"true_{name}"] for row in played) / len(played)) if triaged else "-"
            for name in told
        ]
        asked = percent(sum(row["right"] for row in opinions) / len(opinions)) if opinions else "-"
        whole = share(pooled(outcomes[arm], outcomes[arm]))
        rows.append(line(arm, str(len(folders)), ", ".join(each), whole, *cells, asked))
    rows += ["", *HEAD]
    later = ("interviewer", "chained", "chained copied", "with reasons")
    compared = [(arm, "starter") for arm in ("triage alone", *later, "copied")]
    compared += [(arm, "triage alone") for arm in ("trained", *later)]
    compared += [("chained", "interviewer"), ("chained copied", "interviewer"), ("chained copied", "copied")]
    compared += [(arm, arm.replace("trained", "starter")) for arm in arms if arm.startswith("trained")]
    compared += [(who, f"{who} {team}") for who in ("trained", "starter") for team in ("no-triage", "solo")]
    for one, other in compared:
        if one in outcomes and other in outcomes:
            ours, theirs = outcomes[one], outcomes[other]
            rows.append(line(f"{one} - {other}", *points(pooled(ours, theirs), pooled(theirs, ours))))
    return rows


def pooled(ours: Mapping[str, Cases], theirs: Mapping[str, Cases]) -> Cases:
    """Put the trainings of a team together: where both teams were trained, those of seeds that both have."""
    shared = [seed for seed in ours if seed in theirs]
    found: Cases = defaultdict(list)
    for seed in shared or ours:
        for case, rights in ours[seed].items():
            found[case] += rights
    return found


ROLES = {
    "triage: specialty right": "SELECT case_id, specialty IS true_specialty AS value FROM consultations",
    "triage: urgency right": "SELECT case_id, urgency IS true_urgency AS value FROM consultations",
    "specialists: opinions right": "SELECT c.case_id, avg(o.diagnosis IS c.truth) AS value FROM opinions o "
    "JOIN consultations c ON c.id = o.consultation_id GROUP BY c.id",
    "patient: drafts that its card backs": "SELECT c.case_id, avg(t.draft_backed) AS value FROM turns t "
    "JOIN consultations c ON c.id = t.consultation_id WHERE t.speaker = 'patient' AND t.draft_backed IS NOT NULL "
    "GROUP BY c.id",
    "attending: facts brought to light": "SELECT case_id, 1.0 * facts_disclosed / facts AS value FROM consultations",
    "attending: diagnosis right": "SELECT case_id, correct AS value FROM consultations",
}
"""What a role is measured by → a query that gives a figure a consultation."""


ROLES_OF = (
    ("starter", "triage alone"),
    ("triage alone", "with reasons"),
    ("starter", "trained"),
    ("triage alone", "interviewer"),
    ("starter", "chained copied"),
)
"""Teams whose roles are compared."""


def roles_table(arms: Mapping[str, Sequence[Path]], one: str, other: str) -> list[str]:
    """Give each role's measures in two teams on the same cases: what training one role does to the others.

    Where several trainings were played, the first.
    """
    from consult.envs.metrics.intervals import mean
    from consult.envs.store.write import Store

    values: dict[str, dict[str, dict[str, float]]] = {}
    for arm in (one, other):
        with Store(arms[arm][0] / "consult.db") as store:
            values[arm] = {
                name: {row["case_id"]: float(row["value"]) for row in store.query(sql)} for name, sql in ROLES.items()
            }
    names = [arm if arms[arm][0].name == "0" else f"{arm}, seed {arms[arm][0].name}" for arm in (one, other)]
    rows = [f"| role | {names[0]} | {names[1]} | difference | 95 % interval |", "|---" * 5 + "|"]
    for name in ROLES:
        before, after = values[one][name], values[other][name]
        cases = [case for case in before if case in after]
        change = mean([after[case] - before[case] for case in cases], cases)
        sides = [percent(sum(side[case] for case in cases) / len(cases)) for side in (before, after)]
        cells = ["-", "-"]
        if change.value is not None and change.low is not None and change.high is not None:
            cells = [f"{100 * change.value:+.1f}", f"{100 * change.low:+.1f} to {100 * change.high:+.1f}"]
        rows.append(line(name, *sides, *cells))
    return rows


def tables(groups: Mapping[str, Mapping[str, Sequence[Path]]]) -> str:
    """Give all tables.

    Args:
        groups: Group → arm → folders of what is finished.
    """
    parts = ["Simulation, not medical advice. Cases are the units of every interval; seeds are averaged within a case."]
    for group, folders in groups.items():
        parts += ["", f"## {group}", ""]
        if group == "team":
            parts += team_table(folders)
            for one, other in ROLES_OF:
                if one in folders and other in folders:
                    parts += ["", *roles_table(folders, one, other)]
            continue
        if group == "stages" and "full" in groups.get("attending", {}):
            of_both = {folder.name for found in folders.values() for folder in found}
            full = [folder for folder in groups["attending"]["full"] if folder.name in of_both]
            folders = {**folders, ALL_STAGES: full}
        arms = {arm: [Result.read(folder) for folder in found] for arm, found in folders.items()}
        baseline = BASELINES.get(group, "sft")
        if group == "left-out":
            parts += left_out_table(arms)
        elif group == "interview":
            parts += [*arms_table(arms, ""), "", *interview_table(arms)]
        else:
            parts += arms_table(arms, baseline)
            if has_panel(arms):
                parts += ["", *stages_table(arms, baseline)]
        seconds = [result.metrics["seconds"] for results in arms.values() for result in results]
        parts += ["", f"{len(seconds)} trainings, {min(seconds) / 60:.1f} to {max(seconds) / 60:.1f} minutes each."]
    return "\n".join(parts) + "\n"
