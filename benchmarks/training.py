"""The experiments of docs/training-results.md: many trainings, two at once, one thread each, and tables over them.

Run: python benchmarks/training.py run --out DIR [--only triage,attending,…] [--seeds 5] [--at-once 2] [--scale 1]
     python benchmarks/training.py tables --out DIR

`run` goes on where it was stopped: what is finished is left, what was begun is taken up. `--scale 0.1` takes a tenth of
the minutes and of the cases, to try it out, in DIR/scale-0.1. `tables` writes DIR/tables.md from what each
training has kept; it needs no model. Groups:

triage         start, SFT, GRPO, SFT then GRPO on the 680 test cases, the same minutes each
elsewhere      start, SFT, GRPO at a hospital that sends nine of the diagnoses to other specialties than derm34 does
attending      the four arms of the curriculum on made-up panels (five an interview), test decisions at each `s`
panel          GRPO and SFT on the opinions of the starter's own panel, three seeds
stages         the full curriculum with easy alone, and with easy and medium
rationale      the attending's reason before, after, nowhere, three seeds
left-out       one specialty left out of training, tested on it: GRPO and SFT, three seeds
interview      questions and decisions over whole consultations, three seeds
chained        the decision of an attending that learned to interview, with a triage that was trained: GRPO and SFT
team           what was trained in whole consultations against the starter; no triage, no specialists
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from training_tables import tables

import consult.scenarios

CASES, VALIDATION = 1_000, 170
"""Train and validation cases whose interviews are played."""
MINUTES = {"triage": 3.0, "elsewhere": 2.0, "panel": 2.0, "left-out": 1.0, "chained": 4.0}
"""Of one training of a group, with its looks at validation cases; the first look and the test come on top."""
STEPS = {"attending": 120, "stages": 120, "rationale": 120, "interview": 40}
"""Of one training of a group whose arms are to have seen equally much, and not to have had equal time."""
SYNTHETIC_PANEL_ACCURACY, DRAWS = 0.5, 5
"""Of made-up panels: with 5 panels for each of 680 interviews there are about 425 with none right, and 425 with all."""
LEFT_OUT = ("dermatology", "skin-infection clinic", "dentistry")
"""The specialties of the most labels."""
ELSEWHERE = (
    "eczema",
    "ingrown nail",
    "molluscum contagiosum",
    "nail dystrophy",
    "onycholysis",
    "onychomycosis",
    "seborrheic keratosis",
    "stomatitis",
    "warts",
)
"""Diagnoses that another hospital sends to what is their second specialty in derm34; it has no nail clinic."""
GROUPS = (
    "triage",
    "elsewhere",
    "attending",
    "panel",
    "stages",
    "rationale",
    "left-out",
    "interview",
    "chained",
    "team",
)
Words = tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One training, or one run of consultations."""

    group: str
    arm: str
    seed: int
    words: Words
    """After `consult`; the folder is put behind `--out`."""
    needs: tuple[str, ...] = ()
    """Names of runs whose folders it takes."""

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.group}/{self.arm.replace(' ', '-')}/{self.seed}"

    @property
    def interviews(self) -> str | None:
        """Which interviews it decides on; None where it plays its own, or none."""
        if self.words[:2] != ("train", "attending"):
            return None
        return f"interviews-{self.seed}" if self.group == "chained" else "interviews"


