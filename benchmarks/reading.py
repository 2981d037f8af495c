"""How the rule assessor compares with readers: 120 transcripts, natural and spoilt, marked blindly.

Run: python benchmarks/reading.py make --out DIR       # plays validation cases, spoils half of them, writes DIR
     python benchmarks/reading.py report [--out DIR]   # after DIR/reader-a.csv and DIR/reader-b.csv were written
     python benchmarks/reading.py edits --db FILE      # edits of the consultations of a store: which items turn?

`transcripts.md` is what a reader gets; `key.json` says what was done to each and is not for readers. A reader's CSV has
the columns item (T001 …) and 1.1 to 4.1. The rules were corrected on the first 60; the other 60 were not looked at
before.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from consult.agents.acts import Act
from consult.agents.assessors.rubric import BY_KEY, ITEMS
from consult.agents.assessors.rules import Played, assess_by_rules
from consult.agents.choices import Strategy, Team
from consult.agents.counterfactuals import EDITS, with_a_brush_off, with_a_line
from consult.agents.temperament import temperaments
from consult.envs.config import RunConfig
from consult.envs.metrics.agreement import cohens_kappa, gwets_ac1
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import Scenario, load_scenario

CELLS: tuple[tuple[Strategy, Team, int, int], ...] = (
    ("dialogue", "panel", 96, 24),
    ("dialogue", "solo", 12, 12),
    ("no-dialogue", "panel", 8, 8),
    ("no-dialogue", "solo", 4, 4),
    ("text-only", "panel", 12, 12),
)
"""Strategy, team, consultations played, and how many of them are read as they are."""
SPOILT = {
    "history removed": 11,
    "symptoms removed": 8,
    "basis deleted": 11,
    "plan swapped": 11,
    "rude": 11,
    "brushed off": 8,
}
CORRECTED_ON = 60
SEED = 120

RUDE = (
    "Stop moaning and listen.",
    "Oh, for heaven's sake, not another one of you today.",
    "You people always exaggerate, so keep it short.",
    "A child could have told you not to wait so long.",
    "I have real patients waiting, so hurry up.",
    "Don't be ridiculous, that is nothing.",
    "Nobody asked for your opinion.",
    "You should wash more often, frankly.",
    "Are you too slow to follow me?",
    "I couldn't care less how you feel about it.",
    "What a silly thing to come to a doctor with.",
)
BRUSHED_OFF = (
    "That is not your concern. Just do what I told you.",
    "I have said all that I am going to say.",
    "Don't start with questions now, I'm done here.",
    "You worry about the wrong things. Next, please.",
    "Look it up at home. Goodbye.",
    "I don't discuss that with patients.",
    "You will do as you are told, whether you like it or not.",
    "That's enough. I haven't got all day.",
)  # fmt: skip

NAMES = {"patient": "Patient", "triage": "Triage doctor", "attending": "Attending physician"}


# -- making ------------------------------------------------------------------------------------------------------------


def make(out: Path, batch: int) -> None:
    """Play, spoil, shuffle and write."""
    out.mkdir(parents=True, exist_ok=True)
    scenario, natural, spare = load_scenario("derm34"), [], []
    start = 0
    with Store(out / "reading.db") as store:
        for strategy, team, count, as_they_are in CELLS:
            played = _played(store, scenario, strategy, team, start, count, batch)
            start += count
            natural += played[:as_they_are]
            spare += played[as_they_are:]
    items = [(one, "as played") for one in natural] + _spoilt(spare)
    random.Random(SEED).shuffle(items)
    key = [
        {
            "item": f"T{i:03}",
            "case": played.case.id,
            "done": done,
            "acts": [_kept(act) for act in played.acts],
        }
        for i, (played, done) in enumerate(items, 1)
    ]
    (out / "key.json").write_text(json.dumps(key, indent=1, ensure_ascii=False), encoding="utf-8")
    texts = "\n".join(_transcript(f"T{i:03}", played) for i, (played, _) in enumerate(items, 1))
    (out / "transcripts.md").write_text(texts, encoding="utf-8")


def _kept(act: Act) -> dict[str, Any]:
    names = ("speaker", "action", "text", "topic", "facts", "diagnosis")
    return {name: getattr(act, name) for name in names}


def _played(
    store: Store, scenario: Scenario, strategy: Strategy, team: Team, start: int, count: int, batch: int
) -> list[Played]:
    ids = scenario.case_ids("validation")[start : start + count]
    moods = tuple(temperaments())
    config = RunConfig(
        scenario="derm34",
        split="validation",
        cases=tuple(ids),
        temperaments=tuple(moods[i % len(moods)] for i in range(count)),
        strategy=strategy,
        team=team,
    )
    found = store.query("SELECT id FROM runs WHERE digest = ? AND status = 'finished'", config.digest())
    run = found[0]["id"] if found else Runner(scenario, config, Models.open(config), store, batch=batch).run()["run"]
    rows = store.consultations(run)
    return [Played(scenario.case(row["case_id"]), scenario, tuple(store.acts(row["id"]))) for row in rows]


def _spoilt(spare: Sequence[Played]) -> list[tuple[Played, str]]:
    """Spoil consultations, each in one way; one in which nothing can be taken away is passed over."""
    edits: Mapping[str, Callable[[Played, int], Played | None]] = {
        **{name: (lambda played, i, edit=edit: edit(played)) for name, (edit, _) in EDITS.items()},
        "rude": lambda played, i: with_a_line(played, RUDE[i]),
        "brushed off": lambda played, i: with_a_brush_off(played, BRUSHED_OFF[i]),
    }
    left, spoilt = list(spare), []
    for name, count in sorted(SPOILT.items()):
        for i in range(count):
            made = next((m for one in left if (m := edits[name](one, i)) is not None), None)
            if made is None:
                raise SystemExit(f"no consultation is left for '{name}'; play more of them")
            left = [one for one in left if one.case.id != made.case.id]
            spoilt.append((made, name))
    return spoilt


def _transcript(item: str, played: Played) -> str:
    shown = next((f.text for f in played.case.card.examinations if f.topic == "photograph"), None)
    tables = getattr(played.scenario.source, "tables", None)
    if shown is None and tables is not None and played.case.truth.morphology:
        shown = tables.values["morphology"][played.case.truth.morphology].finding
    lines = [f"## {item}", f"True diagnosis: {played.case.truth.diagnosis}. Photograph: {shown}.", ""]
    for act in played.acts:
        if act.action == "consult":
            lines.append(f"**{NAMES[act.speaker]}** [asks the panel] {act.text}")
            continue
        mark = {"triage": f" [sends to {act.specialty}, {act.urgency}]", "conclude": f" [concludes: {act.diagnosis}]"}
        lines.append(f"**{NAMES[act.speaker]}**{mark.get(act.action, '')} {act.text}")
    return "\n".join(lines) + "\n"


# -- reporting ---------------------------------------------------------------------------------------------------------


def report(out: Path) -> None:
    """Print the tables."""
    key = json.loads((out / "key.json").read_text(encoding="utf-8"))
    a, b = (_marks(out / f"reader-{name}.csv") for name in "ab")
    scenario = load_scenario("derm34")
    now = {one["item"]: _rules_now(one, scenario) for one in key}
    numbers = [one["item"] for one in key]
    parts = {"first 60, on which the rules were corrected": numbers[:CORRECTED_ON], "other 60": numbers[CORRECTED_ON:]}
    for name, chosen in {**parts, "all 120": numbers}.items():
        print(f"\n### {name[0].upper()}{name[1:]}\n")
        print("| item | reader a with reader b | | | rules with reader a | | | rules with reader b | | |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        print("| | same; met by a, b | kappa | AC1 | same; met by rules (n) | kappa | AC1 | same | kappa | AC1 |")
        for item in ITEMS:
            pairs = [(a, b), (now, a), (now, b)]
            print(
                f"| {item.key} {item.name} | " + " | ".join(_compared(*pair, item.key, chosen) for pair in pairs) + " |"
            )
    _flips(key, {"reader a": a, "reader b": b, "rules": now})


def _rules_now(one: Mapping[str, Any], scenario: Scenario) -> dict[str, int | None]:
    acts = tuple(Act(**{**act, "facts": tuple(act["facts"])}) for act in one["acts"])
    return {k: v.value for k, v in assess_by_rules(Played(scenario.case(one["case"]), scenario, acts)).items()}


def _marks(path: Path) -> dict[str, dict[str, int | None]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["item"]: {k: int(row[k]) if row[k] else None for k in BY_KEY} for row in csv.DictReader(file)}


def _compared(x: Mapping[str, Any], y: Mapping[str, Any], item: str, chosen: Sequence[str]) -> str:
    both = [(x[t][item], y[t][item]) for t in chosen if x[t][item] is not None and y[t][item] is not None]
    if not both:
        return "not decided | | "
    left, right = [p[0] for p in both], [p[1] for p in both]
    levels = BY_KEY[item].levels
    top, n = levels[-1], len(both)
    same = sum(i == j for i, j in both)
    kappa, ac1 = cohens_kappa(left, right, levels), gwets_ac1(left, right, levels)
    shares = f"{sum(left) / top / n:.0%}, {sum(right) / top / n:.0%}"
    return f"{same} of {n}; {shares} | {_number(kappa)} | {_number(ac1)}"


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.2f}"


def _flips(key: Sequence[Mapping[str, Any]], marks: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the share of met items by what was done to a transcript."""
    for who, by in marks.items():
        print(f"\n### Met, by what was done to the transcript: {who}\n")
        print(f"| done | n | {' | '.join(BY_KEY)} |\n|---|---|{'---|' * len(BY_KEY)}")
        for done in dict.fromkeys(sorted(one["done"] for one in key)):
            rows = [by[one["item"]] for one in key if one["done"] == done]
            cells = []
            for item in ITEMS:
                values = [row[item.key] for row in rows if row[item.key] is not None]
                cells.append(f"{sum(values) / item.levels[-1] / len(values):.0%}" if values else "—")
            print(f"| {done} | {len(rows)} | {' | '.join(cells)} |")


