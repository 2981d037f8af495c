"""Replies that were cut, repeated or unreadable: what a run counts of them, says of them, and ends with."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import clinic
import pytest
from command_line import consult

from consult.envs.metrics.replies import replies, unusable_roles
from consult.envs.prompts import prompts_of
from consult.envs.store.reply_counts import ReplyCount
from consult.envs.store.write import Store


@pytest.fixture
def played(tmp_path):
    """Play a run on a server of a shape; gives exit code, events, stderr and the opened store."""
    stores: list[Any] = []
    servers: list[Any] = []

    def play(shape, *more):
        servers.append(clinic.serving(shape))
        db = tmp_path / "a.db"
        reference = f"{servers[-1].base}#tiny"
        call = ["simulate", "--model", reference, "--cases", "1", "--db", str(db), "--json", *more]
        done = consult(*call)
        stores.append(Store(db))
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return SimpleNamespace(
            code=done.returncode, events=events, stderr=done.stderr, store=stores[-1], server=servers[-1]
        )

    yield play
    for one in (*stores, *servers):
        one.close()


def mumbling(text, body):
    """Answer as the triage doctor with nothing that can be read."""
    return "{no" if clinic.role_of(body) == "triage" else text


def by_role(store):
    return {one.role: one for one in replies(store, "r1")}


def test_a_cut_answer_is_asked_again_with_twice_the_room_and_its_cost_counts(played):
    run = played(clinic.CutFirst())
    assert run.code == 0 and run.events[-1]["event"] == "summary" and "could not be used" not in run.stderr
    counted = by_role(run.store)
    triage = counted["triage"]
    assert (triage.tries, triage.unusable, triage.cut, triage.widened) == (1, 0, 0, 1)
    first, second = [p for p in prompts_of(run.store, "r1.1") if p.role == "triage"]
    assert second.max_tokens == 2 * first.max_tokens and second.seed == first.seed
    assert first.cut and not second.cut and "twice the room" in first.why and second.outcome == "accepted"
    (turn,) = [e for e in run.events if e["event"] == "turn" and e["action"] == "triage"]
    assert turn["tokens_out"] == first.tokens_out + second.tokens_out
    assert turn["specialty"]


def test_an_answer_that_stays_cut_is_recorded_as_cut_and_asked_for_no_third_time(played):
    run = played(clinic.cut)
    counted = by_role(run.store)
    # A question that is cut in mid-word is still speech; JSON that is cut is nothing.
    assert counted["patient"].cut == counted["patient"].tries
    assert counted["triage"].cut == 2 and counted["triage"].unusable == 2
    rooms = Counter(body["max_tokens"] for body in run.server.asked if clinic.role_of(body) == "triage")
    (small, once), (large, more) = sorted(rooms.items())
    assert (large, once, more) == (2 * small, 1, 2)  # the second try has the room from the start
    summary = next(one for one in run.events[-1]["replies"] if one["role"] == "triage")
    assert summary["cut"] == 2
    assert all(
        p.cut and "cut off at its token limit" in p.why for p in prompts_of(run.store, "r1.1") if p.role == "triage"
    )


@pytest.mark.parametrize("prompts", [(), ("--no-prompts",)])
@pytest.mark.parametrize(
    ("shape", "reason", "remedy"),
    [
        (clinic.musing, "it is only private thought", "--thinking"),
        (clinic.nothing, "it is empty", "chat template"),
        (clinic.declining, "declined to answer", "another model"),
        (lambda text, body: "{" + "x" * 40, "no", "consult show r1.1 --prompts"),
        (lambda text, body: clinic.message("content_filter", content=""), "withheld", "another model"),
        (clinic.cut, "cut off", "--max-tokens"),
    ],
)
def test_a_run_whose_answers_are_unusable_ends_with_one_sentence_and_keeps_its_rows(
    played, shape, reason, remedy, prompts
):
    run = played(shape, *prompts, "--cases", "2")
    assert run.code == 1
    sentences = [line for line in run.stderr.splitlines() if "could not be used" in line]
    assert sentences and all(f"{run.server.base}#tiny" in line for line in sentences)
    assert any("triage" in line and reason in line and remedy in line for line in sentences)
    assert len(run.store.consultations("r1")) == 2 and len(run.store.acts("r1.1")) > 2
    assert run.store.run("r1")["status"] == "finished"
    assert run.events[-1]["unusable_roles"] == [line.removeprefix("consult: ") for line in sentences]
    assert bool(prompts_of(run.store, "r1.1")) == (not prompts)


@pytest.mark.parametrize("shape", [clinic.polite, clinic.misfiled, clinic.calling, clinic.in_parts])
def test_answers_in_odd_places_are_read(played, shape):
    run = played(shape)
    (ended,) = [e for e in run.events if e["event"] == "consultation"]
    assert ended["specialty"] and ended["diagnosis"]
    unusable = {(p.role, p.task) for p in prompts_of(run.store, "r1.1") if p.outcome == "refused"}
    assert unusable & {(r, t) for r, t in unusable if t in ("triage", "action", "opinion", "decision")} == set()
    spoken = [e["text"] for e in run.events if e["event"] == "turn" and e["source"] == "model"]
    assert not any("I think so" in text or "Secret" in text for text in spoken)


def test_a_patient_is_never_given_its_thought_to_say(played):
    run = played(clinic.misfiled)
    assert by_role(run.store)["patient"].unusable == by_role(run.store)["patient"].tries > 3
    assert run.code == 1 and "as patient" in run.stderr and "private thought" in run.stderr


@pytest.mark.slow
def test_a_second_reply_equal_to_the_first_is_counted_and_said(played, tmp_path):
    run = played(mumbling)
    assert by_role(run.store)["triage"].repeated == 1 and by_role(run.store)["attending"].repeated == 0
    with clinic.serving(mumbling) as other:
        call = ["simulate", "--model", f"{other.base}#tiny", "--db", str(tmp_path / "b.db")]
        for cases, words in (("1", "replies equal to the first:"), ("2", "second replies equal to the first")):
            assert words in consult(*call, "--cases", cases).stdout
    shown = consult("show", "r2", "--db", str(tmp_path / "b.db")).stdout
    assert "repeat a refused one" in shown


def test_few_tries_say_nothing(played):
    """Two unusable replies of one triage are no run's failure."""
    run = played(mumbling)
    assert run.code == 0 and by_role(run.store)["triage"].unusable == 2
    # It named no specialty, which is a wrong one, as in reports.
    assert (run.events[-1]["triaged"], run.events[-1]["triage_correct"]) == (1, 0)