def trainings(seeds: int, scale: float, out: Path) -> list[Run]:
    """List every training, groups in their order, seeds outermost so that early results are of all arms."""
    # A reason costs most of a step's time; whether it is worth that is the group `rationale`'s question.
    brief = ("--rationale", "none")
    made = ("--panel-skill", str(SYNTHETIC_PANEL_ACCURACY), "--panel-draws", str(DRAWS), *brief)
    few = ("--prompts", "8", "--group", "8")
    db = out / "interviews.db"

    def run(group: str, role: str, arm: str, seed: int, *words: str, needs: tuple[str, ...] = ()) -> Run:
        end = (
            ("--steps", str(round(STEPS[group] * scale)))
            if group in STEPS
            else ("--minutes", f"{MINUTES[group] * scale:g}")
        )
        said = ("train", role, *end, "--seed", str(seed), *words)
        if role == "attending":
            cases, validation = round(CASES * scale), round(VALIDATION * scale)
            said += ("--cases", str(cases), "--validation", str(validation), "--db", str(db))
        elif role == "interview" or scale < 1:
            said += ("--validation", str(round((VALIDATION if role == "interview" else 680) * scale)))
        if scale < 1:
            said += ("--test", str(round(680 * scale)))
        return Run(group, arm, seed, said, needs)

    found: list[Run] = []
    for seed in range(1, seeds + 1):
        found += [run("triage", "triage", m, seed, "--method", m) for m in ("sft", "grpo", "sft+grpo")]
        found += [
            run("attending", "attending", arm, seed, "--curriculum", arm, *made)
            for arm in ("none", "order", "entropy", "full")
        ]
        found += [
            run("elsewhere", "triage", m, seed, "--method", m, "--scenario", str(out / "elsewhere"))
            for m in ("sft", "grpo")
        ]
    for seed in range(1, min(seeds, 3) + 1):
        found += [run("panel", "attending", m, seed, "--method", m, *brief) for m in ("sft", "grpo")]
        full = ("--curriculum", "full", *made)
        found += [
            run("stages", "attending", stages.replace(",", " and "), seed, *full, "--stages", stages)
            for stages in ("easy", "easy,medium")
        ]
        found += [run("rationale", "attending", r, seed, "--rationale", r, *few) for r in ("before", "after", "none")]
        found += [
            run("left-out", "attending", f"{m} without {s}", seed, "--method", m, "--leave-out", s, *brief)
            for s in LEFT_OUT
            for m in ("sft", "grpo")
        ]
        found.append(
            run("interview", "interview", "grpo", seed, *few, "--check-every", "10", "--learning-rate", "4e-4")
        )
        learned = (f"triage/grpo/{seed}", f"interview/grpo/{seed}")
        start = ("--triage", str(out / learned[0]), "--model", str(out / learned[1]))
        found += [
            run("chained", "attending", m, seed, "--method", m, *start, *brief, needs=learned) for m in ("sft", "grpo")
        ]
    return sorted(found, key=lambda one: GROUPS.index(one.group))


def write_elsewhere(folder: Path) -> None:
    """Write derm34 as another hospital would: the same cases, other ways."""
    shutil.copytree(Path(consult.scenarios.__file__).parent / "derm34", folder, dirs_exist_ok=True)
    path = folder / "labels.yaml"
    tables = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in ELSEWHERE:
        label = tables["labels"][name]
        first, second = label["specialty"], label["second_specialty"]
        label["specialty"], label["second_specialty"] = second, None if first == "nail clinic" else first
    path.write_text(yaml.safe_dump(tables, sort_keys=False, allow_unicode=True), encoding="utf-8")


def consultations(seeds: int, scale: float, out: Path) -> list[Run]:
    """List the whole consultations on the 680 test cases: the starter's, the trained ones', and the ablations.

    The seed is that of the trainings; what is drawn in play is the same for all.
    """
    found: list[Run] = []

    def run(arm: str, seed: int, team: str = "panel", **trained: str) -> None:
        words = ["simulate", "--cases", str(round(680 * scale)), "--batch", "128", "--team", team]
        for role, folder in trained.items():
            words += [f"--{role}", str(out / folder)]
        found.append(Run("team", arm, seed, tuple(words), tuple(trained.values())))

    run("starter", 0)
    for seed in range(1, min(seeds, 3) + 1):
        triage = f"triage/grpo/{seed}"
        run("triage alone", seed, triage=triage)
        run("trained", seed, triage=triage, attending=f"panel/grpo/{seed}")
        run("interviewer", seed, triage=triage, attending=f"interview/grpo/{seed}")
        run("chained", seed, triage=triage, attending=f"chained/grpo/{seed}")
        run("chained copied", seed, triage=triage, attending=f"chained/sft/{seed}")
    run("with reasons", 1, triage="triage/grpo/1", attending="rationale/before/1")
    run("copied", 1, triage="triage/sft/1", attending="panel/sft/1")
    for team in ("no-triage", "solo"):
        run(f"starter {team}", 0, team)
        run(f"trained {team}", 1, team, attending="panel/grpo/1")
    return found


# -- running -----------------------------------------------------------------------------------------------------------


def is_over(run: Run, out: Path) -> bool:
    """Tell whether a run is finished."""
    folder = out / run.name
    return (folder / ("metrics.json" if run.words[0] == "train" else "finished")).is_file()


