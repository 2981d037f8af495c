"""Probe a model: open it, read its details, time it, and play two turns.

Any model behind the protocol is probed. A model in this process reports its size, type and device; much about a server
or a script is unknown, and is None.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from consult.agents.acts import Act
from consult.agents.grounding.facts import plainly
from consult.agents.models import ConcurrentModel, Model, ModelInfo, Request, open_model
from consult.agents.roles.client import RequestContext, RoleClient, derive_seed
from consult.agents.roles.triage import TriageDoctor
from consult.envs.batcher import Batcher
from consult.envs.capabilities import Capabilities, capabilities, notes
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.consultation import Consultation
from consult.envs.environment_check import Problem
from consult.envs.graph import RoleModels, Session
from consult.envs.loops import run_to_end
from consult.envs.role_models import Models
from consult.scenarios import Scenario, load_scenario

BATCHES = (1, 16)
BURSTS = (1, 2, 4, 8, 16, 32, 64)
"""Requests in flight, tried in turn with a server."""
ROUNDS = 2
"""Requests of a burst per request in flight."""
BURST_TOKENS = 48
"""Most tokens of a reply in a burst."""
GROWTH, ENOUGH = 1.1, 0.9
"""A server that four times as many requests make no faster than this is tried no further; the suggested number reaches
this share of the best rate."""
PATIENCE = 60.0
"""Most seconds per request for a larger batch to be tried."""
SHORTEST = 1e-3
"""Seconds; a shorter reply was not generated, and has no speed."""


@dataclass
class ModelProbe:
    """Results of the probe; None is unknown."""

    info: ModelInfo
    load_seconds: float
    parameters: int | None = None
    dtype: str | None = None
    device: str | None = None
    system_role: bool | None = None
    context: int | None = None
    """Tokens."""
    resident_bytes: int | None = None
    """Bytes by which the process has grown while loading and playing; for a model on a GPU, the memory used there."""
    speed: dict[int, float | None] = field(default_factory=dict)
    """Batch size, or requests in flight to a server → generated tokens per second."""
    concurrency: int | None = None
    """Requests in flight that a server is best asked with; None for models in this process."""
    capabilities: Capabilities = field(default_factory=dict)
    """What the backend found out about the model."""
    notes: list[str] = field(default_factory=list)
    """What that means for a run, in sentences."""
    acts: list[Act] = field(default_factory=list)
    """The patient's opening and the triage."""
    problems: list[Problem] = field(default_factory=list)


def examine_model(reference: str, opener: Callable[[str], Model] = open_model) -> ModelProbe:
    """Open a model and test it.

    Raises:
        ModelError: The model cannot be opened.
    """
    before, started = _resident(), time.perf_counter()
    model = opener(reference)
    found = ModelProbe(model.info, time.perf_counter() - started)
    _describe(model, found)
    scenario = load_scenario("derm34")
    with _noted(found, "it cannot play", "check that it is tuned for conversation, and try another --model"):
        run_to_end(_two_turns(model, scenario, found.acts))
        found.problems += _unusable(found.acts)
    if not found.problems:
        with _noted(found, "it cannot be timed", "free some memory, or try a smaller --model"):
            if isinstance(model, ConcurrentModel):
                found.concurrency = _time_bursts(model, _requests(model, scenario, ROUNDS * max(BURSTS)), found.speed)
            else:
                found.speed = {size: None for size in BATCHES}
                _time(model, _requests(model, scenario, max(BATCHES)), found.speed)
    if found.parameters is not None:
        found.resident_bytes = _on_device(found.device) or max(0, _resident() - before) or None
    return found


@contextmanager
def _noted(found: ModelProbe, what: str, fix: str) -> Iterator[None]:
    """Turn any exception of a model into a problem: a backend may fail in any way."""
    try:
        yield
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        found.problems.append(Problem(f"{what} ({first})", fix))


# -- what it says of itself ----------------------------------------------------------------------------------------


def _describe(model: Model, found: ModelProbe) -> None:
    """Read a backend's details; missing ones are unknown."""
    details = model.info.details
    found.parameters = _whole(details.get("parameters"))
    found.dtype, found.device = details.get("dtype"), details.get("device")
    found.context = _whole(details.get("context"))
    stated = details.get("system role")
    found.system_role = None if stated is None else stated == "own"
    found.capabilities = capabilities(model.info)
    reference = model.info.reference
    found.notes = notes({reference: found.capabilities}, _config(reference, ""))


def _whole(stated: str | None) -> int | None:
    return int(stated) if stated and stated.isdigit() else None


def _resident() -> int:
    import psutil

    resident: int = psutil.Process().memory_info().rss
    return resident


