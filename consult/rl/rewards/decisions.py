"""Rewards of decisions and of interviews. A reward is a small named function.

Of decisions (MMedAgent-RL, arXiv 2506.00555): 0.5 for the form and 1 for the right answer. Of interviews (after
DoctorAgent-RL): a new finding of the card, a question without an answer, a repeated one, the limit of turns, the
diagnosis, the advice. Their weights are in the configuration; a weight of 0 removes a reward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from consult.agents.acts import Act
from consult.agents.roles.advice import is_sound_explanation
from consult.rl.rewards.completion_parser import Decided
from consult.scenarios import Case, Scenario, Urgency
from consult.scenarios.conditional import known_of
from consult.scenarios.correct import UNKNOWN, Correct, correct
from consult.scenarios.scenario import REFERRAL

RUNNING = "running"
"""The status of a consultation before its end."""


@dataclass(frozen=True)
class Target:
    """The correct answer of a decision."""

    answer: str
    """The true specialty, or the true diagnosis."""
    urgency: Urgency | None = None
    scenario: Scenario | None = field(default=None, compare=False, repr=False)
    """For a diagnosis, the scenario whose labels and aliases count; None for a specialty, which has one name."""

    def is_right(self, named: str | None) -> bool:
        """Return whether an answer is right; an open diagnosis that nobody has judged is wrong."""
        if self.scenario is None:
            return named == self.answer
        return bool(correct(named, self.answer, self.scenario).correct)


@dataclass(frozen=True)
class Interview:
    """A consultation that was played to its end or to the turn limit."""

    scenario: Scenario
    case: Case
    acts: Sequence[Act]
    status: str
    """finished, unfinished or failed; running before its end."""
    decided: Correct = UNKNOWN
    """The stored decision, including a judge's verdict; empty while the consultation is played."""

    @property
    def correct(self) -> bool | None:
        """Return whether the consultation is right as reports count it; None without a truth, and before its end.

        Without a stored decision, names and aliases decide; an open diagnosis that nobody has judged is wrong.
        """
        if self.decided != UNKNOWN:
            return self.decided.correct
        if self.status == RUNNING:
            return None
        said, finished = self.conclusion.diagnosis if self.conclusion else None, self.status == "finished"
        return correct(said, self.case.truth.diagnosis, self.scenario, finished=finished).correct

    @property
    def conclusion(self) -> Act | None:
        """Return the attending's conclusion: its `diagnosis`, `urgency` and words; None if there is none."""
        return next((act for act in self.acts if act.action == "conclude"), None)


DecisionReward = Callable[[Decided, Target], float]
InterviewReward = Callable[[Interview], float | None]
"""None if the case has no true diagnosis, for example."""

# -- of a decision -----------------------------------------------------------------------------------------------------


def keeps_form(decided: Decided, target: Target) -> float:
    """0.5 when an unconstrained completion keeps to the form, with nothing missing, repeated or added."""
    return 0.5 if decided.formed and not decided.constrained else 0.0


def is_right(decided: Decided, target: Target) -> float:
    """1.0 when the only answer is the true one."""
    return float(target.is_right(decided.named))


def is_pressing_enough(decided: Decided, target: Target) -> float:
    """1.0 when the urgency is the true one; only a triage doctor states one."""
    return float(target.urgency is not None and decided.urgency == target.urgency)


DECISION_REWARDS: Mapping[str, DecisionReward] = {
    "format": keeps_form,
    "accuracy": is_right,
    "urgency": is_pressing_enough,
}

# -- of an interview ---------------------------------------------------------------------------------------------------


def new_finding(interview: Interview) -> float:
    """1.0 for each finding of the card that a question elicited for the first time; absent findings do not count."""
    findings = {fact.id for fact in interview.case.card.facts if not fact.none}
    told = {fact for act in interview.acts if act.action == "open" for fact in act.facts}
    brought = [fact for _, answer in _doctors_questions(interview) if answer for fact in answer.facts]
    return float(len((set(brought) & findings) - told))


def unanswerable(interview: Interview) -> float:
    """1.0 for each question that the patient has no answer to."""
    return float(sum(answer is not None and not answer.facts for _, answer in _doctors_questions(interview)))


def repeated(interview: Interview) -> float:
    """1.0 for each question about a topic that was asked before, and for each examination done twice."""
    topics = [act.topic for act in interview.acts if act.speaker == "attending" and act.action in ("ask", "examine")]
    named = [topic for topic in topics if topic is not None]
    return float(len(named) - len(set(named)))


def out_of_turns(interview: Interview) -> float:
    """1.0 when the consultation reached its limit without a satisfied patient."""
    return float(interview.status != "finished")


def right_diagnosis(interview: Interview) -> float | None:
    """1.0 when the consultation is right as reports count it; an open diagnosis that nobody has judged is wrong."""
    return None if interview.correct is None else float(interview.correct)


def sound_advice(interview: Interview) -> float | None:
    """1.0 when the conclusion is right and gives the scenario's advice: what it is, what to do, when to return.

    A patient who is rightly referred needs no other advice.
    """
    concluded = interview.conclusion
    if interview.correct is None:
        return None
    if concluded is None or not interview.correct:
        return 0.0
    if concluded.diagnosis == REFERRAL:
        return 1.0
    urgency = next((act.urgency for act in interview.acts if act.action == "triage"), None)
    known = known_of(interview.case.card)
    return float(is_sound_explanation(concluded.text, concluded.diagnosis, urgency, interview.scenario, known))


def _doctors_questions(interview: Interview) -> list[tuple[Act, Act | None]]:
    acts = interview.acts
    followers: list[Act | None] = [*acts[1:], None]
    return [
        (act, after if after is not None and after.action == "answer" else None)
        for act, after in zip(acts, followers, strict=True)
        if act.speaker == "attending" and act.action == "ask"
    ]


INTERVIEW_REWARDS: Mapping[str, InterviewReward] = {
    "new_finding": new_finding,
    "unanswerable": unanswerable,
    "repeated": repeated,
    "out_of_turns": out_of_turns,
    "diagnosis": right_diagnosis,
    "advice": sound_advice,
}
