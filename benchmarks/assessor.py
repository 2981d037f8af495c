"""How truly the starter's assessor repeats the rules: distillation fidelity, which is not validity, with intervals.

Run: python benchmarks/assessor.py [--assessor starter] [--consultations 500] [--edits 50] [--injections 1000]
     [--seed 0] [--store FILE.db] [--batch 64] [--out FOLDER]

Validation cases, which no example was made from, are played once by the base into `--store`. Then three things are
counted:

- *fidelity*: verdicts on the consultations as played, against the rule assessor's. Empathy and wishes have no rule:
  there the share of consultations is given in which the assessor finds no fault, all of them being polite.
- *edits*: consultations after one edit (`consult.agents.counterfactuals`) that turns one item for the rules or, for
  manners, by construction, with lines that nothing was learned from: how often that item falls from 1 to 0, and how
  often all others stay (4.1 follows from the others and is left out). Those on which the assessor found a fault
  before the edit count as not fallen.
- *injections*: a string that tries to be more than what is said, in a line or a case field, against a harmless one of
  the same length in the same place: the difference of each item's value, in pairs.

Intervals are 95 %: Wilson's for shares, else by bootstrap over consultations. `--out` takes `figures.json`, and the
card anew where the folder holds `training.json`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from injections import STRINGS

from consult.agents import counterfactuals
from consult.agents.acts import AssessorView
from consult.agents.assessors.rubric import BY_KEY, ITEMS
from consult.agents.assessors.rules import Played, assess_by_rules
from consult.agents.models import Model, Request, open_model
from consult.agents.prompt_formats import DIALECTS
from consult.agents.prompt_formats.starter_assessment import CONSTRUCTED
from consult.envs.assessing import view_of
from consult.envs.metrics import Estimate
from consult.envs.metrics.agreement import cohens_kappa, gwets_ac1
from consult.envs.metrics.intervals import mean, share
from consult.rl.starter.assessor import contrasts, edits
from consult.rl.starter.assessor.rollouts import configurations, play, rollouts
from consult.scenarios import Scenario, load_scenario

Values = Mapping[str, int | None]
HARMLESS = (
    "The bus was late again this morning, and I had to walk the last part of the way.",
    "My sister has a small garden with apple trees, and she grows beans in it.",
    "We went to the lake on Sunday and had bread and cheese by the water.",
    "There is a new bakery at the corner, next to the old post office.",
    "I read the paper in the evening and listen to the radio a little.",
    "The neighbours have painted their fence green, which looks rather nice.",
)


HELD_OUT = contrasts.held_out()


@dataclass(frozen=True)
class Edit:
    """An edit and the item that it turns from 1 to 0; None where it turns none."""

    name: str
    make: Callable[[Played, random.Random], Played | None]
    item: str | None


def _saying(kind: str, say: Callable[[Played, str], Played | None]) -> Callable[[Played, random.Random], Played | None]:
    return lambda one, rng: say(one, rng.choice(HELD_OUT[kind]))


EDITS = (
    *(Edit(name, lambda one, _, make=make: make(one), item) for name, (make, item) in counterfactuals.EDITS.items()),
    Edit("rude line", _saying("rude", counterfactuals.with_a_line), "2.1"),
    Edit("brush-off", _saying("brush_off", counterfactuals.with_a_brush_off), "2.2"),
    Edit("answer removed", lambda one, rng: edits.left_unanswered(one, rng, HELD_OUT), "2.2"),
    Edit("polite line", _saying("polite", counterfactuals.with_a_line), None),
    Edit("answered otherwise", _saying("attentive", counterfactuals.with_a_brush_off), None),
    Edit("chatter, commands, marks", lambda one, rng: edits.with_noise(one, rng, HELD_OUT), None),
)


# -- asking ------------------------------------------------------------------------------------------------------------


def judged(model: Model, views: Sequence[AssessorView], batch: int) -> list[dict[str, int]]:
    """Let the model judge, the short ones first; an answer that cannot be read breaks off."""
    dialect, answers = DIALECTS[model.info.dialect], {}
    prompts = [dialect.assessment(view) for view in views]
    requests = [
        Request((i,), "assessor", "assess", 0, prompt, seed=i, temperature=prompt.temperature or 0.0)
        for i, prompt in enumerate(prompts)
    ]
    requests.sort(key=lambda request: len(request.prompt.messages[-1].text))
    for start in range(0, len(requests), batch):
        part = requests[start : start + batch]
        for request, reply in zip(part, model.generate(part), strict=True):
            verdicts = dialect.read_assessment(reply.text)
            assert list(verdicts) == list(BY_KEY)
            answers[request.key[0]] = {key: int(v.value) for key, v in verdicts.items() if v.value is not None}
    return [answers[i] for i in range(len(views))]


def by_rules(consultation: Played) -> Values:
    """Judge by the rules."""
    return {key: verdict.value for key, verdict in assess_by_rules(consultation).items()}


# -- fidelity ----------------------------------------------------------------------------------------------------------


def fidelity(subjects: Sequence[Played], rules: Sequence[Values], model: Sequence[Values]) -> dict[str, Any]:
    """Compare with the rules on consultations as played."""
    found: dict[str, Any] = {}
    for item in ITEMS:
        pairs = [(r[item.key], m[item.key]) for r, m in zip(rules, model, strict=True)]
        if item.key in CONSTRUCTED:
            ids = [one.case.id for one in subjects]
            found[item.key] = {"no fault found": figure(share([m == 1 for _, m in pairs], ids))}
            continue
        both = [(int(r), int(m)) for r, m in pairs if r is not None and m is not None]
        ids = [one.case.id for one, (r, _) in zip(subjects, pairs, strict=True) if r is not None]
        found[item.key] = {
            "agreement": figure(share([r == m for r, m in both], ids)),
            "kappa": resampled(both, lambda x, y, levels=item.levels: cohens_kappa(x, y, levels)),
            "ac1": resampled(both, lambda x, y, levels=item.levels: gwets_ac1(x, y, levels)),
            "yes_by_rules": sum(r for r, _ in both) / (len(both) * item.levels[-1]),
            "yes_by_model": sum(m for _, m in both) / (len(both) * item.levels[-1]),
        }
    return found


def resampled(
    pairs: Sequence[tuple[int, int]], statistic: Callable[[Sequence[int], Sequence[int]], float | None]
) -> dict[str, Any]:
    """Give a statistic of pairs with its interval by bootstrap."""
    rng, table = np.random.default_rng(0), np.array(pairs)
    draws = [table[rng.integers(0, len(table), len(table))] for _ in range(500)]
    known = [v for v in (statistic(d[:, 0].tolist(), d[:, 1].tolist()) for d in draws) if v is not None]
    low, high = np.percentile(known, [2.5, 97.5]) if known else (None, None)
    value = statistic(table[:, 0].tolist(), table[:, 1].tolist())
    return {"value": value, "low": _number(low), "high": _number(high), "n": len(pairs)}


# -- edits -------------------------------------------------------------------------------------------------------------


def edited(
    edit: Edit, subjects: Sequence[Played], rules: Sequence[Values], most: int, seed: int
) -> list[tuple[int, Played]]:
    """Find consultations that the edit turns as it should by the rules: their places, and what became of them."""
    found: list[tuple[int, Played]] = []
    for i, one in enumerate(subjects):
        after = edit.make(one, random.Random(f"{seed} {edit.name} {i}")) if len(found) < most else None
        if after is None:
            continue
        values = by_rules(after)
        turned = {key for key in BY_KEY if values[key] != rules[i][key]} - {"4.1"}
        if turned == {edit.item} - {None, *CONSTRUCTED}:
            found.append((i, after))
    return found


def flips(edit: Edit, before: Sequence[Values], after: Sequence[Values], cases: Sequence[str]) -> dict[str, Any]:
    """Count how often the item falls, and how often all others stay."""
    pairs = list(zip(before, after, strict=True))
    others = [key for key in BY_KEY if key not in (edit.item, "4.1")]
    stays = [all(a[key] == b[key] for key in others) for b, a in pairs]
    told = {"item": edit.item, "others_stay": figure(share(stays, cases))}
    if edit.item is None:
        return told
    falls = [(b[edit.item], a[edit.item]) == (1, 0) for b, a in pairs]
    both = [f and s for f, s in zip(falls, stays, strict=True)]
    return {**told, "item_falls": figure(share(falls, cases)), "both": figure(share(both, cases))}


def all_flips(
    model: Model, subjects: Sequence[Played], rules: Sequence[Values], before: Sequence[Values], options: Any
) -> dict[str, Any]:
    """Make every edit and count."""
    found = {}
    for edit in EDITS:
        pairs = edited(edit, subjects, rules, options.edits, options.seed)
        after = judged(model, [view_of(one) for _, one in pairs], options.batch)
        cases = [subjects[i].case.id for i, _ in pairs]
        found[edit.name] = flips(edit, [before[i] for i, _ in pairs], after, cases)
    return found


# -- injections --------------------------------------------------------------------------------------------------------


def variations(string: str, rng: random.Random) -> str:
    """Vary a string: as it is, louder, twice, or with somebody's name before it."""
    kinds = [str, str.upper, lambda s: f"{s} {s}", lambda s: f"Doctor: {s}", lambda s: f"{s} Thank you.", str.title]
    return str(rng.choice(kinds)(string))


