"""The flow of a consultation as a LangGraph: one node is one clinical act, and edges follow the decisions.

The graph's state contains an id and the act to begin with, never pixels. There is no checkpointer: a run is resumed
from the store, and the graph continues a half-finished consultation with the act that is due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Protocol, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from consult.agents.acts import Act, DoctorView, Opinion, PatientView, Usage
from consult.agents.choices import SpeakingRole
from consult.agents.roles.advice import without_quotations
from consult.agents.roles.attending import CONSULT, Attending
from consult.agents.roles.checker import Checker
from consult.agents.roles.client import RequestContext, RoleClient
from consult.agents.roles.human_patient import HumanPatient
from consult.agents.roles.patient import FreePatient, Patient
from consult.agents.roles.specialist import Specialist
from consult.agents.roles.talk import Extractor, TalkingDoctor
from consult.agents.roles.triage import TriageDoctor
from consult.envs.consultation import Consultation, Node, asked
from consult.envs.free_talk import TALK_EDGES, TalkNode
from consult.envs.synthetic import sample_synthetic_panel
from consult.scenarios.photographs import narrowed

EDGES: dict[Node, tuple[Node, ...]] = {
    "open": ("triage", "attend", "panel", "conclude"),
    "triage": ("attend", "panel"),
    "attend": ("answer", "attend", "panel", "conclude"),
    "answer": ("attend", "conclude"),
    "panel": ("attend", "conclude"),
    "conclude": ("react",),
    "react": ("reply", "end"),
    "reply": ("react",),
}
"""Node → its possible successors; `attend` follows itself after an examination."""


class State(TypedDict):
    """LangGraph's state: all else is in the session, from which each node takes what it needs."""

    consultation: str
    """Its id."""
    due: Node
    """The act with which play begins."""


Next = Command[str]
"""What a node returns: the node that follows it."""


class Together(Protocol):
    """Runs parallel branches."""

    async def __call__(self, branches: Any) -> list[Any]:
        """Run them and return their results in order."""


@dataclass(frozen=True)
class RoleModels:
    """The clients that play the roles, and the rules of play."""

    speakers: Mapping[SpeakingRole, RoleClient]
    """Those that the team has."""
    specialist: Callable[[str], RoleClient]
    """Specialty → client."""
    together: Together
    grounded: bool = True
    """Whether a program chooses the patient's facts and checks its lines against them."""
    checker: Checker | None = None
    """Checks the patient's lines after the rules."""
    votes: int = 1
    """Number of decisions that an attending is asked for; the majority counts."""
    extractor: RoleClient | None = None
    """Extracts the final diagnosis from a free talk; None to search for the labels."""
    picture_width: int | None = None
    """Most pixels of a photograph's width that the doctors see."""
    panel_skill: float | None = None
    """If set, the panel is synthetic: each opinion is right with this probability."""


@dataclass
class Session:
    """One consultation in play."""

    id: str
    consultation: Consultation
    role_models: RoleModels
    record: Callable[[int, Act], None]
    """Called with each act when it is applied, and its index."""
    chosen: Act | None = field(default=None)
    """An act of the attending that another node completes."""

    def __post_init__(self) -> None:
        self.seen = self.consultation.observe()
        """What is due; a view is made once for each act, however many ask for it."""

    def context(self, role: str) -> RequestContext:
        """Return the location of a role's next request."""
        plan, acts = self.consultation.plan, self.consultation.acts
        speakers = {"specialist": "panel"}.get(role, role)
        return RequestContext(
            ordinal=plan.ordinal,
            seed=(plan.seed, plan.case, plan.temperament, plan.repeat),
            turn=len(acts),
            nth=sum(act.speaker == speakers for act in acts),
        )

    @property
    def patient(self) -> Patient | FreePatient | HumanPatient:
        """The patient."""
        client, scenario = self.client("patient"), self.consultation.scenario
        if client.info.backend == "person":
            return HumanPatient(client, own=self.consultation.case.origin == "own")
        if not self.role_models.grounded:
            return FreePatient(client, scenario, self.consultation.talks and client.dialect.in_words)
        return Patient(client, scenario, self.role_models.checker)

    def client(self, role: SpeakingRole) -> RoleClient:
        """Return the client that plays a role."""
        return self.role_models.speakers[role]

    def patient_view(self) -> PatientView:
        """Return the patient's view."""
        view = self.seen.view
        assert isinstance(view, PatientView)
        talks = isinstance(self.patient, FreePatient) and self.patient.talks
        if self.consultation.talks and "satisfied" in view.offers and not talks:
            # Tiny models, grounded patients and persons take their leave when they have heard a diagnosis.
            told = self.consultation.scenario.leaks(view.lines[-1].text)
            return replace(view, offers=("satisfied",) if told else ("answer",))
        return view

    def doctor_view(self, client: RoleClient) -> DoctorView:
        """Return a doctor's view, with as many photographs as the model takes."""
        view = self.seen.view
        assert isinstance(view, DoctorView)
        view = replace(self._narrowed(view), rationale=client.info.rationale)
        if not client.info.sees:
            return replace(view, photograph=None)
        return view.showing(client.info.photographs)

    def _narrowed(self, view: DoctorView) -> DoctorView:
        """Return the view with photographs of at most the width that the run allows."""
        width = self.role_models.picture_width
        if width is None or view.photograph is None:
            return view
        first, *others = (narrowed(one, width) for one in view.photographs)
        return replace(view, photograph=first, further=tuple(others))

    def apply(self, act: Act) -> Next:
        """Step the environment, record the act, and go to the next node."""
        index = len(self.consultation.acts)
        self.seen = self.consultation.step(act)
        self.record(index, self.consultation.acts[-1])
        return go(self.seen.node)