def _on_device(device: str | None) -> int | None:
    import torch

    on_gpu = device is not None and device.startswith("cuda") and torch.cuda.is_available()
    return torch.cuda.max_memory_allocated() if on_gpu else None


# -- two turns -----------------------------------------------------------------------------------------------------


async def _two_turns(model: Model, scenario: Scenario, acts: list[Act]) -> None:
    """Play a patient's opening and the triage of the first test case; acts are added as they are done."""
    batcher = Batcher()
    session = _session(scenario, 0, _role_models(model, batcher), lambda _, act: acts.append(act))
    batcher.open()
    try:
        session.apply(await session.patient.open(session.patient_view(), session.context("patient")))
        client = session.role_models.triage
        session.apply(await TriageDoctor(client).act(session.doctor_view(client), session.context("triage")))
    finally:
        batcher.close()
        batcher.shutdown()


def _config(reference: str, case: str) -> RunConfig:
    role = RoleConfig(model=reference)
    return RunConfig(
        scenario="derm34",
        cases=(case,),
        temperaments=("phlegmatic",),
        patient=role,
        triage=role,
        specialist=role,
        attending=role,
    )


def _role_models(model: Model, batcher: Batcher) -> RoleModels:
    reference = model.info.reference
    return Models({reference: model}).role_models(_config(reference, ""), batcher)


def _session(scenario: Scenario, number: int, role_models: RoleModels, record: Callable[[int, Act], None]) -> Session:
    case = scenario.case(scenario.case_ids("test")[number])
    (plan,) = _config(role_models.patient.info.reference, case.id).plan()
    return Session(f"doctor.{number}", Consultation(scenario, case, plan), role_models, record)


def _unusable(acts: Sequence[Act]) -> list[Problem]:
    triaged = next((act for act in acts if act.action == "triage"), None)
    if triaged is None or triaged.specialty is not None:
        return []
    return [Problem("it named no specialty when asked twice", "give a model that is tuned to follow instructions")]


# -- speed ---------------------------------------------------------------------------------------------------------


def _requests(model: Model, scenario: Scenario, count: int) -> list[Request]:
    """Return triage requests of different cases."""
    client = RoleClient("triage", model.info, _never)
    role_models = replace(_role_models(model, Batcher()), triage=client)
    return [_request(_session(scenario, number, role_models, _forget)) for number in range(count)]


def _time_bursts(model: ConcurrentModel, requests: Sequence[Request], speed: dict[int, float | None]) -> int:
    """Time short bursts with more and more requests in flight, and return the fewest that are about as fast as any."""
    usual, rates = model.concurrency, dict[int, float]()
    short = [replace(one, prompt=replace(one.prompt, max_new_tokens=BURST_TOKENS)) for one in requests]
    model.generate(short[:1])
    try:
        for size in BURSTS:
            model.limit(size)
            burst, started = short[: ROUNDS * size], time.perf_counter()
            replies = model.generate(burst)
            seconds = max(time.perf_counter() - started, SHORTEST)
            rates[size], tokens = len(burst) / seconds, sum(reply.tokens_out for reply in replies)
            speed[size] = tokens / seconds if tokens else None
            if seconds > PATIENCE or rates[size] < GROWTH * rates.get(size // 4, 0.0):
                break
    finally:
        model.limit(usual)
    return next(size for size, rate in rates.items() if rate >= ENOUGH * max(rates.values()))


def _time(model: Model, requests: Sequence[Request], speed: dict[int, float | None]) -> None:
    """Time batches of requests; a first request warms the model up."""
    model.generate(requests[:1])
    for size in BATCHES:
        started = time.perf_counter()
        replies = model.generate(requests[:size])
        seconds, tokens = time.perf_counter() - started, sum(reply.tokens_out for reply in replies)
        if tokens and seconds >= SHORTEST:
            speed[size] = tokens / seconds
        if seconds > PATIENCE:
            return


def _request(session: Session) -> Request:
    """Ask for the triage of a case whose patient has opened with the complaint."""
    complaint = session.consultation.case.card.complaint
    session.apply(Act("patient", "open", plainly((complaint,)), "complaint", (complaint.id,), source="program"))
    client = session.role_models.triage
    context: RequestContext = session.context("triage")
    prompt = client.dialect.triage(session.doctor_view(client))
    return Request(
        (session.id,), "triage", "triage", 0, prompt, derive_seed(*context.seed), client.sampling.temperature
    )


async def _never(request: Request) -> Any:
    raise AssertionError("timed requests are sent to the model directly")


def _forget(index: int, act: Act) -> None:
    """Discard timed turns."""
