"""How good the default model's consultations are: every strategy and team on all test cases, with intervals.

Run: python benchmarks/consultations.py play --db FILE [--cells dialogue/panel,no-dialogue/solo] [--model starter]
     python benchmarks/consultations.py triage --db FILE        # replays the panel after a right and a wrong triage
     python benchmarks/consultations.py report --db FILE [--db FILE …]

`play` and `triage` take up what an earlier call left in the file. Intervals are 95 %: Wilson's for shares, the
bootstrap over cases (5,000 draws, seed 0) for means and for differences in pairs; McNemar's test is exact.
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

from consult.agents.acts import NOT_MY_FIELD, STRATEGIES, TEAMS, Act
from consult.agents.specialist import plurality
from consult.agents.temperament import temperaments
from consult.envs.batcher import Batcher
from consult.envs.cast import Models
from consult.envs.config import Plan, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.graph import Cast, Session, play
from consult.envs.runner import Runner
from consult.envs.store import Store
from consult.scenarios import URGENCIES, Scenario, load_scenario
from consult.scenarios.ceilings import ceilings
from consult.scenarios.grammar import Grammar

Row = dict[str, Any]
DRAWS = 5_000
REASONS = 300
"""Consultations whose stated reasons are held against what the attending was given."""
BY_ITSELF = "who said what, before the program put it right"
DIRECTIONS = {
    "facts volunteered an answer": "melancholic > sanguine > choleric > phlegmatic",
    "words an answer, facts left out": "melancholic, sanguine > choleric > phlegmatic",
    "asks back": "melancholic > choleric > sanguine > phlegmatic",
    "takes to the plan": "sanguine > phlegmatic > melancholic > choleric",
}
"""What was to be expected of the temperaments, written down before they were measured."""


# -- playing -----------------------------------------------------------------------------------------------------------


def configured(scenario: Scenario, strategy: str, team: str, model: str, cases: int, seed: int) -> RunConfig:
    """Configure a run over the first test cases, one temperament a case, balanced within every diagnosis."""
    ids, kinds, labels = scenario.case_ids("test")[:cases], tuple(temperaments()), len(scenario.labels)
    names = ("patient", "triage", "specialist", "attending")
    roles = {name: RunConfig.model_fields[name].default.model_copy(update={"model": model}) for name in names}
    moods = tuple(kinds[(place + place // labels) % len(kinds)] for place in range(len(ids)))
    return RunConfig(
        scenario="derm34", cases=tuple(ids), temperaments=moods, strategy=strategy, team=team, seed=seed, **roles
    )


def play_cells(db: Path, cells: Sequence[tuple[str, str]], model: str, cases: int, seed: int, batch: int) -> None:
    """Play the cells that the file does not hold yet."""
    scenario = load_scenario("derm34")
    for strategy, team in cells:
        config = configured(scenario, strategy, team, model, cases, seed)
        with Store(db) as store:
            if store.query("SELECT 1 FROM runs WHERE digest = ? AND status = 'finished'", config.digest()):
                continue
            summary = Runner(scenario, config, Models.open(config), store, batch=batch).run()
            print(f"{strategy}/{team}: {summary['correct']} of {summary['consultations']}", flush=True)


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
    cast, left = models.cast(config, batcher), iter(begun)

    async def worker() -> None:
        try:
            for consultation in left:
                await _to_the_conclusion(consultation, cast)
        finally:
            batcher.close()

    batcher.open(batch)
    await asyncio.gather(*(worker() for _ in range(batch)))
    batcher.shutdown()
    return begun


async def _to_the_conclusion(consultation: Consultation, cast: Cast) -> None:
    session = Session(str(consultation.plan.ordinal), consultation, cast, lambda idx, act: None)
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


def difference(a: Sequence[bool], b: Sequence[bool]) -> str:
    """Give the difference of two shares on the same cases, in points, with interval and McNemar's test."""
    import numpy as np
    from scipy.stats import binomtest

    x, rng = np.array(a, float) - np.array(b, float), np.random.default_rng(0)
    draws = x[rng.integers(0, len(x), (DRAWS, len(x)))].mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    won, lost = int((x > 0).sum()), int((x < 0).sum())
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    return f"{100 * x.mean():+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}); {won} : {lost}; p {p:.2g}"