def go(node: Node) -> Next:
    """Go to a node."""
    return Command(goto=END if node == "end" else node)


async def _open(state: State, runtime: Runtime[Session]) -> Next:
    session = runtime.context
    if session.consultation.case.question is not None:
        return session.apply(asked(session.consultation.case.question))
    return session.apply(await session.patient.open(session.patient_view(), session.context("patient")))


async def _triage(state: State, runtime: Runtime[Session]) -> Next:
    session, client = runtime.context, runtime.context.client("triage")
    return session.apply(await TriageDoctor(client).act(session.doctor_view(client), session.context("triage")))


async def _attend(state: State, runtime: Runtime[Session]) -> Next:
    session, client = runtime.context, runtime.context.client("attending")
    if session.consultation.talks:
        return session.apply(await _talk(session, client))
    attending = Attending(client, session.consultation.scenario)
    act = await attending.act(session.doctor_view(client), session.context("attending"))
    if act.action in ("ask", "examine"):
        return session.apply(act)
    session.chosen = act
    return go("panel" if act.action == "consult" or session.consultation.must_consult else "conclude")


async def _talk(session: Session, client: RoleClient) -> Act:
    """Return the doctor's next line in a free talk.

    A tiny model and a program cannot write freely: they choose a question, or a conclusion whose text is their line.
    """
    view, context = session.doctor_view(client), session.context("attending")
    if client.dialect.in_words:
        return await TalkingDoctor(client).speak(view, context)
    attending, last = Attending(client, session.consultation.scenario), view.turns_left <= 1 or not view.interviews
    view = replace(view, offers=("conclude",) if last else ("ask", "conclude"))
    act = Act("attending", "conclude") if last else await attending.act(view, context)
    if act.action == "ask":
        return act
    concluded = await attending.conclude(view, context)
    usage = act.usage + concluded.usage
    return Act(
        "attending", "ask", concluded.text,
        thought=concluded.thought, source=concluded.source, draft=concluded.draft, usage=usage, seed=concluded.seed,
    )  # fmt: skip


async def _extract(state: State, runtime: Runtime[Session]) -> Next:
    session = runtime.context
    lines = [line.text for line in session.consultation.lines if line.speaker == "attending"]
    extractor = Extractor(session.role_models.extractor, session.consultation.scenario)
    return session.apply(await extractor.conclude(lines, session.context("assessor")))


async def _answer(state: State, runtime: Runtime[Session]) -> Next:
    session, view = runtime.context, runtime.context.patient_view()
    act = session.patient.react if view.offers == ("satisfied",) else session.patient.answer
    return session.apply(await act(view, session.context("patient")))


async def _panel(state: State, runtime: Runtime[Session]) -> Next:
    session = runtime.context
    consultation, role_models, context = session.consultation, session.role_models, session.context("specialist")
    if role_models.panel_skill is None:
        members = [Specialist(role_models.specialist(field_), field_, i) for i, field_ in enumerate(consultation.panel)]
        asked = [m.opinion(session.doctor_view(m.client), consultation.scenario, context) for m in members]
        answers: list[tuple[Opinion, Usage]] = await role_models.together(asked)
        answers = await _in_words_of_their_own(members, answers, session)
    else:
        answers = [(opinion, Usage()) for opinion in sample_synthetic_panel(consultation, role_models.panel_skill)]
    # Nobody chooses to consult about a question: the panel is always asked.
    chosen, session.chosen = session.chosen or Act("attending", "consult", CONSULT, source="program"), None
    # The attending's own words if it chose to consult; a program's if it wanted to conclude without the panel.
    by_choice = chosen.action == "consult"
    act = Act(
        speaker="attending",
        action="consult",
        text=chosen.text if by_choice else CONSULT,
        opinions=tuple(opinion for opinion, _ in answers),
        thought=chosen.thought,
        source=chosen.source if by_choice else "program",
        draft=chosen.draft if by_choice else None,
        # The panel's answers are counted with its opinions.
        usage=sum((replace(cost, answers=0, unusable=0) for _, cost in answers), chosen.usage),
        seed=chosen.seed,
    )
    return session.apply(act)