# -- edits -------------------------------------------------------------------------------------------------------------


def edits(db: Path, each: int) -> None:
    """Print how often an edit turns its item, and how often another one, by the rules.

    Args:
        db: A store with consultations of derm34; those are taken in which the item was met.
        each: Most consultations an edit.
    """
    scenario = load_scenario("derm34")
    tried = {
        **EDITS,
        "rude line": (lambda played: with_a_line(played, RUDE[len(played.acts) % len(RUDE)]), ""),
    }
    turned: dict[str, list[tuple[bool, list[str]]]] = {name: [] for name in tried}
    with Store(db, create=False) as store:
        for row in store.query("SELECT id, case_id FROM consultations WHERE status = 'finished' ORDER BY id"):
            played = Played(scenario.case(row["case_id"]), scenario, tuple(store.acts(row["id"])))
            before = assess_by_rules(played)
            for name, (edit, item) in tried.items():
                open_ = len(turned[name]) < each and (not item or before[item].value == 1)
                after = edit(played) if open_ else None
                if after is not None:
                    now = assess_by_rules(after)
                    changed = [k for k in BY_KEY if now[k].value != before[k].value]
                    turned[name].append((item in changed, [k for k in changed if k not in (item, "4.1")]))
    print("| edit | its item | turned | others that turned |\n|---|---|---|---|")
    for name, found in turned.items():
        others = [key for _, keys in found for key in keys]
        told = ", ".join(f"{key} {others.count(key)}" for key in BY_KEY if key in others) or "none"
        item = tried[name][1]
        print(
            f"| {name} | {item or '—'} | {f'{sum(hit for hit, _ in found)} of ' if item else ''}{len(found)} | {told} |"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "report", "edits"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "reading")
    parser.add_argument("--db", type=Path)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--batch", type=int, default=96)
    chosen = parser.parse_args()
    if chosen.what == "edits":
        edits(chosen.db, chosen.each)
    else:
        make(chosen.out, chosen.batch) if chosen.what == "make" else report(chosen.out)


if __name__ == "__main__":
    main()
