"""The scripted model: which reply comes when, and what a broken script is told."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from consult.agents.models import Message, Model, ModelError, Prompt, Request, Role, open_model

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