async def _in_words_of_their_own(
    members: Sequence[Specialist], answers: Sequence[tuple[Opinion, Usage]], session: Session
) -> list[tuple[Opinion, Usage]]:
    """Ask a member of a tiny model's panel that repeats a colleague to reword its reason.

    Quotations do not count: the same words around another quotation are a repetition.
    """
    consultation, context = session.consultation, session.context("specialist")
    said: list[str] = []
    own: list[tuple[Opinion, Usage]] = []
    for member, (opinion, cost) in zip(members, answers, strict=True):
        repeats = without_quotations(opinion.reason) in map(without_quotations, said)
        if member.client.dialect.slots and opinion.usable and repeats:
            view = session.doctor_view(member.client)
            opinion, more = await member.in_other_words(opinion, said, view, consultation.scenario, context)
            cost += more
        said.append(opinion.reason)
        own.append((opinion, cost))
    return own


async def _conclude(state: State, runtime: Runtime[Session]) -> Next:
    session, client = runtime.context, runtime.context.client("attending")
    role_models = session.role_models
    attending = Attending(client, session.consultation.scenario, role_models.votes, role_models.together)
    concludes = attending.conclude if session.consultation.case.question is None else attending.answer
    act = await concludes(session.doctor_view(client), session.context("attending"))
    chosen, session.chosen = session.chosen, None
    if chosen is None:
        return session.apply(act)
    thought = " ".join(part for part in (chosen.thought, act.thought) if part)
    return session.apply(replace(act, thought=thought, usage=act.usage + chosen.usage))


async def _react(state: State, runtime: Runtime[Session]) -> Next:
    session = runtime.context
    return session.apply(await session.patient.react(session.patient_view(), session.context("patient")))


async def _reply(state: State, runtime: Runtime[Session]) -> Next:
    session, client = runtime.context, runtime.context.client("attending")
    attending = Attending(client, session.consultation.scenario, together=session.role_models.together)
    return session.apply(await attending.reply(session.doctor_view(client), session.context("attending")))


_ACTS: dict[Node, Callable[[State, Runtime[Session]], Awaitable[Next]]] = {
    "open": _open,
    "triage": _triage,
    "attend": _attend,
    "answer": _answer,
    "panel": _panel,
    "conclude": _conclude,
    "react": _react,
    "reply": _reply,
}


_TALK: dict[TalkNode, Callable[[State, Runtime[Session]], Awaitable[Next]]] = {
    "open": _open,
    "attend": _attend,
    "answer": _answer,
    "extract": _extract,
}


async def _due(state: State) -> str:
    # LangGraph runs what is not asynchronous in a thread.
    return state["due"]


@cache
def consultation_graph() -> Any:
    """Compile the graph; it is the same for every consultation."""
    return _compiled(_ACTS, EDGES)


@cache
def talk_graph() -> Any:
    """Compile the graph of a free talk."""
    return _compiled(_TALK, TALK_EDGES)


def _compiled(acts: Mapping[Any, Any], edges: Mapping[Any, Sequence[Any]]) -> Any:
    graph: Any = StateGraph(State, context_schema=Session)
    for node, act in acts.items():
        followers = [END if n == "end" else n for n in (*edges[node], "end")]
        graph.add_node(node, act, destinations=tuple(dict.fromkeys(followers)))
    # A resumed consultation enters at the act that is due.
    graph.add_conditional_edges(START, _due, {node: node for node in acts})
    return graph.compile()


async def play(session: Session) -> None:
    """Play a consultation from its current state to its end."""
    due = session.seen.node
    if due == "end":
        return
    limit = 4 * session.consultation.max_turns + 20
    graph = talk_graph() if session.consultation.talks else consultation_graph()
    start = State(consultation=session.id, due=due)
    # In version 2, only values are streamed, which change at the start alone.
    await graph.ainvoke(start, context=session, config={"recursion_limit": limit}, version="v2")


def mermaid() -> str:
    """Draw the flow as a Mermaid chart."""
    lines = ["graph TD", "  start([patient arrives]) --> open"]
    for node, followers in EDGES.items():
        lines += [f"  {node} --> {'done([done])' if n == 'end' else n}" for n in followers]
    return "\n".join(lines)