def begin(run: Run, out: Path) -> subprocess.Popen[bytes]:
    """Start a run as a process of its own on one thread."""
    folder = out / run.name
    folder.parent.mkdir(parents=True, exist_ok=True)
    if run.words[0] == "train":
        words = [*run.words, "--out", str(folder), "--threads", "1", "--resume"]
        log = folder.with_suffix(".log")
    else:
        folder.mkdir(exist_ok=True)
        words = [*run.words, "--db", str(folder / "consult.db"), "--json"]
        log = folder / "events.jsonl"
    env = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    print(f"{time.strftime('%X')}  consult {' '.join(words)}", flush=True)
    with log.open("ab") as stream:
        return subprocess.Popen([sys.executable, "-m", "consult", *words], stdout=stream, stderr=stream, env=env)


def run_all(runs: Sequence[Run], out: Path, at_once: int) -> int:
    """Run what is not over, a few at once; give how many failed."""
    left = [run for run in runs if not is_over(run, out)]
    live: list[tuple[Run, subprocess.Popen[bytes]]] = []
    failed = 0
    while left or live:
        on_their_way = [one for one, _ in live]
        for run in [run for run in left if _lacks(run, [*left, *on_their_way], out)]:
            left.remove(run)
            print(f"{time.strftime('%X')}  {run.name}: left out, since what it takes is not there", flush=True)
            failed += 1
        following = next((run for run in left if not _waits(run, left, on_their_way, out)), None)
        if following is not None and len(live) < at_once:
            left.remove(following)
            live.append((following, begin(following, out)))
            continue
        time.sleep(1)
        for run, process in [*live]:
            if process.poll() is not None:
                live.remove((run, process))
                failed += _ended(run, process.returncode, out)
    return failed


def _lacks(run: Run, to_come: Sequence[Run], out: Path) -> bool:
    """Tell whether a run takes a folder that is not there and will not be."""
    coming = {one.name for one in to_come}
    return any(name not in coming and not (out / name / "metrics.json").is_file() for name in run.needs)


def _waits(run: Run, left: Sequence[Run], live: Sequence[Run], out: Path) -> bool:
    """Tell whether a run waits for another's folder, or for the interviews that one on its way collects."""
    collects = run.interviews is not None and not _kept(run.interviews, out).is_file()
    needed = any(one.name in run.needs for one in [*left, *live])
    return needed or (collects and any(one.interviews == run.interviews for one in live))


def _kept(interviews: str, out: Path) -> Path:
    """Give the file that marks that interviews are in the store."""
    return out / f"{interviews}.kept"


def _ended(run: Run, code: int, out: Path) -> int:
    print(f"{time.strftime('%X')}  {run.name}: {'done' if code == 0 else f'exit code {code}'}", flush=True)
    if code == 0 and run.words[0] == "simulate":
        (out / run.name / "finished").touch()
    if code == 0 and run.interviews is not None:
        _kept(run.interviews, out).touch()
    return int(code != 0)


def write_tables(runs: Sequence[Run], out: Path) -> None:
    """Write the tables over what is finished."""
    groups: dict[str, dict[str, list[Path]]] = {}
    for run in runs:
        if is_over(run, out):
            groups.setdefault(run.group, {}).setdefault(run.arm, []).append(out / run.name)
    path = out / "tables.md"
    path.write_text(tables(groups), encoding="utf-8")
    print(path)


def main() -> None:
    """Run, or make the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "tables", "list"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default=",".join(GROUPS), help="groups, separated by commas")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="of the minutes")
    asked = parser.parse_args()
    target = asked.only.split(",")
    unknown = ", ".join(group for group in target if group not in GROUPS)
    if unknown:
        parser.error(f"there is no group {unknown}; take some of {', '.join(GROUPS)}")
    # What is tried out at a smaller scale is not taken for the whole.
    asked.out = asked.out if asked.scale == 1 else asked.out / f"scale-{asked.scale:g}"
    asked.out.mkdir(parents=True, exist_ok=True)
    every = [*trainings(asked.seeds, asked.scale, asked.out), *consultations(asked.seeds, asked.scale, asked.out)]
    runs = [run for run in every if run.group in target]
    if asked.what == "list":
        for run in runs:
            print(f"{'over' if is_over(run, asked.out) else 'to do'}  {run.name}  consult {' '.join(run.words)}")
    elif asked.what == "run":
        if "elsewhere" in target:
            write_elsewhere(asked.out / "elsewhere")
        failed = run_all(runs, asked.out, asked.at_once)
        write_tables(every, asked.out)
        sys.exit(1 if failed else 0)
    else:
        write_tables(every, asked.out)


if __name__ == "__main__":
    main()
