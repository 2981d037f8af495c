"""How faithful a patient is, asked directly, outside consultations: grounded and free, with intervals.

Run: python benchmarks/patient.py [--model starter] [--questions 600] [--split test] [--seed 0] [--grounding both]
     [--batch 64] [--out FILE.json]

Every patient has opened with the complaint and is asked one question on one topic; temperaments and topics are
balanced. Three kinds of facts are asked for, so many questions each: in the wordings of the training cases, in the
held-out style of a quarter of the test cases, and made up (the asked fact is replaced by one with names, numbers and
odd words that stand nowhere else). Half of the questions are from the first part of their topic's list of wordings,
which the starter learns to ask, half from the rest, of which it learns the topic alone. A patient is asked in arms:

- *topic given*: the question carries its topic, as it does in play by the starter;
- *topic to find*: it does not, and the model must say what the question is about;
- *new question*: the same with wordings of this benchmark (`patient.yaml`), which stand in no list;
- *free*: the patient has its whole card and decides itself what to say.

A line is *backed* when it says the facts that it was given and no others; where the topic was not found these are not
those that were asked for, which *gives the asked fact* tells. A question that the model breaks on counts as not
answered. Intervals are Wilson's, 95 %. `--out` takes all lines, to be judged by reading.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from consult.agents.acts import Act, Line, PatientTask, PatientView
from consult.agents.grounding.facts import plainly, stated
from consult.agents.models import Model, Reply, Request, open_model
from consult.agents.prompt_formats.questions import said_about
from consult.agents.prompt_formats.wording import TAUGHT
from consult.agents.roles.client import RequestContext, RoleClient, Send
from consult.agents.roles.patient import FreePatient, Patient
from consult.agents.temperament import temperaments
from consult.envs.batcher import Batcher
from consult.envs.metrics.fidelity import Rate
from consult.errors import UserError
from consult.scenarios import Card, Case, Fact, Scenario, load_scenario

KINDS = ("in-style", "held-out style", "made up")
GROUNDED = ("topic given", "topic to find", "new question")
FREE = "free"
TURN = 2
"""The answer's place, after the complaint and the question."""
DRAW = 100
"""Answers among which the distinct ones are counted."""
PARTS = ("first part", "rest")
PLACEHOLDER = "[…]"
SYLLABLES = re.compile(r"\S+").findall(
    """
    brau dox fee flim gaub glorv haim jub keex klomp lirv moont nozz peb plirg quelm raisk snaub sturm taulb trox
    vang woonk yalb zirg zorv dreck skoomp
    """
)
ENDINGS = {
    "person": ("o", "ine", "ard", "wen"),
    "place": ("bury", "holm", "wick", "ford"),
    "odd": ("", "le", "et", "ock"),
}
"""Kind of made-up word → its ends."""


# -- what is asked -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """One question to one patient."""

    number: int
    case: str
    card: Card
    temperament: str
    topic: str
    asked: Fact
    """What the question is to bring out."""
    kind: str
    wording: str
    """The part of the topic's list: one of `PARTS`."""
    text: str
    new: str
    """The question of the arm *new question*."""

    def view(self, scenario: Scenario, arm: str) -> PatientView:
        """Give what the patient knows when it is asked."""
        complaint = self.card.complaint
        opening = Line("patient", "open", plainly((complaint,)), "complaint", (("complaint", complaint.text),))
        carried = self.topic if arm in ("topic given", FREE) else None
        ask = Line("attending", "ask", self.new if arm == "new question" else self.text, carried)
        lines = (opening, ask)
        return PatientView(self.card, self.temperament, lines, scenario.topics, ("answer",), told=(complaint.id,))


