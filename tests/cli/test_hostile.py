"""Hostile words and files to every option of every command: one sentence, a known exit code, and the store as it was.

The commands, their options and types come from the command tree itself, so that a new option is tried, too. What would
take long is kept small: a scripted model, one case, a training that cannot begin, a server whose port is taken.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import huggingface_hub.constants
import pytest
import typer
from command_line import PLAIN, consult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consult.cli.main import app

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
SCRIPT = f"scripted:{PANEL}"
CODES = {0, 1, 2, 130, 141}
LONGEST = 60
"""Seconds of a command."""
SECRET = "Geheim4711"
KEYS = {"CONSULT_API_KEY": f"{SECRET}env", "HF_HUB_OFFLINE": "1"}
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tabs and line ends, marks that reorder text, and halves of characters."""


# -- the command tree --------------------------------------------------------------------------------------------------


class Parameter(NamedTuple):
    """An option or an argument of a command."""

    name: str
    """The option as it is typed; empty for an argument."""
    kind: str
    """Flag, number, path or text."""
    required: bool


@cache
def commands() -> dict[tuple[str, ...], list[Parameter]]:
    """Read the words of every command, and its parameters, from the program."""
    found: dict[tuple[str, ...], list[Parameter]] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        below = getattr(command, "commands", {})
        waiting += [((*words, name), inner) for name, inner in below.items()]
        if not below:
            found[words] = [parameter(one) for one in command.params]
    return dict(sorted(found.items()))


def parameter(one: Any) -> Parameter:
    kind = str(one.type_descriptor.annotation)
    name = one.opts[0] if one.param_type_name == "option" else ""
    if getattr(one, "is_flag", False):
        return Parameter(name, "flag", False)
    number = "int" in kind or "float" in kind
    return Parameter(name, "number" if number else "path" if "Path" in kind else "text", one.required)


BUSY = socket.create_server(("127.0.0.1", 0))
TAKEN = str(BUSY.getsockname()[1])
SCRIPTED = ("--model", SCRIPT)
BEFORE: dict[tuple[str, ...], tuple[str, ...]] = {
    ("simulate",): (*SCRIPTED, "--case", "test-0003"),
    ("doctor",): SCRIPTED,
    ("benchmark",): (*SCRIPTED, "--cases", "1", "--strategies", "no-dialogue", "--no-solo", "--yes"),
    ("assess",): ("--assessor", "rules"),
}
"""Given first, so that a hostile value takes its place."""
AFTER: dict[tuple[str, ...], tuple[str, ...]] = {
    ("view",): ("--port", TAKEN),
    ("train", "classifier"): ("--model", "nowhere"),
    **{
        ("train", role): ("--out", "dog.txt/out")
        for role in ("triage", "attending", "interview", "starter", "assessor")
    },
}
"""Given last, so that a hostile value cannot start what takes long."""


# -- words and files ---------------------------------------------------------------------------------------------------

NUMBERS = (
    "-1", "0", "1", "2", "2.0", "3.5", "1e3", "nan", "inf", "-inf", "1_0", " 2 ", "٣", "²", "0x10", "+1", "01", "x",
    "9" * 20, "9" * 5000, "9223372036854775808", "-9223372036854775809", "1e400", "true", "1,5", "",
)  # fmt: skip
TEXTS = (
    "", " ", "\t", "-", "--", "---", "=", "a=b", "=b", "a=", "[/b]", "[red]x[/red]", "[link=http://a]", ":smile:",
    "%s{}{0}", "\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "\u202eabc", "a\u200bb", "a\nb", "a\r\nb", "\u2028",
    "\udcff\udc80", "é", "👩\u200d⚕\ufe0f", "അവന്\u200d", "x", "'", '"', "'; DROP TABLE runs; --", "$(ls)", "<script>",
    "<|im_end|>", "..", "r1", "r2", "r1.1", "r1.2", "r9", "r1.", "r", "test-0003", "test-9999", "derm34", "test",
    "train", "rules", "none", "on", "off", "human", "nobody", "model", "all", "dialogue", "no-dialogue", "panel",
    "solo", "csv", "jsonl", "folder", "agentclinic", "craft-md", "dermatology=nowhere", "accuracy=1", "accuracy=nan",
    "accuracy=", "nowhere", "no/where", "scripted:", "scripted:nowhere.yaml", "bayes:derm34", "bayes:x", "file.py:x",
    "file.py:", ":x", "dermatology", "http://", "http://127.0.0.1:9/v1#x", f"http://u:{SECRET}@127.0.0.1:9/v1",
    "http://127.0.0.1:9/v1?timeout=nan#x", "http://[::1", f"sk-{SECRET}", f"Bearer {SECRET}", f"api_key={SECRET}",
    "file::memory:", ":memory:", "con.py",
)  # fmt: skip