def test_a_report_counts_them(played, tmp_path):
    run = played(clinic.cut)
    from consult.render.report.write import write_report

    data = write_report(run.store, ["r1"], tmp_path / "out")["runs"][0]
    assert {one["role"] for one in data["replies"] if one["cut"]} >= {"triage", "patient"}
    page = (tmp_path / "out" / "report.md").read_text()
    assert "Replies" in page and "cut off at its token limit" in page


def test_a_triage_without_specialties_is_told_what_to_do():
    counted = [ReplyCount("triage", "starter@1", 4, 4, 0, 0, 0, "no specialty can be read")]
    (said,) = unusable_roles(counted, "r1", Path("a.db"), ())
    assert said.startswith("4 of 4 replies of 'starter@1' as triage could not be used") and "--team no-triage" in said
    (said,) = unusable_roles(counted, "r1", Path("a.db"), ("dermatology",))
    assert "--team" not in said and "--db a.db" in said


def test_the_fix_names_all_roles_with_the_same_reason():
    why = "cannot be read: cut off at its token limit"
    counted = [ReplyCount(role, "m@1", 4, 4, 4, 0, 0, why) for role in ("triage", "specialist")]
    (said,) = unusable_roles(counted, "r1", Path("a.db"), ("dermatology",))
    assert said.endswith("give it more room with --max-tokens triage=N --max-tokens specialist=N")
