"""What is shown of how a consultation ended: one view model, which the terminal and the pages render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from consult.counts import count_of
from consult.foreign_text import shown
from consult.scenarios import Scenario

Event = dict[str, Any]


class Judged(NamedTuple):
    """Something that was said, and whether it is right."""

    said: str
    right: bool | None
    """None if no truth is known."""
    note: str = ""


@dataclass(frozen=True)
class VerdictRow:
    """One line of a verdict beneath the diagnosis."""

    name: str
    judged: tuple[Judged, ...]
    tone: Literal["", "error", "warning"] = ""


_DECIDED_BY = {"alias": ", by another name", "judge": ", as the judge says"}
_RUNNING = "being played, or interrupted"


def verdict_rows(event: Event, scenario: Scenario) -> list[VerdictRow]:
    """List what a verdict tells beside the diagnosis, in the order in which it is shown."""
    rows = []

    def add(name: str, said: str, tone: Literal["", "error", "warning"] = "") -> None:
        if said:
            rows.append(VerdictRow(name, (Judged(said, None),), tone))

    add("judge", judged_in_words(event["judgement"]) if event["judgement"] else "")
    if event["team"] == "panel":
        rows.append(VerdictRow("triage", tuple(triage_judgements(event, scenario))))
    if event["final_urgency"] is not None:
        rows.append(VerdictRow("urgency", (urgency_judgement(event),)))
    add("panel", panel_judgement(event) if event["opinions"] else "")
    add("classifier", shown(", ".join(event["expert"] or ())))
    add("facts", f"{event['facts_disclosed']}/{event['facts']} learned from the patient" if event["facts"] else "")
    tokens = f"{count_of(event['tokens_in'], 'token')} in, {event['tokens_out']:,} out"
    add("cost", f"{count_of(event['turns'], 'turn')} · {tokens} · {event['seconds']:.1f} s of model time")
    status = event["status"]
    if status != "finished":
        add("status", _RUNNING if status == "running" else status, "error" if status == "failed" else "warning")
    add("error", shown(event["error"] or ""), "error")
    add("note", event.get("disclaimer") or "", "warning")
    return rows


def judgement(event: Event) -> tuple[bool | None, str]:
    """Return whether the diagnosis is right (None: no truth is known), and say so."""
    truth, right = shown(event["truth"] or ""), event["correct"]
    if event["status"] == "running":
        return None, "not concluded yet"
    if right is None:
        return None, "" if truth else "no truth is known"
    if right:
        return True, f"✔ right{_DECIDED_BY.get(event['correct_by'], '')}"
    if event["correct_by"] == "unjudged":
        return False, f"? unjudged, which counts as wrong: it was {truth}"
    if event["diagnosis"] and event["status"] != "finished":
        return False, f"✘ {event['status']}, which counts as wrong: it was {truth}"
    wrong = "wrong" if event["diagnosis"] else "none"
    return False, f"✘ {wrong}{_DECIDED_BY.get(event['correct_by'], '')}: it was {truth}"


def judged_in_words(judgement: Event) -> str:
    """Return what a judge said of a diagnosis, and why."""
    said = f"{judgement['verdict'] or 'no verdict'}: {judgement['why']}" if judgement["why"] else judgement["verdict"]
    return shown(f"{said} ({judgement['judge']})")


def panel_judgement(event: Event) -> str:
    """Count the panel's opinions that are right."""
    right, opinions = event["opinions_right"], event["opinions"]
    return count_of(opinions, "opinion") if right is None else f"{right}/{opinions} right"


def triage_judgements(event: Event, scenario: Scenario) -> list[Judged]:
    """Judge specialty and urgency: what was said, whether it is right, and what would have been."""
    label = scenario.labels.get(event["truth"] or "")
    accepted = label is not None and label.second_specialty is not None
    second = accepted and label is not None and event["specialty"] == label.second_specialty
    judged = []
    # A question about pictures has no urgency.
    keys = ("specialty", "urgency") if event.get("question_form") is None else ("specialty",)
    for key in keys:
        said, true = event[key], event[f"true_{key}"]
        right = None if true is None else said == true
        note = "" if right is not False else f"truly {shown(true)}"
        if key == "specialty" and second and right is False:
            # Neither a tick nor a cross: it counts as right where the second specialty does.
            right, note = None, f"accepted, the first choice is {shown(true)}"
        judged.append(Judged(shown(said or f"no {key}"), right, note))
    return judged


def urgency_judgement(event: Event) -> Judged:
    """Judge the final urgency, with what the triage said where that was another."""
    said, true = event["final_urgency"], event["true_urgency"]
    right = None if true is None else said == true
    notes = [f"truly {shown(true)}"] if right is False else []
    notes += [f"triage said {shown(event['urgency'])}"] if event["urgency"] not in (None, said) else []
    return Judged(shown(said), right, ", ".join(notes))


def right_of(counts: Event) -> str:
    """Return how many consultations of a run are right, from its row or its summary."""
    if not counts["with_truth"]:
        return "no truth is known"
    unjudged = f", {counts['unjudged']:,} of them unjudged" if counts["unjudged"] else ""
    right = f"{counts['correct']:,} of {counts['with_truth']:,} right ({counts['correct'] / counts['with_truth']:.1%})"
    return f"{right}; the others count as wrong{unjudged}" if unjudged else right


def judging_command(run: str, db: str = "") -> str:
    """Return the command that judges what is unjudged.

    Args:
        run: The run's id.
        db: The option that names its store, with a space before it; empty for the usual one.
    """
    return f"consult assess {run} --judge REF{db}"


def reasonless_in_words(verdicts: int, of: int) -> str:
    """Say that verdicts of an assessor were not scored for want of a reason of its own.

    Args:
        verdicts: Number of these verdicts.
        of: Number of all verdicts that it owed.
    """
    return (
        f"{verdicts:,} of {count_of(of, 'verdict')} had a placeholder or a copy instead of a reason and "
        f"{'was' if verdicts == 1 else 'were'} not scored; consult assess --check-judge REF shows what the judge can do"
    )