def cell(store: Store, strategy: str, team: str) -> str | None:
    """Find the finished run of a cell; None where there is none."""
    rows = store.query(
        "SELECT id FROM runs WHERE status = 'finished' AND json_extract(config, '$.strategy') = ? "
        "AND json_extract(config, '$.team') = ? ORDER BY rowid DESC LIMIT 1",
        strategy,
        team,
    )
    return rows[0]["id"] if rows else None


@dataclass
class Played:
    """All finished cells of the files, and the cases they are about."""

    cells: dict[tuple[str, str], list[Row]]
    acts: dict[tuple[str, str], list[list[Act]]]
    scenario: Scenario

    @classmethod
    def read(cls, files: Sequence[Path]) -> Played:
        """Read them; a later file wins."""
        cells, acts = {}, {}
        for path in files:
            with Store(path, create=False) as store:
                for strategy in STRATEGIES:
                    for team in TEAMS:
                        run = cell(store, strategy, team)
                        if run is not None:
                            rows = store.consultations(run)
                            cells[strategy, team] = rows
                            acts[strategy, team] = [store.acts(row["id"]) for row in rows]
        return cls(cells, acts, load_scenario("derm34"))

    def right(self, strategy: str, team: str) -> list[bool]:
        """Tell for each case whether the final diagnosis was right."""
        return [bool(row["correct"]) for row in self.cells[strategy, team]]

    def main(self) -> list[tuple[Row, list[Act]]]:
        """Give the consultations of the panel in dialogue."""
        return list(zip(self.cells["dialogue", "panel"], self.acts["dialogue", "panel"], strict=True))


def report(files: Sequence[Path]) -> Iterator[str]:
    """Write the tables."""
    played = Played.read(files)
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
    yield "\n## On the same cases\n\n| | difference; won : lost; McNemar's p |\n|---|---|"
    for a, b in pairs:
        if a in played.cells and b in played.cells:
            yield f"| {'/'.join(a)} - {'/'.join(b)} | {difference(played.right(*a), played.right(*b))} |"


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
    return plurality(opinion.diagnosis for act in acts if act.action == "consult" for opinion in act.opinions)


def _opinions(acts: Sequence[Act]) -> list[str | None]:
    return [opinion.diagnosis for act in acts if act.action == "consult" for opinion in act.opinions]


def _panel(played: Played) -> Iterator[str]:
    main = [(row, _opinions(acts)) for row, acts in played.main()]
    own = [(r, o) for r, o in main if r["specialty"] == r["true_specialty"]]
    voted = [_plurality(acts) == row["truth"] for row, acts in played.main()]
    final = played.right("dialogue", "panel")
    yield "\n## Panel and attending\n\n| | |\n|---|---|"
    yield f"| opinions right | {of(d == r['truth'] for r, o in main for d in o)} |"
    yield f"| opinions right, in the own field | {of(d == r['truth'] for r, o in own for d in o)} |"
    yield f"| not my field | {of(d is None for _, o in main for d in o)} |"
    pairs = [(a == b) for _, o in main for i, a in enumerate(o) for b in o[i + 1 :]]
    yield f"| two members agree | {of(pairs)} |"
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
    arms = {"predicted": played.right("dialogue", "panel")}
    for path in files:
        for arm in ("right", "wrong"):
            found = path.with_suffix(f".{arm}.json")
            if found.exists():
                arms[arm] = [row["right"] for row in json.loads(found.read_text())]
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
    asked, repeated, covered, counts, worded, examined = 0, 0, [], [], [], []
    for _, acts in played.main():
        led = [act for act in acts if act.speaker == "attending" and act.action in ("ask", "examine")]
        seen: set[str | None] = set()
        for act in led:
            asked, repeated = asked + 1, repeated + (act.topic in seen)
            seen.add(act.topic)
        if len(led) >= 6:
            covered.append(_covered(acts, topics))
        counts.append(len(led))
        worded += [act.source == "program" for act in led]
        examined.append(any(act.action == "examine" for act in led))
    rows = played.cells["dialogue", "panel"]
    yield "\n## Interview\n\n| | |\n|---|---|"
    yield f"| questions and examinations a consultation | {mean(counts)} |"
    yield f"| about a topic asked before | {share(repeated, asked)} |"
    yield f"| worded by the program | {of(worded)} |"
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
    voice: str
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
            words = line.voice.split()
            figures["words an answer, facts left out"][mood].append(sum("FACT" not in word for word in words))
        if act.action == "satisfied" and act.accepts is not None:
            figures["takes to the plan"][mood].append(act.accepts)
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
    texts = [line.voice for line in lines]
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
    yield f"| temperament of a line | {of(by_line)} |"
    yield f"| temperament of a consultation | {of(np.array(whole) == np.array(truth))} |"
    for mood in temperaments():
        own = [line.voice for line in lines if line.temperament == mood]
        phrase, part = _commonest(own)
        yield f"| commonest phrase of 3 or more words, {mood} | '{phrase}' in {part:.1%} of {len(own)} lines |"
        if len(own) >= 100:
            yield f"| different voices in 100 lines, {mood} | {_distinct(own):.0f} |"


