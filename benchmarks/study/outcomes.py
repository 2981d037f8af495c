"""Tables of what consultations come to: diagnosis, triage, panel, confidence, late alarms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from consult.agents.acts import Act
from consult.agents.choices import STRATEGIES, TEAMS
from consult.envs.store.write import Store
from consult.scenarios import URGENCIES, Case, load_scenario
from consult.scenarios.case_generator import Grammar
from consult.scenarios.ceilings import ceilings
from consult.scenarios.correct import plurality
from study.figures import calibration_error, difference, of, pooled
from study.played import Played, Row, cell, opinions_of, replays


def accuracy_table(played: Played) -> Iterator[str]:
    """Report how often each cell is right."""
    yield "\n## Final diagnosis\n\n| strategy | " + " | ".join(TEAMS) + " |\n|---|" + "---|" * len(TEAMS)
    for strategy in STRATEGIES:
        found = [of(played.right(strategy, t)) if (strategy, t) in played.cells else "not played" for t in TEAMS]
        yield f"| {strategy} | {' | '.join(found)} |"


def difference_table(played: Played) -> Iterator[str]:
    """Report the differences of cells on the same cases."""
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


def triage_table(played: Played) -> Iterator[str]:
    """Report specialty and urgency of triage."""
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
    return plurality(opinions_of(acts), lambda said: said)


def panel_table(played: Played) -> Iterator[str]:
    """Report the opinions, their vote, and what the attending makes of them."""
    main = [(row, opinions_of(acts)) for row, acts in played.main()]
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


def replay_table(files: Sequence[Path], played: Played) -> Iterator[str]:
    """Report the final diagnosis after a right, the predicted and a wrong triage."""
    arms = {"predicted": played.right("dialogue", "panel"), **replays(files)}
    if len(arms) < 3:
        return
    yield "\n## The panel after right, predicted and wrong triage\n\n| triage | final diagnosis right |\n|---|---|"
    for arm in ("right", "predicted", "wrong"):
        yield f"| {arm} | {of(arms[arm])} |"
    yield f"| right - wrong; won : lost; p | {difference(arms['right'], arms['wrong'])} |"


def group_table(played: Played) -> Iterator[str]:
    """Report the final diagnosis by skin type and drawing style."""
    rows, right = played.cells["dialogue", "panel"], played.right("dialogue", "panel")
    yield "\n## By skin type and drawing style\n\n| | final diagnosis right |\n|---|---|"
    types = {1: "I-II", 2: "I-II", 3: "III-IV", 4: "III-IV", 5: "V-VI", 6: "V-VI"}
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, hit in zip(rows, right, strict=True):
        groups[f"skin type {types.get(row['skin_type'], 'not known')}"].append(hit)
        groups[f"style {row['style']}"].append(hit)
    for name in sorted(groups):
        yield f"| {name} | {of(groups[name])} |"


def confidence_table(played: Played) -> Iterator[str]:
    """Report stated confidence against how often it is right."""
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


def late_alarms(path: Path) -> dict[str, list[bool]]:
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


def alarm_table(files: Sequence[Path]) -> Iterator[str]:
    """Report the consultations with a late alarm, and their twins without."""
    for path in files:
        found = late_alarms(path)
        if found:
            yield "\n## Late alarms\n\n| | |\n|---|---|"
            yield from (f"| {name} | {of(judged)} |" for name, judged in found.items())


def _sent(acts: Sequence[Act], case: Case) -> bool:
    """Tell whether the conclusion says where to go with an alarm of the case, or sends to an emergency department."""
    said = " ".join(act.text for act in acts if act.action == "conclude")
    return "emergency department" in said or any(
        alarm.where and alarm.where.rstrip(".") in said for alarm in case.card.alarms
    )