def questions(scenario: Scenario, kind: str, count: int, split: str, seed: int) -> list[Question]:
    """Draw the questions of one kind.

    Raises:
        UserError: The split has too few cases for so many.
    """
    rng = random.Random(f"{seed}/{split}/{kind}")
    style = "held-out" if kind == "held-out style" else "in-style"
    cases = [case for case in map(scenario.case, scenario.case_ids(split)) if case.style == style]
    # Topics that questions are worded for; the starter cannot ask about others.
    topics, kinds = [topic for topic in scenario.topics if topic in said_about("questions")], list(temperaments())
    if count > len(cases) * len(topics):
        most = len(cases) * len(topics)
        raise UserError(f"the split '{split}' has {len(cases)} cases in {style} wording; ask at most {most} questions")
    drawn = {topic: iter(rng.sample(cases, len(cases))) for topic in topics}
    made = []
    for number in range(count):
        # 4 temperaments and 15 topics have no common divisor: 60 questions are all pairs, 120 all in both wordings.
        topic, temperament = topics[number % len(topics)], kinds[number % len(kinds)]
        last = bool((number + number // (len(topics) * len(kinds))) % 2)
        made.append(_question(scenario, number, next(drawn[topic]), temperament, topic, kind, last, rng))
    return made


def _question(
    scenario: Scenario, number: int, case: Case, temperament: str, topic: str, kind: str, last: bool, rng: random.Random
) -> Question:
    card = case.card
    if kind == "made up":
        invented = made_up(topic, scenario, rng)
        card = replace(card, facts=tuple(invented if fact.topic == topic else fact for fact in card.facts))
    first, rest = parted(topic)
    return Question(
        number=number,
        case=case.id,
        card=card,
        temperament=temperament,
        topic=topic,
        asked=card.about(topic)[0],
        kind=kind,
        wording=PARTS[last],
        text=rng.choice(rest if last else first),
        new=rng.choice(_own()["questions"][topic]),
    )


def parted(topic: str) -> tuple[list[str], list[str]]:
    """Return a topic's wordings that the starter learns to ask, and the others."""
    bank = said_about("questions")[topic]
    return bank[:TAUGHT], bank[TAUGHT:]


@cache
def _own() -> dict[str, dict[str, list[str]]]:
    data: dict[str, dict[str, list[str]]] = yaml.safe_load(
        (Path(__file__).parent / "patient.yaml").read_text(encoding="utf-8")
    )
    return data


def made_up(topic: str, scenario: Scenario, rng: random.Random) -> Fact:
    """Make up a fact that no training has seen and that names no diagnosis."""
    while True:
        text = rng.choice(_own()["facts"][topic])
        words = {name: _word(name, rng) for name in ENDINGS}
        text = text.format(**words, n=rng.randint(31, 997), nn=rng.randint(21, 98))
        if not scenario.diagnoses(text):
            return Fact(topic, topic, text)


def _word(what: str, rng: random.Random) -> str:
    word = "".join(rng.sample(SYLLABLES, rng.randint(1, 2))) + rng.choice(ENDINGS[what])
    return word if what == "odd" else word.capitalize()


# -- asking ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What became of one question in one arm."""

    question: Question
    arm: str
    asked_as: str
    """The question's words in this arm."""
    found: str | None = None
    """The topic that the patient answered to."""
    facts: tuple[str, ...] = ()
    """Clauses of the facts that it was given to say, or that a free one said."""
    first_draft: str | None = None
    """None where it could not be read."""
    first_backed: bool = False
    first_leaked: bool = False
    first_gives: bool = False
    """Whether the first draft states the fact that was asked for."""
    text: str = ""
    """The final line."""
    backed: bool = False
    leaked: bool = False
    gives: bool = False
    fallback: bool = False
    error: str = ""

    @property
    def beside(self) -> str:
        """The final line with a placeholder for each clause of the card that stands in it word by word."""
        said, card = self.text.replace("\u2019", "'"), self.question.card
        for fact in sorted((card.complaint, *card.facts), key=lambda f: -len(f.text)):
            clause = re.escape(fact.text.replace("\u2019", "'").rstrip("."))
            said = re.sub(rf"(?<!\w){clause}(?!\w)", PLACEHOLDER, said, flags=re.IGNORECASE)
        return said

    def row(self) -> dict[str, Any]:
        """Give it for the file."""
        asked = self.question
        told = {name: getattr(asked, name) for name in ("number", "case", "temperament", "topic", "kind", "wording")}
        return {**told, "asked_fact": asked.asked.text, **{k: v for k, v in asdict(self).items() if k != "question"}}


@dataclass
class Recorder:
    """A way to a model that keeps what it answered."""

    generate: Send
    replies: dict[tuple[int | str, ...], Reply] = field(default_factory=dict)

    async def __call__(self, request: Request) -> Reply:
        """Send a request on."""
        self.replies[request.key] = reply = await self.generate(request)
        return reply

    def first(self, ordinal: int) -> str | None:
        """Give a patient's first words of a line; None where the model broke before."""
        keys = ((ordinal, TURN, "patient", task, 0, 0) for task in ("answer", "unknown", "free"))
        return next((self.replies[key].text for key in keys if key in self.replies), None)


def ask(
    model: Model, asked: Sequence[Question], arm: str, scenario: Scenario, seed: int = 0, batch: int = 64
) -> list[Answer]:
    """Ask all questions of one kind in one arm."""
    return asyncio.run(_ask(model, asked, arm, scenario, seed, batch))


async def _ask(
    model: Model, asked: Sequence[Question], arm: str, scenario: Scenario, seed: int, batch: int
) -> list[Answer]:
    batcher = Batcher(chunk=batch)
    recorder = Recorder(batcher.for_model(model))
    client = RoleClient("patient", model.info, recorder)
    patient = FreePatient(client, scenario) if arm == FREE else Patient(client, scenario)
    left, answers = iter(asked), list[Answer]()

    async def worker() -> None:
        try:
            for question in left:
                view = question.view(scenario, arm)
                # Not of the arm: the same patient volunteers the same in each.
                who = (seed, question.kind, question.case, question.temperament, question.topic)
                place = RequestContext(question.number, who, TURN, 1)
                try:
                    act = await patient.answer(view, place)
                except Exception as error:
                    broken = f"{type(error).__name__}: {error}"
                    answers.append(Answer(question, arm, view.lines[-1].text, error=broken))
                else:
                    answers.append(_answer(question, arm, view, act, client, recorder.first(question.number)))
        finally:
            batcher.close()

    batcher.open(batch)
    try:
        await asyncio.gather(*(worker() for _ in range(batch)))
    finally:
        batcher.shutdown()
    return sorted(answers, key=lambda answer: answer.question.number)


def _answer(question: Question, arm: str, view: PatientView, act: Act, client: RoleClient, raw: str | None) -> Answer:
    assert act.draft is not None and raw is not None
    facts = {fact.id: fact for fact in (question.card.complaint, *question.card.facts)}
    given, wanted = tuple(facts[fact_id] for fact_id in act.facts), (question.asked,)
    first = _read(raw, given, arm, view, client)
    return Answer(
        question,
        arm,
        asked_as=view.lines[-1].text,
        found=act.topic,
        facts=tuple(fact.text for fact in given),
        first_draft=first,
        first_backed=act.draft.backed,
        first_leaked=act.draft.leaked,
        first_gives=first is not None and bool(stated(first, wanted)),
        text=act.text,
        backed=act.draft.said_backed,
        leaked=act.draft.said_leaked,
        gives=bool(stated(act.text, wanted)),
        fallback=act.draft.fallback,
    )


def _read(raw: str, given: tuple[Fact, ...], arm: str, view: PatientView, client: RoleClient) -> str | None:
    if arm != FREE:
        return client.dialect.read_patient_line(raw, PatientTask("answer" if given else "unknown", given), view)
    word = client.dialect.read_free_line(raw, view)
    return word.text if word is not None and word.action in view.offers else None


# -- figures -----------------------------------------------------------------------------------------------------------


def rates(arm: str, answers: Sequence[Answer]) -> list[Rate]:
    """Count the answers of one arm to one kind."""

    def rate(name: str, hit: Callable[[Answer], bool], among: str = "") -> Rate:
        counted = [answer for answer in answers if not among or answer.question.wording == among]
        return Rate(f"{name}, {among} of the wordings" if among else name, sum(map(hit, counted)), len(counted))

    def mapped(answer: Answer) -> bool:
        return answer.found == answer.question.topic

    counted = [
        rate("first drafts backed", lambda a: a.first_backed),
        rate("first drafts that give the asked fact", lambda a: a.first_gives),
        rate("first drafts that name a diagnosis", lambda a: a.first_leaked),
        rate("final lines backed", lambda a: a.backed),
        rate("final lines that give the asked fact", lambda a: a.gives),
        rate("final lines that name a diagnosis", lambda a: a.leaked),
        rate("said by the program", lambda a: a.fallback),
    ]
    if arm in ("topic to find", "new question"):
        counted.append(rate("topic found", mapped))
    if arm == "topic to find":
        counted += [rate("topic found", mapped, half) for half in PARTS]
    if arm == FREE:
        counted += [rate("first drafts that give the asked fact", lambda a: a.first_gives, half) for half in PARTS]
    return [*counted, rate("not answered, the model broke", lambda a: bool(a.error))]


def distinct(lines: Sequence[str]) -> float | None:
    """Give how many different lines 100 drawn from these hold on average; None where there are fewer than 100."""
    n = len(lines)
    if n < DRAW:
        return None
    without = (math.comb(n - count, DRAW) / math.comb(n, DRAW) for count in Counter(lines).values())
    return sum(1 - p for p in without)


def report(answers: Sequence[Answer]) -> Iterator[str]:
    """Write the tables."""
    for arm in dict.fromkeys(answer.arm for answer in answers):
        of_arm = [answer for answer in answers if answer.arm == arm]
        grouped = {kind: [a for a in of_arm if a.question.kind == kind] for kind in KINDS}
        name = "Free patient" if arm == FREE else f"Grounded patient, {arm}"
        yield f"\n## {name}\n\n| | {' | '.join(KINDS)} |\n|---|---|---|---|"
        counted = zip(*(rates(arm, grouped[kind]) for kind in KINDS), strict=True)
        for row in counted:
            yield f"| {row[0].name} | {' | '.join(map(shown, row))} |"
        answered = {kind: [a for a in group if not a.error] for kind, group in grouped.items()}
        beside = [distinct([a.beside for a in group]) for group in answered.values()]
        said = [distinct([a.text for a in group]) for group in answered.values()]
        yield f"| distinct answers per 100, facts left out | {' | '.join(map(_number, beside))} |"
        yield f"| distinct answers per 100, as said | {' | '.join(map(_number, said))} |"
        yield from _by_temperament(of_arm)


def shown(rate: Rate) -> str:
    """Give a share with its interval and its count."""
    if rate.interval is None:
        return "— (n 0)"
    low, high = rate.interval
    return f"{rate.share:.1%} ({low:.1%} to {high:.1%}; {rate.hits} of {rate.n})"


def _by_temperament(answers: Sequence[Answer]) -> Iterator[str]:
    headings = ("n", "words an answer", "words beside the facts", "facts an answer", "distinct per 100, facts left out")
    yield f"\n| temperament, all kinds | {' | '.join(headings)} |\n|---|{'---|' * len(headings)}"
    for name in temperaments():
        said = [answer for answer in answers if answer.question.temperament == name and not answer.error]
        beside = [answer.beside for answer in said]
        spoken = _mean([len(answer.text.split()) for answer in said])
        around = _mean([len(line.replace(PLACEHOLDER, " ").split()) for line in beside])
        facts = _mean([len(answer.facts) for answer in said])
        cells = (str(len(said)), *map(_number, (spoken, around, facts, distinct(beside))))
        yield f"| {name} | {' | '.join(cells)} |"


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"


def written(settings: Mapping[str, Any], answers: Sequence[Answer]) -> dict[str, Any]:
    """Give everything for the file."""
    groups = dict.fromkeys((answer.arm, answer.question.kind) for answer in answers)
    tables = [
        {"arm": arm, "kind": kind, **asdict(rate), "interval": rate.interval}
        for arm, kind in groups
        for rate in rates(arm, [a for a in answers if (a.arm, a.question.kind) == (arm, kind)])
    ]
    return {**settings, "rates": tables, "answers": [answer.row() for answer in answers]}


# -- command -----------------------------------------------------------------------------------------------------------


def arms(grounding: str) -> tuple[str, ...]:
    """List the arms of `on`, `off` or `both`."""
    return {"on": GROUNDED, "off": (FREE,), "both": (*GROUNDED, FREE)}[grounding]


def asked_all(
    model: Model, count: int, split: str = "test", seed: int = 0, grounding: str = "both", batch: int = 64
) -> list[Answer]:
    """Ask all kinds in all arms.

    Raises:
        UserError: The split has too few cases.
    """
    scenario = load_scenario("derm34")
    drawn = {kind: questions(scenario, kind, count, split, seed) for kind in KINDS}
    answers: list[Answer] = []
    for arm in arms(grounding):
        for kind in KINDS:
            answers += ask(model, drawn[kind], arm, scenario, seed, batch)
            print(f"{arm}, {kind}: {count} questions asked", file=sys.stderr, flush=True)
    return answers


def main() -> None:
    """Ask and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="starter", help="a model reference")
    parser.add_argument("--questions", type=int, default=600, help="a kind; every arm is asked the same")
    parser.add_argument("--split", default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--grounding", choices=("on", "off", "both"), default="both")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    try:
        model = open_model(given.model)
        answers = asked_all(model, given.questions, given.split, given.seed, given.grounding, given.batch)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")
    revision = model.info.revision
    print(f"{given.model}{f'@{revision}' if revision else ''}, split {given.split}, seed {given.seed}")
    for line in report(answers):
        print(line)
    if given.out is not None:
        settings = {name: value for name, value in vars(given).items() if name not in ("out", "batch")}
        data = written({**settings, "revision": revision}, answers)
        given.out.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