def hostile_files(folder: Path) -> None:
    """Write files and folders of many kinds."""
    (folder / "here").mkdir()
    for name, content in {
        "empty.txt": b"",
        "dog.txt": b"I am a dog.\n",
        "noise.bin": bytes(range(256)) * 20,
        "nul.toml": b"seed = 1\0\n",
        "latin.csv": "complaint,diagnosis\nMein Fuß,Ekzem\n".encode("latin-1"),
        "good.csv": b"complaint,diagnosis\nMy arm itches,eczema\nMy leg hurts,psoriasis\n",
        "odd.csv": 'complaint,diagnosis,[/b]\n"a\x1b[31m\nb",[red],\u202e\n,,,,,\n"open'.encode(),
        "ratings.csv": b"consultation,item,value\nr1.1,1.1,1\nr1.1,9.9,\x1b[31m\nr1.1,1.2,nan\nr1.1,1.2,1_0\n",
        "deep.json": b"[" * 3000,
        "cases.jsonl": b'{"complaint": "\x1b[31m", "diagnosis": 1e999}\n' + b"9" * 5000 + b"\nnull\n",
        "script.yaml": b'replies: {patient: ["\\e[31m [/b] \\u202e"], triage: [x], attending: [y], specialist: [z]}\n',
        "date.yaml": b"replies: {patient: [2024-99-99]}\n",
        "large.yaml": b"replies: {patient: [" + b"9" * 5000 + b"]}\n",
        "list.yaml": b"- 1\n- 2\n",
        "grid.toml": b"cases = 2.0\nseed = inf\n",
        "grid2.toml": b'strategies = ["\\u001b[31m"]\n',
        "grid3.toml": b'models = ["' + SCRIPT.encode() + b'"]\ncases = 1\n[roles]\npatient = "[/b]"\n',
        "grid4.toml": b"[[cells]]\nmodels = []\n[[cells]]\ncases = 1_0\n",
        "train.toml": f'steps = 1.0\nmodel = "sk-{SECRET}"\n'.encode(),
        "train2.toml": b'rewards = {accuracy = nan}\nstages = ["\\u009b1m"]\n',
        "spoilt.db": b"SQLite format 3\0" + bytes(range(256)) * 40,
        "[/b].yaml": b"replies: {patient: [hello]}\n",
        "a\x1b[31mb.yaml": b"replies: {}\n",
        "ward/scenario.yaml": b'name: "[/b]"\ntitle: "a\\e[31m"\ntopics: {duration: how long}\n',
        "ward/labels.yaml": b"labels: {flu: {specialty: m}, cold: {specialty: m}}\n",
        "ward/cases.jsonl": b'{"id": "[/b]", "complaint": "I ache", "diagnosis": "flu"}\n',
        "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(40),
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    Path(os.fsdecode(os.fsencode(str(folder)) + b"/\xff.yaml")).write_bytes(b"replies: {patient: [hello]}\n")
    (folder / "loop").symlink_to("loop")
    (folder / "half.db").write_bytes((folder / "consult.db").read_bytes()[:20_000])


FILES = (
    "here", "ward", "empty.txt", "dog.txt", "noise.bin", "nul.toml", "latin.csv", "good.csv", "odd.csv", "ratings.csv",
    "deep.json", "cases.jsonl", "script.yaml", "date.yaml", "large.yaml", "list.yaml", "grid.toml", "grid2.toml",
    "grid3.toml", "grid4.toml", "train.toml", "train2.toml", "spoilt.db", "half.db", "[/b].yaml", "a\x1b[31mb.yaml",
    "\udcff.yaml", "loop", "picture.png", "consult.db", "new.db", "new", "new/er", "dog.txt/x", "/dev/null", "x" * 300,
)  # fmt: skip

LETTERS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    st.sampled_from("\x1b\x9b\x07\u202e\u200d\u200b[]/:=.-'\"\\\n\udcff\udc80"),
)
WORDS = st.text(LETTERS, max_size=12).filter(lambda text: not text.startswith(("/", "~", "http")) and ".." not in text)
PLACES = st.one_of(st.sampled_from(FILES), st.sampled_from(TEXTS), WORDS)
VALUES = {
    "number": st.one_of(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), st.sampled_from(TEXTS), WORDS),
    "path": st.one_of(st.sampled_from(FILES), st.sampled_from(FILES), PLACES),
    "text": st.one_of(
        st.sampled_from(TEXTS),
        st.sampled_from(NUMBERS),
        WORDS,
        PLACES,
        st.sampled_from(FILES).map("scripted:{}".format),
    ),
}


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw a command with up to two hostile options; a required parameter has a usual or a hostile value."""
    group = draw(st.sampled_from(sorted({words[0] for words in commands()})))
    words = draw(st.sampled_from([words for words in commands() if words[0] == group]))
    parameters = commands()[words]
    options = [one for one in parameters if one.name]
    arguments = [draw(argument(one)) for one in parameters if not one.name and (one.required or draw(st.booleans()))]
    chosen = draw(st.lists(st.sampled_from(options), min_size=1, max_size=2, unique=True)) if options else []
    chosen += [one for one in options if one.required and one not in chosen]
    given = [word for one in chosen for word in option(one, draw)]
    return (*words, *BEFORE.get(words, ()), *given, *AFTER.get(words, ()), *arguments)


def argument(one: Parameter) -> st.SearchStrategy[str]:
    usual = st.sampled_from(
        ("r1", "r1.1", "ward", "csv", "good.csv", "derm34", "agentclinic", "jsonl", "odd.csv", "here")
    )
    return st.one_of(usual, usual, usual, VALUES[one.kind])


def option(one: Parameter, draw: st.DrawFn) -> tuple[str, ...]:
    if one.kind == "flag":
        return (
            (draw(st.sampled_from((one.name, f"{one.name}=1", f"{one.name}="))),)
            if draw(st.booleans())
            else (one.name,)
        )
    value = draw(VALUES[one.kind])
    return (f"{one.name}={value}",) if draw(st.booleans()) else (one.name, value)


# -- trying them -------------------------------------------------------------------------------------------------------


@cache
def template() -> Path:
    """Make a folder with a store of two runs, and hostile files."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    for more in ((), ("--team", "solo")):
        consult("simulate", *SCRIPTED, "--cases", "2", *more, folder=folder, check=True)
    hostile_files(folder)
    return folder


