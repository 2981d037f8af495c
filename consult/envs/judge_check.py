"""Check a judge on transcripts with known faults: which items of the rubric it can be trusted with.

A hit is an unmet item that the judge says is unmet, or, for an item of three levels, rates below the same consultation
without the fault. A false alarm is a met item that it says is unmet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from consult.agents.assessors.known_faults import KnownTranscript, known_transcripts
from consult.agents.assessors.model import Assessor
from consult.agents.assessors.rubric import ITEMS, NO_REASON, Item, Verdict, not_scored
from consult.agents.models import Model
from consult.agents.roles.client import RequestContext, RoleClient
from consult.envs.assessing import NO_REPLY, SAMPLING, model_name
from consult.envs.batcher import AT_ONCE, Batcher, at_once
from consult.envs.events import Event, Listener
from consult.envs.loops import run_to_end

FEWEST_HITS = 0.8
"""Share of the faults that a judge must find to be trusted with an item."""
MOST_ALARMS = 0.2
"""Share of false alarms above which it is not trusted."""
FEWEST_SCORED = 0.8
"""Share of the counted verdicts that must be scored at all."""

Verdicts = Mapping[str, Mapping[str, Verdict]]
"""Transcript's id → item → verdict."""


@dataclass(frozen=True)
class ItemCheck:
    """How a judge did on one item."""

    item: str
    name: str
    hits: int
    faults: int
    """Faulty transcripts with a scored verdict."""
    false_alarms: int
    met: int
    """Transcripts whose item is met, with a scored verdict."""
    not_scored: int
    """Verdicts that would have counted and were not scored."""
    trusted: bool


def check_judge(model: Model, batch: int | None, listen: Listener) -> Event:
    """Let a model judge all transcripts, and return the summary.

    Args:
        model: The judge.
        batch: Most requests at once; None for as many as keep a server busy, and at least 32.
        listen: Called with every transcript's verdicts, and with the summary.

    Raises:
        ModelGoneError: The model stopped responding.
    """
    transcripts, batcher = known_transcripts(), Batcher(chunk=batch or AT_ONCE)
    client = RoleClient("assessor", model.info, batcher.for_model(model), SAMPLING)
    try:
        found = run_to_end(_all(transcripts, batcher, Assessor(client), at_once(batch, [model])))
    finally:
        batcher.shutdown()
    for one in transcripts:
        listen(_judged(one, found[one.id]))
    summary = check_summary(model_name(model), transcripts, found)
    listen(summary)
    return summary


async def _all(transcripts: Sequence[KnownTranscript], batcher: Batcher, judge: Assessor, batch: int) -> Verdicts:
    found: dict[str, Mapping[str, Verdict]] = {}
    waiting, workers = iter(enumerate(transcripts)), min(batch, len(transcripts))
    batcher.open(workers)

    async def worker(left: Iterator[tuple[int, KnownTranscript]]) -> None:
        try:
            for number, one in left:
                found[one.id] = await _assess(judge, batcher, number, one)
        finally:
            batcher.close()

    tasks = [asyncio.create_task(worker(waiting)) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _assess(judge: Assessor, batcher: Batcher, number: int, one: KnownTranscript) -> Mapping[str, Verdict]:
    try:
        return await judge.assess(one.view, RequestContext(number + 1, (0, one.id, "", 0), turn=0, nth=number))
    except Exception as error:
        if batcher.broken is not None:
            raise batcher.broken from None
        return not_scored(f"{NO_REPLY}{type(error).__name__}: {error}")


def _judged(one: KnownTranscript, verdicts: Mapping[str, Verdict]) -> Event:
    return {
        "event": "judge_check",
        "transcript": one.id,
        "fault": one.fault,
        "lowers": list(one.lowers),
        "items": {key: {"value": verdict.value, "why": verdict.why} for key, verdict in verdicts.items()},
    }


# -- figures -----------------------------------------------------------------------------------------------------------


def check_summary(judge: str, transcripts: Sequence[KnownTranscript], found: Verdicts) -> Event:
    """Describe how a judge did: hits and false alarms by item, and in a sentence what it can be trusted with."""
    items = [item_check(item, transcripts, found) for item in ITEMS]
    whys = [verdict.why for verdicts in found.values() for verdict in verdicts.values() if verdict.value is None]
    return {
        "event": "summary",
        "judge": judge,
        "transcripts": sum(1 for one in transcripts if one.fault),
        "twins": sum(1 for one in transcripts if not one.fault),
        "items": [asdict(item) for item in items],
        "no_reason": {"verdicts": sum(why.startswith(NO_REASON) for why in whys), "of": len(found) * len(ITEMS)},
        "not_scored": len(whys),
        "trusted": [item.item for item in items if item.trusted],
        "meaning": _meaning(items),
    }


def item_check(item: Item, transcripts: Sequence[KnownTranscript], found: Verdicts) -> ItemCheck:
    """Count hits and false alarms on one item."""
    faulty = [one for one in transcripts if item.key in one.lowers]
    met = [one for one in transcripts if item.key not in (*one.lowers, *one.unclear)]
    values = {one.id: found[one.id][item.key].value for one in transcripts}
    hits = [_is_hit(values[one.id], values[one.twin], item) for one in faulty if values[one.id] is not None]
    alarms = [values[one.id] == item.levels[0] for one in met if values[one.id] is not None]
    counted, lost = len(hits) + len(alarms), len(faulty) + len(met) - len(hits) - len(alarms)
    trusted = (
        counted >= FEWEST_SCORED * (counted + lost)
        and sum(hits) >= FEWEST_HITS * len(hits) > 0
        and bool(alarms)
        and sum(alarms) <= MOST_ALARMS * len(alarms)
    )
    return ItemCheck(item.key, item.name, sum(hits), len(hits), sum(alarms), len(alarms), lost, trusted)


def _is_hit(value: int | None, twin: int | None, item: Item) -> bool:
    return value == item.levels[0] or (value is not None and twin is not None and value < twin)


def _meaning(items: Sequence[ItemCheck]) -> str:
    trusted = [item.item for item in items if item.trusted]
    left = [f"{item.item} ({_why_not(item)})" for item in items if not item.trusted]
    if not trusted:
        return f"This judge can be trusted with no item: {', '.join(left)}."
    rest = f"; not with {', '.join(left)}" if left else ""
    return (
        f"This judge can be trusted with {', '.join(trusted)}{rest}. It saw a few short transcripts: passing is "
        "necessary, and not enough, for trusting it on others."
    )


def _why_not(item: ItemCheck) -> str:
    if item.not_scored > (1 - FEWEST_SCORED) * (item.not_scored + item.faults + item.met):
        return f"{item.not_scored} verdicts not scored"
    if item.hits < FEWEST_HITS * item.faults:
        return f"finds {item.hits} of {item.faults} faults"
    return f"sees a fault in {item.false_alarms} of {item.met} that have none"
