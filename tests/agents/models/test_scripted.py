"""The scripted model: which reply comes when, and what a broken script is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from consult.agents.assessors.judge import TASK as JUDGING
from consult.agents.assessors.model import TASK as ASSESSING
from consult.agents.models import (
    ROLES,
    Message,
    Model,
    ModelError,
    Prompt,
    Reply,
    Request,
    Role,
    open_model,
    revision_at,
)
from consult.agents.models.scripted import TASKS, ScriptedModel
from consult.agents.roles.checker import TASK as CHECKING
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import Scenario

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"

SCRIPT = """\
sees: false
replies:
  patient.open: ["Hello there."]
  patient: [first, second, the last one]
  triage:
    - error: the line is dead
    - back again
"""


def opened(folder: Path, text: str) -> Model:
    path = folder / "script.yaml"
    path.write_text(text)
    return open_model(f"scripted:{path}")


def request(role: str, task: str, nth: int) -> Request:
    assert role in get_args(Role)
    prompt = Prompt((Message("system", "two words"), Message("user", "and three more")), 8)
    return Request((0,), role, task, nth, prompt, seed=0)  # type: ignore[arg-type]


def test_the_nth_line_gets_the_nth_reply_and_the_last_repeats(tmp_path: Path) -> None:
    model = opened(tmp_path, SCRIPT)
    replies = model.generate([request("patient", "answer", nth) for nth in (0, 1, 2, 3, 40)])
    assert [reply.text for reply in replies] == ["first", "second", *["the last one"] * 3]
    assert [(reply.tokens_in, reply.tokens_out) for reply in replies][1:3] == [(5, 1), (5, 3)]


def test_a_task_of_its_own_goes_before_the_role(tmp_path: Path) -> None:
    model = opened(tmp_path, SCRIPT)
    assert [model.generate([request("patient", t, 0)])[0].text for t in ("open", "ask")] == ["Hello there.", "first"]


def test_an_error_entry_fails_the_request_and_the_next_one_answers(tmp_path: Path) -> None:
    model = opened(tmp_path, SCRIPT)
    with pytest.raises(ModelError, match="the line is dead"):
        model.generate([request("triage", "triage", 0)])
    assert model.generate([request("triage", "triage", 1)])[0].text == "back again"


def test_a_role_without_replies_names_the_missing_entry(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no replies for 'attending\.action'"):
        opened(tmp_path, SCRIPT).generate([request("attending", "action", 0)])


def test_what_it_is(tmp_path: Path) -> None:
    info = opened(tmp_path, SCRIPT).info
    assert (info.backend, info.dialect, info.sees) == ("scripted", "plain", False)
    assert info.revision == opened(tmp_path, SCRIPT).info.revision
    assert info.revision != opened(tmp_path, SCRIPT + "  specialist: [nothing]\n").info.revision
    assert opened(tmp_path, "replies: {patient: [hello]}").info.sees


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("replies:\n  patient: [hello\n", 3, "YAML"),
        ("replies:\n  patient: [hello]\nreply: [x]\n", 3, "reply"),
        ("replies:\n  triage: [x]\n  patient: []\n", 3, r"replies\.patient"),
        ("replies:\n  triage:\n    - x\n    - 7\n", 4, r"replies\.triage\.1"),
        (
            "replies:\n  triage:\n    - error: x\n      retry: 2\n",
            4,
            r"replies\.triage\.0\.retry.*not a key here",
        ),
        (
            "replies:\n  patient: [x]\n  attendng.action: [x]\n",
            3,
            r"'attendng\.action' is not a role; there are: attending, patient, triage",
        ),
        (
            "replies:\n  attending.acton: [x]\n",
            2,
            r"'attending\.acton' is not a task; there are: attending\.action, ",
        ),
        ("replies:\n  triage.: [x]\n", 2, r"'triage\.' is not a task; there are: triage\.triage$"),
        ("replies:\n  judge: [x]\n", 2, r"'judge' is not a role; there are: .*assessor"),
        ("sees: true\n", 1, "replies"),
        ("", 1, "the file"),
        ("- hello\n", 1, "the file"),
        ("replies:\n  patient: &a [hello]\n", 2, "anchor"),
    ],
)
def test_a_broken_script_is_named_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(ModelError, match=rf"script\.yaml:{line}: .*{what}") as caught:
        opened(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_missing_script_and_an_unknown_reference_name_the_fix(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"^script .*gone\.yaml' does not exist; give scripted: and the path of a YAML file$"
    ):
        open_model(f"scripted:{tmp_path / 'gone.yaml'}")
    with pytest.raises(ModelError, match=r"^script '.*' is a folder; give"):
        open_model(f"scripted:{tmp_path}")
    with pytest.raises(ModelError, match=r"no model 'startr'.*starter"):
        open_model("startr")


@pytest.mark.parametrize(
    ("reference", "fix"),
    [
        ("scripted:", "the path of a YAML file, such as scripted:script.yaml"),
        ("scripted: ", "the path of a YAML file"),
        ("bayes:", "a scenario with tables, such as bayes:derm34"),
        ("silent:", "a scenario with tables, such as silent:derm34"),
        ("random:", "a scenario with tables"),
        ("http:", "the rest of a server's address, such as http://localhost:8000/v1#name"),
        ("https://", "the rest of a server's address"),
        ("models.py:", "the name of a function or an object in it"),
    ],
)
def test_a_kind_alone_is_no_reference(reference: str, fix: str) -> None:
    for opening in (open_model, revision_at):
        with pytest.raises(ModelError) as told:
            opening(reference)
        assert str(told.value).startswith(f"'{reference}' has nothing after the colon; add {fix}")


def test_an_address_that_names_no_model_after_its_hash_is_refused() -> None:
    with pytest.raises(ModelError, match="ends with #; add the name of a model, or remove the #"):
        open_model("http://localhost:1/v1#")


def test_every_task_that_a_consultation_asks_for_can_be_scripted(derm34: Scenario, tmp_path: Path) -> None:
    """The menu of a script's keys is complete: played without a patient's grounding, too, and assessed."""
    asked: set[tuple[str, str]] = set()

    class Listening(ScriptedModel):
        def generate(self, requests: Sequence[Request]) -> list[Reply]:
            asked.update((request.role, request.task) for request in requests)
            return super().generate(requests)

    model = Listening.load(PANEL, "listening")
    role = RoleConfig(model="listening")
    for grounded in (True, False):
        config = RunConfig(
            scenario="derm34", cases=("test-0000", "test-0003"), temperaments=("choleric", "sanguine"),
            patient=role, triage=role, specialist=role, attending=role, patient_grounding=grounded,
        )  # fmt: skip
        with Store(tmp_path / f"{grounded}.db") as store:
            Runner(derm34, config, Models({"listening": model}), store).run()
    assert {("patient", "open"), ("patient", "free"), ("attending", "explanation")} <= asked
    assert all(task in TASKS[role] for role, task in asked)
    assert {*TASKS["assessor"]} == {ASSESSING, JUDGING, CHECKING} and set(TASKS) == set(ROLES)