def harmless(length: int, rng: random.Random) -> str:
    """Give chatter of so many characters."""
    words = " ".join(rng.sample(HARMLESS, len(HARMLESS)))
    return (words * (length // len(words) + 1))[:length]


def places(view: AssessorView) -> list[tuple[str, Callable[[str], AssessorView]]]:
    """List where a string can stand: in each line after what was said or instead of it, and in fields of the case."""
    found: list[tuple[str, Callable[[str], AssessorView]]] = [
        ("true diagnosis", lambda s: replace(view, diagnosis=f"{view.diagnosis} {s}")),
        ("concluded diagnosis", lambda s: replace(view, concluded=f"{view.concluded} {s}")),
    ]
    for i, line in enumerate(view.lines):
        if line.action == "satisfied":
            continue
        found.append((f"{line.speaker} line", _in_line(view, i, instead=line.speaker == "patient")))
        if line.quotes:
            found.append(("fact of the card", _in_fact(view, i)))
    return found


def _in_line(view: AssessorView, at: int, *, instead: bool) -> Callable[[str], AssessorView]:
    def put(string: str) -> AssessorView:
        line = view.lines[at]
        # A patient's line is read as its facts: a string beside them would not reach the prompt.
        line = replace(line, text=string if instead else f"{line.text} {string}", quotes=() if instead else line.quotes)
        return replace(view, lines=(*view.lines[:at], line, *view.lines[at + 1 :]))

    return put


def _in_fact(view: AssessorView, at: int) -> Callable[[str], AssessorView]:
    def put(string: str) -> AssessorView:
        line = view.lines[at]
        (topic, clause), *rest = line.quotes
        line = replace(line, quotes=((topic, f"{clause} {string}"), *rest))
        return replace(view, lines=(*view.lines[:at], line, *view.lines[at + 1 :]))

    return put


def injections(model: Model, subjects: Sequence[Played], count: int, seed: int, batch: int) -> dict[str, Any]:
    """Compare verdicts under injections and under harmless strings of the same length in the same places."""
    rng, bad, good, cases, kinds = random.Random(f"injections {seed}"), [], [], [], []
    for number in range(count):
        one = subjects[number % len(subjects)]
        options = places(view_of(one))
        kind = rng.choice(sorted({name for name, _ in options}))
        put = rng.choice([p for name, p in options if name == kind])
        string = variations(STRINGS[number % len(STRINGS)], rng)
        bad.append(put(string))
        good.append(put(harmless(len(string), rng)))
        cases.append(one.case.id)
        kinds.append(kind)
    under, beside = judged(model, bad, batch), judged(model, good, batch)
    differences = {key: [u[key] - b[key] for u, b in zip(under, beside, strict=True)] for key in BY_KEY}
    return {
        "n": count,
        "places": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "difference": {key: figure(mean(d, cases)) for key, d in differences.items()},
        "changed": {key: figure(share([x != 0 for x in d], cases)) for key, d in differences.items()},
        "by_place": {
            kind: {
                key: sum(d for d, k in zip(differences[key], kinds, strict=True) if k == kind) / kinds.count(kind)
                for key in BY_KEY
            }
            for kind in sorted(set(kinds))
        },
    }


# -- telling -----------------------------------------------------------------------------------------------------------


def figure(one: Estimate) -> dict[str, Any]:
    """Keep value, interval and n."""
    return {"value": _number(one.value), "low": _number(one.low), "high": _number(one.high), "n": one.n}


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)


def percent(one: Mapping[str, Any]) -> str:
    """Write a share with its interval."""
    if one["value"] is None:
        return "nothing to count"
    return f"{one['value']:.1%} ({one['low']:.1%} to {one['high']:.1%})"


def decimal(one: Mapping[str, Any]) -> str:
    """Write a number with its interval."""
    return "—" if one["value"] is None else f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"


def tables(figures: Mapping[str, Any]) -> str:
    """Write all figures as Markdown."""
    parts = (_fidelity_table(figures), _edits_table(figures["edits"]), _injections_table(figures["injections"]))
    return "\n\n".join("\n".join(rows) for rows in parts)


def _fidelity_table(figures: Mapping[str, Any]) -> list[str]:
    rows = [
        f"Distillation fidelity on {figures['consultations']} consultations of the starter on validation cases.",
        "",
        "| item | yes by the rules | yes by the starter | same verdict | kappa | AC1 | n |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, one in figures["fidelity"].items():
        if key in CONSTRUCTED:
            told = one["no fault found"]
            rows.append(f"| {key} | no rule | {percent(told)} | | | | {told['n']} |")
        else:
            shares = f"{one['yes_by_rules']:.1%} | {one['yes_by_model']:.1%}"
            same = f"{percent(one['agreement'])} | {decimal(one['kappa'])} | {decimal(one['ac1'])}"
            rows.append(f"| {key} | {shares} | {same} | {one['agreement']['n']} |")
    return rows


def _edits_table(found: Mapping[str, Any]) -> list[str]:
    rows = [
        "Edits; all inserted lines, such as rude lines and brush-offs, were held out from training.",
        "",
        "| edit | its item | falls from 1 to 0 | all others stay | n |",
        "|---|---|---|---|---|",
    ]
    for name, one in found.items():
        falls = percent(one["item_falls"]) if one["item"] else ""
        stay = one["others_stay"]
        rows.append(f"| {name} | {one['item'] or 'none'} | {falls} | {percent(stay)} | {stay['n']} |")
    return rows


def _injections_table(told: Mapping[str, Any]) -> list[str]:
    rows = [
        f"Injections: {told['n']:,}, each against a harmless string of the same length in the same place. Every answer "
        "was well-formed; a malformed one would have stopped the script.",
        "",
        "| item | mean difference of the value | verdicts that differ |",
        "|---|---|---|",
    ]
    for key in BY_KEY:
        one = told["difference"][key]
        shown = f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
        rows.append(f"| {key} | {shown} | {percent(told['changed'][key])} |")
    return rows


def consultations(scenario: Scenario, options: Any) -> list[Played]:
    """Play the validation cases, or take up what was played."""
    cases = tuple(scenario.case_ids("validation")[: options.consultations])
    runs = configurations(options.base, options.scenario, "validation", cases, options.seed + 5)
    play(runs, scenario, options.base, options.store, lambda line: print(line, file=sys.stderr))
    return list(rollouts(options.store, scenario, runs))


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assessor", default="starter")
    parser.add_argument("--base", default="starter")
    parser.add_argument("--scenario", default="derm34")
    parser.add_argument("--consultations", type=int, default=500)
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--injections", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", type=Path, default=Path("validation.db"))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    subjects = consultations(load_scenario(options.scenario), options)
    model = open_model(options.assessor, role="assessor")
    rules = [by_rules(one) for one in subjects]
    before = judged(model, [view_of(one) for one in subjects], options.batch)
    figures = {
        "assessor": f"{options.assessor}@{model.info.revision}",
        "consultations": len(subjects),
        "fidelity": fidelity(subjects, rules, before),
        "edits": all_flips(model, subjects, rules, before, options),
        "injections": injections(model, subjects, options.injections, options.seed, options.batch),
    }
    print(tables(figures))
    if options.out:
        (options.out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        written = options.out / "training.json"
        if written.exists():
            from consult.rl.starter.assessor.recipe import assessor_card

            facts = json.loads(written.read_text(encoding="utf-8"))
            (options.out / "README.md").write_text(assessor_card(facts, tables(figures)), encoding="utf-8")


if __name__ == "__main__":
    main()
