"""How good the default model's consultations are: every strategy and team on all test cases, with intervals.

Run: python benchmarks/consultations.py play --db FILE [--cells dialogue/panel,no-dialogue/solo] [--model starter]
     python benchmarks/consultations.py triage --db FILE        # replays the panel after a right and a wrong triage
     python benchmarks/consultations.py alarms --db FILE        # plays the 600 cases with a late alarm and their twins
     python benchmarks/consultations.py report --db FILE [--db FILE …]

`play`, `triage` and `alarms` continue what an earlier call left in the file. Intervals are 95 %: Wilson's for shares of
consultations; the bootstrap over cases (5,000 draws, seed 0) for means, for differences in pairs and wherever one
consultation gives several items, whose consultation is then drawn as a whole; McNemar's test is exact.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from consult.agents.acts import NOT_MY_FIELD, Act
from consult.agents.choices import STRATEGIES, TEAMS
from consult.agents.roles.advice import sentences
from consult.agents.temperament import temperaments
from consult.envs.batcher import Batcher
from consult.envs.config import Plan, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.graph import RoleModels, Session, play
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import URGENCIES, Case, Fact, Scenario, load_scenario
from consult.scenarios.case_generator import Grammar
from consult.scenarios.ceilings import ceilings
from consult.scenarios.correct import plurality
from consult.scenarios.tables import FindingTables

Row = dict[str, Any]
DRAWS = 5_000
RUN = 4
"""Words in a row that count as taken over."""
REASONS = 300
"""Consultations whose stated reasons are held against what the attending was given."""
BY_ITSELF = "who said what, before the program put it right"
DIRECTIONS = {
    "facts volunteered an answer": "melancholic > sanguine > choleric > phlegmatic",
    "words an answer, facts left out": "melancholic, sanguine > choleric > phlegmatic",
    "asks back": "melancholic > choleric > sanguine > phlegmatic",
    "accepts the plan": "sanguine > phlegmatic > melancholic > choleric",
}
"""What was to be expected of the temperaments, written down before they were measured."""


# -- playing -----------------------------------------------------------------------------------------------------------


def configured(
    scenario: Scenario, strategy: str, team: str, model: str, cases: int, seed: int, split: str = "test"
) -> RunConfig:
    """Configure a run over a split's first cases, one temperament a case, balanced within every diagnosis."""
    ids, kinds, labels = scenario.case_ids(split)[:cases], tuple(temperaments()), len(scenario.labels)
    names = ("patient", "triage", "specialist", "attending")
    roles = {name: RunConfig.model_fields[name].default.model_copy(update={"model": model}) for name in names}
    moods = tuple(kinds[(place + place // labels) % len(kinds)] for place in range(len(ids)))
    return RunConfig(
        scenario="derm34", split=split, cases=tuple(ids), temperaments=moods, strategy=strategy, team=team, seed=seed,
        **roles,
    )  # fmt: skip


def play_cells(
    db: Path, cells: Sequence[tuple[str, str]], model: str, cases: int, seed: int, batch: int, split: str = "test"
) -> None:
    """Play the cells that the file does not hold yet."""
    scenario = load_scenario("derm34")
    for strategy, team in cells:
        config = configured(scenario, strategy, team, model, cases, seed, split)
        with Store(db) as store:
            if store.query("SELECT 1 FROM runs WHERE digest = ? AND status = 'finished'", config.digest()):
                continue
            summary = Runner(scenario, config, Models.open(config), store, batch=batch).run()
            print(f"{strategy}/{team}: {summary['correct']} of {summary['consultations']}", flush=True)


def play_alarms(db: Path, model: str, cases: int, seed: int, batch: int) -> None:
    """Play the cases of the split `alarms`, a patient with a late alarm and its twin without in turn."""
    scenario = load_scenario("derm34")
    config = configured(scenario, "dialogue", "panel", model, cases, seed, "alarms")
    with Store(db) as store:
        if not store.query("SELECT 1 FROM runs WHERE digest = ? AND status = 'finished'", config.digest()):
            Runner(scenario, config, Models.open(config), store, batch=batch).run()


def replay_triage(db: Path, batch: int) -> None:
    """Play the end of each finished dialogue of a panel again, as if triage had been right, or wrong."""
    scenario = load_scenario("derm34")
    with Store(db) as store:
        run = cell(store, "dialogue", "panel")
        config = RunConfig.model_validate_json(store.run(run)["config"])  # type: ignore[index]
        plans = {plan.ordinal: plan for plan in config.plan()}
        models = Models.open(config)
        for arm in ("right", "wrong"):
            begun = [
                _triaged(scenario, config, plans[row["ordinal"]], store.acts(row["id"]), arm)
                for row in store.consultations(run)
            ]
            ended = asyncio.run(_finish(config, models, begun, batch))
            path = db.with_suffix(f".{arm}.json")
            path.write_text(json.dumps([_outcome(consultation) for consultation in ended]))
            print(f"{path}: {sum(row['right'] for row in map(_outcome, ended))} of {len(ended)}", flush=True)


def _triaged(scenario: Scenario, config: RunConfig, plan: Plan, acts: list[Act], arm: str) -> Consultation:
    case = scenario.case(plan.case)
    consultation = Consultation(scenario, case, plan, max_turns=config.max_turns, panel_size=config.panel_size)
    right = case.truth.specialty or ""
    accepted = {right, scenario.labels[case.truth.diagnosis or ""].second_specialty}
    others = [specialty for specialty in scenario.specialties if specialty not in accepted]
    wrong = random.Random(f"wrong {plan.case}").choice(others)
    before = [act for act in acts[: next(i for i, act in enumerate(acts) if act.action in ("consult", "conclude"))]]
    given = right if arm == "right" else wrong
    consultation.restore([replace(act, specialty=given) if act.action == "triage" else act for act in before])
    return consultation


async def _finish(
    config: RunConfig, models: Models, begun: Sequence[Consultation], batch: int
) -> Sequence[Consultation]:
    batcher = Batcher(chunk=batch)
    role_models, left = models.role_models(config, batcher), iter(begun)

    async def worker() -> None:
        try:
            for consultation in left:
                await _to_the_conclusion(consultation, role_models)
        finally:
            batcher.close()

    batcher.open(batch)
    await asyncio.gather(*(worker() for _ in range(batch)))
    batcher.shutdown()
    return begun


async def _to_the_conclusion(consultation: Consultation, role_models: RoleModels) -> None:
    session = Session(str(consultation.plan.ordinal), consultation, role_models, lambda idx, act: None)
    await play(session)


def _outcome(consultation: Consultation) -> Row:
    opinions = consultation.consulted.opinions if consultation.consulted else ()
    concluded, truth = consultation.conclusion, consultation.case.truth.diagnosis
    return {
        "case": consultation.case.id,
        "right": bool(concluded) and concluded.diagnosis == truth,  # type: ignore[union-attr]
        "opinions_right": sum(opinion.diagnosis == truth for opinion in opinions),
    }


# -- figures -----------------------------------------------------------------------------------------------------------


def share(hits: int, n: int) -> str:
    """Give a share with Wilson's interval."""
    from scipy.stats import binomtest

    if not n:
        return "— (n 0)"
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return f"{hits / n:.1%} ({interval.low:.1%} to {interval.high:.1%}; {hits} of {n})"


def of(values: Iterable[Any]) -> str:
    """Give the share of true values."""
    found = [bool(value) for value in values]
    return share(sum(found), len(found))


def mean(values: Sequence[float]) -> str:
    """Give a mean with its bootstrap interval."""
    import numpy as np

    data, rng = np.array(values, float), np.random.default_rng(0)
    if not len(data):
        return "— (n 0)"
    draws = data[rng.integers(0, len(data), (DRAWS, len(data)))].mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return f"{data.mean():.2f} ({low:.2f} to {high:.2f}; n {len(data)})"


def pooled(groups: Iterable[Iterable[Any]]) -> str:
    """Give the share of true items, of which each group's are drawn together: the items of one consultation."""
    import numpy as np

    found = [[bool(value) for value in group] for group in groups]
    hits, sizes = np.array([sum(g) for g in found]), np.array([len(g) for g in found])
    if not sizes.sum():
        return "— (n 0)"
    drawn = np.random.default_rng(0).integers(0, len(found), (DRAWS, len(found)))
    draws = hits[drawn].sum(1) / np.maximum(sizes[drawn].sum(1), 1)
    low, high = np.quantile(draws, (0.025, 0.975))
    whole = hits.sum() / sizes.sum()
    return f"{whole:.1%} ({low:.1%} to {high:.1%}; {hits.sum()} of {sizes.sum()} in {(sizes > 0).sum()})"


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Give the expected calibration error over ten bins of equal width, 0 to 1."""
    import numpy as np

    stated, true = np.array(confidence, float), np.array(right, float)
    bins = np.minimum((stated * 10).astype(int), 9)
    gaps = [abs(stated[bins == b].mean() - true[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())]
    return float(sum(gaps))


def difference(a: Sequence[bool], b: Sequence[bool]) -> str:
    """Give the difference of two shares on the same cases, in points, with interval and McNemar's test."""
    import numpy as np
    from scipy.stats import binomtest

    x, rng = np.array(a, float) - np.array(b, float), np.random.default_rng(0)
    n = len(x)
    draws = x[rng.integers(0, n, (DRAWS, n))].mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    won, lost = int((x > 0).sum()), int((x < 0).sum())
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    return f"{100 * x.mean():+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}); {won} : {lost}; p {p:.2g}; n {n}"


def cell(store: Store, strategy: str, team: str, split: str = "test") -> str | None:
    """Find the finished run of a cell; None where there is none."""
    rows = store.query(
        "SELECT id FROM runs WHERE status = 'finished' AND json_extract(config, '$.strategy') = ? "
        "AND json_extract(config, '$.team') = ? AND json_extract(config, '$.split') = ? ORDER BY rowid DESC LIMIT 1",
        strategy,
        team,
        split,
    )
    return rows[0]["id"] if rows else None


@dataclass
class Played:
    """All finished cells of the files, and the cases they are about."""

    cells: dict[tuple[str, str], list[Row]]
    acts: dict[tuple[str, str], list[list[Act]]]
    scenario: Scenario

    @classmethod
    def read(cls, files: Sequence[Path], split: str = "test") -> Played:
        """Read a split's; a later file wins."""
        cells, acts = {}, {}
        for path in files:
            with Store(path, create=False) as store:
                for strategy in STRATEGIES:
                    for team in TEAMS:
                        run = cell(store, strategy, team, split)
                        if run is not None:
                            rows = store.consultations(run)
                            cells[strategy, team] = rows
                            acts[strategy, team] = [store.acts(row["id"]) for row in rows]
        return cls(cells, acts, load_scenario("derm34"))

    def right(self, strategy: str, team: str) -> list[bool]:
        """Tell for each case whether the final diagnosis was right."""
        return [bool(row["correct"]) for row in self.cells[strategy, team]]

    def on_same_cases(self, a: tuple[str, str], b: tuple[str, str]) -> tuple[list[bool], list[bool]]:
        """Return whether the diagnosis was right in two cells, for the cases that both played."""
        first, second = ({row["case_id"]: bool(row["correct"]) for row in self.cells[cell]} for cell in (a, b))
        common = [case for case in first if case in second]
        return [first[case] for case in common], [second[case] for case in common]

    def main(self) -> list[tuple[Row, list[Act]]]:
        """Give the consultations of the panel in dialogue."""
        return list(zip(self.cells["dialogue", "panel"], self.acts["dialogue", "panel"], strict=True))


def report(files: Sequence[Path], split: str = "test") -> Iterator[str]:
    """Write the tables."""
    played = Played.read(files, split)
    yield from _aims(files, played)
    yield from _accuracy(played)
    yield from _differences(played)
    if ("dialogue", "panel") in played.cells:
        yield from _triage(played)
        yield from _panel(played)
        yield from _triage_matters(files, played)
        yield from _groups(played)
        yield from _interview(played)
        yield from _temperaments(played)
        yield from _told_apart(played)
        yield from _reasons(played)
        yield from _lines(played)
        yield from _calibration(played)
    yield from _alarms(files)


def _worded(played: Played) -> tuple[dict[str, list[list[bool]]], list[list[bool]]]:
    """Tell of each line, by role, whether the program worded it, and of a conclusion's words whether they are new."""
    by_role: dict[str, list[list[bool]]] = defaultdict(list)
    taken: list[list[bool]] = []
    for row, acts in played.main():
        lines: dict[str, list[bool]] = defaultdict(list)
        for act in acts:
            role = "attending, leading" if act.speaker == "attending" and act.action != "conclude" else act.speaker
            role = "attending, concluding" if act.action == "conclude" else role
            if act.draft is not None:
                lines[role].append(act.draft.fallback)
            lines["specialists"] += [opinion.reason.startswith("[") for opinion in act.opinions]
            if act.action == "conclude":
                taken.append(_verbatim(act.text, played.scenario, row["diagnosis"]))
        for role, worded in lines.items():
            by_role[role].append(worded)
    return by_role, taken


def _lines(played: Played) -> Iterator[str]:
    """Count what the program had to word, and the words that are the scenario's own."""
    by_role, taken = _worded(played)
    yield "\n## Lines\n\n| | |\n|---|---|"
    for role, groups in by_role.items():
        yield f"| worded by the program, {role} | {pooled(groups)} |"
    yield f"| words of a conclusion in runs of {RUN} or more of the scenario's advice | {pooled(taken)} |"


def _verbatim(text: str, scenario: Scenario, diagnosis: str | None) -> list[bool]:
    """Tell of each word whether it stands in a run of words that the scenario's advice has, too."""
    label = scenario.labels.get(diagnosis or "")
    if label is None:
        return []
    runs = {
        tuple(words[i : i + RUN])
        for words in (_words(sentence) for sentence in sentences(label))
        for i in range(len(words) - RUN + 1)
    }
    said = _words(text)
    found = [False] * len(said)
    for i in range(len(said) - RUN + 1):
        if tuple(said[i : i + RUN]) in runs:
            found[i : i + RUN] = [True] * RUN
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def _calibration(played: Played) -> Iterator[str]:
    yield "\n## Confidence\n\n| | mean | right | expected calibration error |\n|---|---|---|---|"
    main = played.main()
    final = [
        (act.confidence, act.diagnosis == r["truth"]) for r, acts in main for act in acts if act.action == "conclude"
    ]
    triage = [
        (act.confidence, act.specialty == r["true_specialty"])
        for r, acts in main
        for act in acts
        if act.action == "triage"
    ]
    opinions = [(o.confidence, o.diagnosis == r["truth"]) for r, acts in main for act in acts for o in act.opinions]
    for name, found in (("final diagnosis", final), ("opinions", opinions), ("triage, specialty and urgency", triage)):
        known = [(confidence, right) for confidence, right in found if confidence is not None]
        if known:
            stated, true = [c for c, _ in known], [right for _, right in known]
            error = calibration_error(stated, true)
            yield f"| {name} | {sum(stated) / len(stated):.1%} | {sum(true) / len(true):.1%} | {error:.3f} |"


ALARM_AIMS = {
    "alarms brought out by a question, or told": ("≥ 60 %", 0.6),
    "of the alarms told: final urgency right": ("≥ 90 %", 0.9),
    "of the alarms told: told where to go with it": ("≥ 95 %", 0.95),
    "without an alarm: over-triage": ("≤ 5 %", -0.05),
}
"""Estimate → the bound in words, and as a number: the least share, or minus the most."""


def _late_alarms(path: Path) -> dict[str, list[bool]]:
    """Judge the consultations with a late alarm, and their twins without; empty where none were played."""
    with Store(path, create=False) as store:
        run = cell(store, "dialogue", "panel", "alarms")
        rows = store.consultations(run) if run else []
        acts = {row["id"]: store.acts(row["id"]) for row in rows}
    if not rows:
        return {}
    scenario = load_scenario("derm34")
    order = {urgency: i for i, urgency in enumerate(URGENCIES)}
    alarmed = [row for row in rows if row["red_flag"] not in (None, "none")]
    calm = [row for row in rows if row["red_flag"] in (None, "none")]
    told = [row for row in alarmed if row["alarm_told"]]
    settled = [row for row in calm if row["final_urgency"]]
    return {
        "alarms brought out by a question, or told": [bool(row["alarm_told"]) for row in alarmed],
        "alarms brought out by a question": [row["alarm_told"] == "asked" for row in alarmed],
        "of the alarms told: final urgency right": [row["final_urgency"] == row["true_urgency"] for row in told],
        "of the alarms told: told where to go with it": [
            _sent(acts[row["id"]], scenario.case(row["case_id"])) for row in told
        ],
        "final urgency right, all with an alarm": [row["final_urgency"] == row["true_urgency"] for row in alarmed],
        "without an alarm: over-triage": [order[row["final_urgency"]] > order[row["true_urgency"]] for row in settled],
        "without an alarm: final urgency right": [row["final_urgency"] == row["true_urgency"] for row in calm],
        "diagnosis right, with an alarm": [bool(row["correct"]) for row in alarmed],
        "diagnosis right, without one": [bool(row["correct"]) for row in calm],
    }


def _alarms(files: Sequence[Path]) -> Iterator[str]:
    """Report the consultations with a late alarm, and their twins without."""
    for path in files:
        found = _late_alarms(path)
        if found:
            yield "\n## Late alarms\n\n| | |\n|---|---|"
            yield from (f"| {name} | {of(judged)} |" for name, judged in found.items())


def _sent(acts: Sequence[Act], case: Case) -> bool:
    """Tell whether the conclusion says where to go with an alarm of the case, or sends to an emergency department."""
    said = " ".join(act.text for act in acts if act.action == "conclude")
    return "emergency department" in said or any(
        alarm.where and alarm.where.rstrip(".") in said for alarm in case.card.alarms
    )


def _aims(files: Sequence[Path], played: Played) -> Iterator[str]:
    """Compare the results with the aims for the starter: aim, bound, figure, and whether it is met."""
    yield "\n## Aims and outcome\n\n| | aim | result | met |\n|---|---|---|---|"
    for name, bound, value, met in (
        *_aims_of_the_team(files, played),
        *_aims_of_lines(played),
        *_aims_of_alarms(files),
    ):
        yield f"| {name} | {bound} | {value} | {'yes' if met else 'no'} |"


Aim = tuple[str, str, str, bool]


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
        _, low, found = _paired(*played.on_same_cases(main, ("dialogue", "solo")))
        yield "`dialogue`, panel - solo", "interval above 0", found, low > 0
    if ("no-dialogue", "panel") in cells:
        gain, _, found = _paired(*played.on_same_cases(main, ("no-dialogue", "panel")))
        yield "panel, `dialogue` - `no-dialogue`", "≥ 10 points", found, gain >= 0.1
    arms = _arms(files)
    if len(arms) == 2:
        gain, _, found = _paired(arms["right"], arms["wrong"])
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


def _paired(a: Sequence[bool], b: Sequence[bool]) -> tuple[float, float, str]:
    import numpy as np

    x, rng = np.array(a, float) - np.array(b, float), np.random.default_rng(0)
    low = float(np.quantile(x[rng.integers(0, len(x), (DRAWS, len(x)))].mean(1), 0.025))
    return float(x.mean()), low, difference(a, b).partition(";")[0]


def _arms(files: Sequence[Path]) -> dict[str, list[bool]]:
    """Read what the panel came to after a right and after a wrong triage; empty where that was not played."""
    found = {}
    for path in files:
        for arm in ("right", "wrong"):
            replayed = path.with_suffix(f".{arm}.json")
            if replayed.exists():
                found[arm] = [row["right"] for row in json.loads(replayed.read_text())]
    return found


def _aims_of_lines(played: Played) -> Iterator[Aim]:
    if ("dialogue", "panel") not in played.cells:
        return
    for role, groups in _worded(played)[0].items():
        hits, n = sum(map(sum, groups)), sum(map(len, groups))
        yield f"lines worded by the program, {role}", "≤ 5 %", pooled(groups), n > 0 and hits <= 0.05 * n
    rows = played.cells["dialogue", "panel"]
    unfinished = sum(row["status"] == "unfinished" for row in rows)
    yield "unfinished", "≤ 1 %", share(unfinished, len(rows)), unfinished <= 0.01 * len(rows)


def _aims_of_alarms(files: Sequence[Path]) -> Iterator[Aim]:
    for path in files:
        for name, found in _late_alarms(path).items():
            if name in ALARM_AIMS and found:
                bound, least = ALARM_AIMS[name]
                part = sum(found) / len(found)
                yield name, bound, of(found), part <= -least if least < 0 else part >= least


def _accuracy(played: Played) -> Iterator[str]:
    yield "\n## Final diagnosis\n\n| strategy | " + " | ".join(TEAMS) + " |\n|---|" + "---|" * len(TEAMS)
    for strategy in STRATEGIES:
        found = [of(played.right(strategy, t)) if (strategy, t) in played.cells else "not played" for t in TEAMS]
        yield f"| {strategy} | {' | '.join(found)} |"


def _differences(played: Played) -> Iterator[str]:
    pairs = [
        (("dialogue", "panel"), ("no-dialogue", "panel")),
        (("dialogue", "panel"), ("text-only", "panel")),
        (("reasoning", "panel"), ("dialogue", "panel")),
        (("dialogue", "panel"), ("dialogue", "no-triage")),
        (("dialogue", "panel"), ("dialogue", "solo")),
        (("text-only", "panel"), ("text-only", "solo")),
        (("no-dialogue", "panel"), ("no-dialogue", "solo")),
        (("reasoning", "panel"), ("reasoning", "solo")),
        (("dialogue", "solo"), ("no-dialogue", "solo")),
        (("reasoning", "solo"), ("dialogue", "solo")),
    ]
    yield "\n## On the same cases\n\n| | difference; won : lost; McNemar's p; cases |\n|---|---|"
    for a, b in pairs:
        if a in played.cells and b in played.cells:
            yield f"| {'/'.join(a)} - {'/'.join(b)} | {difference(*played.on_same_cases(a, b))} |"


def _triage(played: Played) -> Iterator[str]:
    rows, scenario = played.cells["dialogue", "panel"], played.scenario
    order = {urgency: i for i, urgency in enumerate(URGENCIES)}
    most, _ = Counter(row["true_specialty"] for row in rows).most_common(1)[0]
    second = [scenario.labels[row["truth"]].second_specialty for row in rows]
    yield "\n## Triage\n\n| | |\n|---|---|"
    yield f"| specialty right | {of(r['specialty'] == r['true_specialty'] for r in rows)} |"
    lenient = (r["specialty"] in (r["true_specialty"], s) for r, s in zip(rows, second, strict=True))
    yield f"| right, or the accepted second | {of(lenient)} |"
    yield f"| majority baseline ({most}) | {of(r['true_specialty'] == most for r in rows)} |"
    if isinstance(scenario.source, Grammar):
        yield f"| Bayes ceiling | {ceilings(scenario.source, 1)[-1].value:.1%} (exact) |"
    named = [(order[r["urgency"]], order[r["true_urgency"]]) for r in rows if r["urgency"]]
    yield f"| urgency right | {of(a == b for a, b in named)} |"
    yield f"| under-triage | {of(a < b for a, b in named)} |"
    yield f"| over-triage | {of(a > b for a, b in named)} |"


def _plurality(acts: Sequence[Act]) -> str | None:
    return plurality(_opinions(acts), lambda said: said)


def _opinions(acts: Sequence[Act]) -> list[str | None]:
    return [opinion.diagnosis for act in acts if act.action == "consult" for opinion in act.opinions]


def _panel(played: Played) -> Iterator[str]:
    main = [(row, _opinions(acts)) for row, acts in played.main()]
    own = [(r, o) for r, o in main if r["specialty"] == r["true_specialty"]]
    voted = [_plurality(acts) == row["truth"] for row, acts in played.main()]
    final = played.right("dialogue", "panel")
    yield "\n## Panel and attending\n\n| | |\n|---|---|"
    yield f"| opinions right | {pooled([d == r['truth'] for d in o] for r, o in main)} |"
    yield f"| opinions right, in their own field | {pooled([d == r['truth'] for d in o] for r, o in own)} |"
    yield f"| not my field | {pooled([d is None for d in o] for _, o in main)} |"
    pairs = [[a == b for i, a in enumerate(o) for b in o[i + 1 :]] for _, o in main]
    yield f"| two members agree | {pooled(pairs)} |"
    yield f"| plurality vote of the panel | {of(voted)} |"
    yield f"| attending - plurality; won : lost; p | {difference(final, voted)} |"
    for k in range(4):
        yield f"| final diagnosis right, {k} of 3 opinions right | {of(_by_right(main, final, k))} |"
    for member in range(3):
        yield f"| member {member + 1} right | {of(o[member] == r['truth'] for r, o in main if o)} |"


def _by_right(main: Sequence[tuple[Row, list[str | None]]], final: Sequence[bool], k: int) -> list[bool]:
    return [
        right for (row, named), right in zip(main, final, strict=True) if sum(d == row["truth"] for d in named) == k
    ]


def _triage_matters(files: Sequence[Path], played: Played) -> Iterator[str]:
    arms = {"predicted": played.right("dialogue", "panel"), **_arms(files)}
    if len(arms) < 3:
        return
    yield "\n## The panel after right, predicted and wrong triage\n\n| triage | final diagnosis right |\n|---|---|"
    for arm in ("right", "predicted", "wrong"):
        yield f"| {arm} | {of(arms[arm])} |"
    yield f"| right - wrong; won : lost; p | {difference(arms['right'], arms['wrong'])} |"


def _groups(played: Played) -> Iterator[str]:
    rows, right = played.cells["dialogue", "panel"], played.right("dialogue", "panel")
    yield "\n## By skin type and drawing style\n\n| | final diagnosis right |\n|---|---|"
    types = {1: "I-II", 2: "I-II", 3: "III-IV", 4: "III-IV", 5: "V-VI", 6: "V-VI"}
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, hit in zip(rows, right, strict=True):
        groups[f"skin type {types.get(row['skin_type'], 'not known')}"].append(hit)
        groups[f"style {row['style']}"].append(hit)
    for name in sorted(groups):
        yield f"| {name} | {of(groups[name])} |"


def _interview(played: Played) -> Iterator[str]:
    topics = set(played.scenario.topics) | set(played.scenario.examinations)
    repeated: list[list[bool]] = []
    worded: list[list[bool]] = []
    covered, counts, examined = [], [], []
    for _, acts in played.main():
        led = [act for act in acts if act.speaker == "attending" and act.action in ("ask", "examine")]
        topics_asked = [act.topic for act in led]
        repeated.append([topic in topics_asked[:i] for i, topic in enumerate(topics_asked)])
        if len(led) >= 6:
            covered.append(_covered(acts, topics))
        counts.append(len(led))
        worded.append([act.source == "program" for act in led])
        examined.append(any(act.action == "examine" for act in led))
    rows = played.cells["dialogue", "panel"]
    yield "\n## Interview\n\n| | |\n|---|---|"
    yield f"| questions and examinations a consultation | {mean(counts)} |"
    yield f"| about a topic asked before | {pooled(repeated)} |"
    yield f"| worded by the program | {pooled(worded)} |"
    yield f"| topics known after 6 questions, of {len(topics)} | {mean(covered)} |"
    yield f"| consultations with an examination | {of(examined)} |"
    yield f"| share of the card disclosed | {mean([r['facts_disclosed'] / r['facts'] for r in rows])} |"
    yield f"| unfinished | {of(row['status'] == 'unfinished' for row in rows)} |"
    yield f"| failed | {of(row['status'] == 'failed' for row in rows)} |"


def _covered(acts: Sequence[Act], topics: set[str]) -> int:
    """Count the topics asked or told when the answer to the sixth question has come."""
    known: set[str] = set()
    questions = 0
    for act in acts:
        if act.speaker == "attending" and act.action in ("ask", "examine"):
            questions += 1
            if questions == 7:
                break
            known.add(act.topic or "")
        known |= set(act.facts)
    return len(known & topics)


@dataclass(frozen=True)
class Spoken:
    """One line of a patient."""

    consultation: int
    temperament: str
    act: Act
    client: str
    """The line with its facts taken out."""


def _patient_lines(played: Played) -> Iterator[Spoken]:
    for number, (row, acts) in enumerate(played.main()):
        card = played.scenario.case(row["case_id"]).card
        texts = {fact.id: fact.text for fact in (card.complaint, *card.facts)}
        for act in acts:
            if act.speaker == "patient":
                yield Spoken(number, row["temperament"], act, _voice(act, texts))


def _temperaments(played: Played) -> Iterator[str]:
    figures: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in DIRECTIONS}
    for line in _patient_lines(played):
        act, mood = line.act, line.temperament
        if act.action == "answer" and act.facts:
            figures["facts volunteered an answer"][mood].append(len(act.facts) - 1)
            words = line.client.split()
            figures["words an answer, facts left out"][mood].append(sum("FACT" not in word for word in words))
        if act.action == "satisfied" and act.accepts is not None:
            figures["accepts the plan"][mood].append(act.accepts)
    for row, acts in played.main():
        if any(act.action == "conclude" for act in acts) and row["urgency"] != "emergency":
            asks = any(act.speaker == "patient" and act.action == "ask" for act in acts)
            figures["asks back"][row["temperament"]].append(asks)
    kinds = list(temperaments())
    yield "\n## Temperaments\n\n| | expected | " + " | ".join(kinds) + " |\n|---|---|" + "---|" * len(kinds)
    for name, by_mood in figures.items():
        yield f"| {name} | {DIRECTIONS[name]} | {' | '.join(mean(by_mood[kind]) for kind in kinds)} |"


def _voice(act: Act, texts: Mapping[str, str]) -> str:
    """Give a line with its facts taken out: the voice alone."""
    text = act.text
    for name in act.facts:
        text = re.sub(re.escape(texts.get(name, "").rstrip(".")) or "$^", "FACT", text, flags=re.IGNORECASE)
    return text


def _told_apart(played: Played) -> Iterator[str]:
    """Classify the temperament from the voice alone; folds keep a consultation together."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    lines = list(_patient_lines(played))
    groups = np.array([line.consultation for line in lines])
    moods = np.array([line.temperament for line in lines])
    texts = [line.client for line in lines]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=2000)
    )
    guessed = cross_val_predict(model, texts, moods, groups=groups, cv=GroupKFold(5), method="predict_proba")
    classes = np.array(sorted(set(moods)))
    by_line = classes[guessed.argmax(1)] == moods
    whole, truth = [], []
    for number in np.unique(groups):
        mine = groups == number
        whole.append(classes[np.log(guessed[mine]).sum(0).argmax()])
        truth.append(moods[mine][0])
    yield "\n## Told apart by their words, facts left out\n\n| | |\n|---|---|"
    yield f"| temperament of a line | {pooled(by_line[groups == number] for number in np.unique(groups))} |"
    yield f"| temperament of a consultation | {of(np.array(whole) == np.array(truth))} |"
    for mood in temperaments():
        own = [line.client for line in lines if line.temperament == mood]
        phrase, part = _commonest(own)
        yield f"| most common phrase of 3 or more words, {mood} | '{phrase}' in {part:.1%} of {len(own)} lines |"
        if len(own) >= 100:
            yield f"| different voices in 100 lines, {mood} | {_distinct(own):.0f} |"


def _distinct(texts: Sequence[str]) -> float:
    rng = random.Random(0)
    return sum(len(set(rng.sample(list(texts), 100))) for _ in range(200)) / 200


def _commonest(texts: Sequence[str]) -> tuple[str, float]:
    counts: Counter[str] = Counter()
    for text in texts:
        found = re.findall(r"[A-Za-z']+", text.replace("\u2019", "'"))
        words = [word if word == "FACT" else word.lower() for word in found]
        grams = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
        counts.update(gram for gram in grams if "FACT" not in gram)
    phrase, count = counts.most_common(1)[0]
    return phrase, count / len(texts)


def _reasons(played: Played) -> Iterator[str]:
    """Hold what the attending states against what it was given."""
    tables = played.scenario.source.tables  # type: ignore[attr-defined]
    parts: dict[str, list[list[bool]]] = defaultdict(list)
    for row, acts in islice(played.main(), REASONS):
        case = played.scenario.case(row["case_id"])
        finding = tables.values["morphology"][case.truth.morphology].finding
        concluded = next((act for act in acts if act.action == "conclude"), None)
        if concluded is None:
            continue
        said = " ".join(act.text for act in acts if act.speaker == "patient" or act.action == "examine").lower()
        named = [d or NOT_MY_FIELD for d in _opinions(acts)]
        found = list(_claims(concluded.thought, finding, said, named))
        for kind in dict.fromkeys(kind for kind, _ in found):
            parts[kind].append([true for name, true in found if name == kind])
        stated = [true for kind, true in found if kind != BY_ITSELF]
        parts["all of a conclusion's reasons, as shown"].append([all(stated)])
        present = {fact.text.lower() for fact in _all_facts(case) if not fact.none}
        reasons = [opinion.reason for act in acts for opinion in act.opinions]
        quotes = [quote.lower() for reason in reasons for quote in re.findall(r'"([^"]+)"', reason)]
        parts["specialists: what is quoted was said"].append([quote in said for quote in quotes])
        parts["specialists: what is quoted is present, not denied"].append([quote in present for quote in quotes])
        shown = [name for reason in reasons for name in played.scenario.findings if name in reason]
        parts["specialists: what the photograph shows"].append([name == finding for name in shown])
        parts["specialists of a panel name one finding"].append([len(set(shown)) == 1] if shown else [])
        supports = list(_supports(tables, case, acts, concluded))
        parts["what a conclusion quotes supports its diagnosis (by the tables)"].append(supports)
    yield f"\n## Truth of the stated reasons, first {REASONS} consultations\n\n| claim | true |\n|---|---|"
    for kind, groups in parts.items():
        yield f"| {kind} | {pooled(groups)} |"


def _all_facts(case: Case) -> tuple[Fact, ...]:
    return (case.card.complaint, *case.card.facts, *case.card.examinations)


def _supports(tables: FindingTables, case: Case, acts: Sequence[Act], concluded: Act) -> Iterator[bool]:
    """Tell of each thing that the conclusion's thought quotes whether the diagnosis has it more often than all have."""
    import numpy as np

    if concluded.diagnosis not in tables.labels:
        return
    quoted = {f.topic: f.value for f in _all_facts(case) if f'"{f.text}"' in concluded.thought}
    seen = re.search(r"I see (.+?)\.(?:\s|$)", concluded.thought)
    if seen:
        named = [key for key, value in tables.values["morphology"].items() if value.finding == seen.group(1)]
        quoted |= {"morphology": named[0]} if named else {}
    for topic, value in quoted.items():
        column = np.exp(tables.log_column(topic, (value,) if topic in tables.several else value, {}))
        yield bool(column[tables.labels.index(concluded.diagnosis)] > column.mean())


def _claims(thought: str, finding: str, said: str, named: Sequence[str]) -> Iterator[tuple[str, bool]]:
    seen = re.search(r"I see (.+?)\.(?:\s|$)", thought)
    if seen:
        yield "what the photograph shows", seen.group(1) == finding
    for quoted in re.findall(r'"([^"]+)"', thought):
        yield "what was said or measured (inserted by the program)", quoted.lower() in said
    if named:
        own = f"Colleagues: {', '.join(named)}." in thought
        counted = ", ".join(f"{name} {n} of {len(named)}" for name, n in Counter(named).most_common())
        yield "who said what (corrected by the program)", own or f"[colleagues: {counted}]" in thought
        yield BY_ITSELF, own


# -- command -----------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run one of the four steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("play", "triage", "alarms", "report"))
    parser.add_argument("--db", type=Path, action="append", required=True)
    parser.add_argument("--cells", default=",".join(f"{s}/{t}" for s in STRATEGIES for t in TEAMS))
    parser.add_argument("--model", default="starter")
    parser.add_argument("--split", default="test", help="of the cells of `play` and `report`")
    parser.add_argument("--cases", type=int, default=680)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64)
    given = parser.parse_args()
    if given.step == "play":
        cells = [tuple(entry.split("/")) for entry in given.cells.split(",")]
        play_cells(given.db[0], cells, given.model, given.cases, given.seed, given.batch, given.split)  # type: ignore[arg-type]
    elif given.step == "alarms":
        play_alarms(given.db[0], given.model, given.cases, given.seed, given.batch)
    elif given.step == "triage":
        replay_triage(given.db[0], given.batch)
    else:
        for line in report(given.db, given.split):
            print(line)


if __name__ == "__main__":
    main()