class HungError(BaseException):
    """A command took too long; no handler of the program catches it."""


@contextmanager
def limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise HungError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def rows(database: Path) -> dict[str, set[Any]]:
    """Return the keys of every table of a store whose integrity was verified."""
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        held = {name: {row[:2] for row in connection.execute(f"SELECT * FROM [{name}]")} for name in names}
    connection.close()
    return held


def problem_of(words: tuple[str, ...]) -> str:
    """Type a command in a folder of its own; return what is wrong, empty if nothing is."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as above:
        folder = Path(above, "a", "b")
        shutil.copytree(template(), folder, symlinks=True)
        before = rows(folder / "consult.db")
        try:
            with limited():
                done = consult(*words, folder=folder, env={**PLAIN, **KEYS})
        except Exception as error:
            return f"a traceback: {type(error).__name__}: {error}"
        except HungError:
            return f"no end after {LONGEST} s"
        said = done.stdout + done.stderr
        harmful = HARMFUL.search(said)
        after = rows(folder / "consult.db")
        lost = [name for name, keys in before.items() if keys - after.get(name, set())]
    checks = {
        f"exit code {done.returncode}": done.returncode not in CODES,
        f"{harmful and harmful.group()!a} is printed": harmful is not None,
        "a traceback is printed": "Traceback (most recent" in said,
        "a key is printed": SECRET in said,
        "a mistake without a sentence": done.returncode == 2 and not said.strip(),
        f"rows lost of {lost}": bool(lost),
    }
    found = [name for name, wrong in checks.items() if wrong]
    return f"{', '.join(found)}: {said[-600:]!a}" if found else ""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


ALWAYS = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


def test_every_command_and_option_is_known() -> None:
    kinds = {one.kind for parameters in commands().values() for one in parameters}
    assert kinds == {"flag", "number", "path", "text"}
    assert {("simulate",), ("train", "assessor"), ("scenarios", "import")} <= set(commands())
    assert sum(map(len, commands().values())) > 150


@pytest.mark.slow
@settings(ALWAYS, max_examples=200)
@given(words=typed())
def test_hostile_words_get_a_sentence(words: tuple[str, ...]) -> None:
    assert problem_of(words) == ""


@pytest.mark.exhaustive
@settings(ALWAYS, max_examples=2000)
@given(words=typed())
def test_many_hostile_words_get_a_sentence(words: tuple[str, ...]) -> None:
    assert problem_of(words) == ""