def _distinct(texts: Sequence[str]) -> float:
    rng = random.Random(0)
    return sum(len(set(rng.sample(list(texts), 100))) for _ in range(200)) / 200


def _commonest(texts: Sequence[str]) -> tuple[str, float]:
    counts: Counter[str] = Counter()
    for text in texts:
        words = re.findall(r"[a-z']+|FACT", text.replace("\u2019", "'"))
        grams = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
        counts.update(gram for gram in grams if "FACT" not in gram)
    phrase, count = counts.most_common(1)[0]
    return phrase, count / len(texts)


def _reasons(played: Played) -> Iterator[str]:
    """Hold what the attending states against what it was given."""
    tables = played.scenario.source.tables  # type: ignore[attr-defined]
    parts: dict[str, list[bool]] = defaultdict(list)
    for row, acts in islice(played.main(), REASONS):
        case = played.scenario.case(row["case_id"])
        finding = tables.values["morphology"][case.truth.morphology].finding
        concluded = next((act for act in acts if act.action == "conclude"), None)
        if concluded is None:
            continue
        said = " ".join(act.text for act in acts if act.speaker == "patient" or act.action == "examine").lower()
        named = [d or NOT_MY_FIELD for d in _opinions(acts)]
        found = list(_claims(concluded.thought, finding, said, named))
        for kind, true in found:
            parts[kind].append(true)
        stated = [true for kind, true in found if kind != BY_ITSELF]
        parts["all of a conclusion's reasons, as shown"].append(bool(stated) and all(stated))
        for act in acts:
            for opinion in act.opinions:
                match = re.search(r'"([^"]+)"', opinion.reason)
                if match:
                    parts["specialists: quoted, and said"].append(match.group(1).lower() in said)
    yield f"\n## Truth of the stated reasons, first {REASONS} consultations\n\n| claim | true |\n|---|---|"
    for kind, found in parts.items():
        yield f"| {kind} | {of(found)} |"


def _claims(thought: str, finding: str, said: str, named: Sequence[str]) -> Iterator[tuple[str, bool]]:
    seen = re.search(r"I see (.+?)\.(?:\s|$)", thought)
    if seen:
        yield "what the photograph shows", seen.group(1) == finding
    for quoted in re.findall(r'"([^"]+)"', thought):
        yield "what was said or measured (put in by the program)", quoted.lower() in said
    if named:
        own = f"Colleagues: {', '.join(named)}." in thought
        counted = ", ".join(f"{name} {n} of {len(named)}" for name, n in Counter(named).most_common())
        yield "who said what (put right by the program)", own or f"[colleagues: {counted}]" in thought
        yield BY_ITSELF, own


# -- command -----------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run one of the three steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("play", "triage", "report"))
    parser.add_argument("--db", type=Path, action="append", required=True)
    parser.add_argument("--cells", default=",".join(f"{s}/{t}" for s in STRATEGIES for t in TEAMS))
    parser.add_argument("--model", default="starter")
    parser.add_argument("--cases", type=int, default=680)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64)
    given = parser.parse_args()
    if given.step == "play":
        cells = [tuple(entry.split("/")) for entry in given.cells.split(",")]
        play_cells(given.db[0], cells, given.model, given.cases, given.seed, given.batch)  # type: ignore[arg-type]
    elif given.step == "triage":
        replay_triage(given.db[0], given.batch)
    else:
        for line in report(given.db):
            print(line)


if __name__ == "__main__":
    main()
