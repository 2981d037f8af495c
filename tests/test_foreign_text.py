"""Text from outside: it has no effect where it is shown, gives no key away, and names stay readable."""

from __future__ import annotations

import ast
import datetime
import json
import re
from pathlib import Path

import pytest
from command_line import type_in

import consult
from consult.envs.store.write import Store
from consult.errors import UserError
from consult.foreign_text import (
    as_html,
    as_json,
    as_name,
    environment_read_once,
    harmless,
    one_line,
    quoted,
    quoted_python,
    sentence,
    shown,
    without_keys,
)

PACKAGE = Path(consult.__file__).parent
PANEL = Path(__file__).parent / "data" / "panel.yaml"

KEYS = [
    ("Incorrect API key provided: sk-proj-abcDEF123456.", "sk-proj-abcDEF123456"),
    ("the header is Authorization: Bearer abc.def-123", "abc.def-123"),
    ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("Bearer topsecretword was refused", "topsecretword"),
    ('{"api_key": "abcdef", "n": 3}', "abcdef"),
    ("OPENAI_API_KEY=abcdef", "abcdef"),
    ("password: hunter2!", "hunter2!"),
    ("http://anna:geheim@127.0.0.1:9/v1#x", "geheim"),
    ("https://anna:ge/he@im@host:80/v1", "he@im"),
    ("http://host/v1?key=abcdef&n=1", "abcdef"),
    ("hf_AbCdEfGhIjKl in the log", "hf_AbCdEfGhIjKl"),
    ("ghp_0123456789abcdefABCD", "ghp_0123456789abcdefABCD"),
    ("a token eyJhbGciOi.eyJzdWIiOi.c2ln", "eyJzdWIiOi"),
    ("consult --api-key abcdef", "abcdef"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
]
NO_KEYS = [
    "My desk-top lamp burns my skin.",
    "She is the bearer of good news; a bearer token is none.",
    "It is a secret: I drink.",
    "max_tokens=64, 1,234 tokens: 3, eos_token_id 5, sk-learn",
    "http://127.0.0.1:8000/v1#name@0123abcd",
    "http://localhost:8000/v1?concurrency=8#org/name",
    "The key finding is a rash; passwords are not asked.",
]
NAMES = [
    "👩\u200d⚕\ufe0f",
    "👨🏽\u200d🦱",
    "അവന്\u200d",
    "ශ්\u200dරී",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Zoë",
    "李雷",
]
HARMFUL = [
    "\x1b[31m",
    "\x1b]0;t\x07",
    "\x9b31m",
    "\x00",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2060",
    "\ufeff",
    "\udcff",
]


@pytest.mark.parametrize(("text", "key"), KEYS)
def test_what_may_be_a_key_is_hidden(text: str, key: str) -> None:
    for way in (without_keys, harmless, one_line, shown, as_html, sentence):
        assert key not in way(text) and "***" in way(text)
    assert key not in str(UserError(f"the server says '{text}'; correct it"))


@pytest.mark.parametrize("text", NO_KEYS)
def test_other_words_stay(text: str) -> None:
    assert without_keys(text) == text


def test_a_key_of_the_environment_is_hidden_whatever_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSULT_API_KEY", "plainwords")
    assert without_keys("you sent plainwords") == "you sent ***"


@pytest.mark.parametrize("name", NAMES)
def test_joiners_of_a_script_or_a_pictograph_stay(name: str) -> None:
    for way in (harmless, one_line, shown, as_html, sentence):
        assert way(name) == name
    assert quoted(name) == f"'{name}'"


@pytest.mark.parametrize("mark", ["\u200c", "\u200d"])
def test_joiners_that_only_mislead_do_not_stay(mark: str) -> None:
    assert shown(f"ecz{mark}ema{mark}") == "eczema" and mark not in harmless(f"ecz{mark}ema{mark}")


@pytest.mark.parametrize("harm", HARMFUL)
def test_nothing_acts_on_a_terminal(harm: str) -> None:
    for way in (harmless, one_line, shown, as_html, sentence):
        assert not set(harm) & set(way(f"a{harm}b")) - set("[]31m0;t")
    written = as_json(json.dumps({"a": harm, "b": "\u2028😀"}, ensure_ascii=False))
    assert json.loads(written) == {"a": harm, "b": "\u2028😀"} and not set(harm) & set(written) - set("[]31m0;t")


def test_what_stands_between_a_name_and_an_apostrophe_is_no_long_value() -> None:
    words = "'http://host/v1#model' " + "gave one text under two seeds, and so on, " * 6 + "in the model's own file"
    assert sentence(words) == words and "…" in sentence("'" + "a b " * 60 + "' is no model; give another")


def test_a_sentence_keeps_its_fix() -> None:
    for value in ("x" * 20_000, "word " * 5_000, "a'b " * 5_000, "x" * 300):
        said = str(UserError(f"there is no case '{value}'; give another --case"))
        assert len(said) <= 1_000 and said.endswith("give another --case") and said.startswith("there is no case")
    assert str(UserError("one\ntwo\r\nthree\u2028four")) == "one two three four"


def test_a_name_with_a_line_end_can_be_found_by_its_sentence() -> None:
    assert str(UserError("there is no file 'a\nb\tc.db'; check it")) == r"there is no file 'a\nb\tc.db'; check it"
    assert as_name("a\nb") == r"a\nb" and quoted("a\r\nb") == r"'a\r\nb'"
    told = "the model's answer\nis not JSON, and 'x' is; that isn't right"
    assert str(UserError(told)) == told.replace("\n", " ")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "1.5"),
        ("a", "'a'"),
        (datetime.date(2024, 1, 31), "2024-01-31"),
        (datetime.datetime(2024, 1, 31, 10, 0), "2024-01-31 10:00:00"),
        (datetime.time(10, 0), "10:00:00"),
        (["a", False, (None,)], "['a', false, [nothing]]"),
        ({"a": {"b": datetime.date(2024, 1, 31)}}, "{a = {b = 2024-01-31}}"),
    ],
)
def test_a_value_of_a_file_is_shown_in_no_words_of_python(value: object, told: str) -> None:
    assert quoted(value) == told
    assert quoted_python(value).strip("'") == (value if isinstance(value, str) else repr(value))[:60]


def test_the_environment_is_read_once_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "blue-horse-9")
    with environment_read_once():
        monkeypatch.delenv("HF_TOKEN")
        monkeypatch.setenv("OPENAI_API_KEY", "green-horse-9")
        assert shown("blue-horse-9 and green-horse-9") == "*** and green-horse-9"
    assert shown("blue-horse-9 and green-horse-9") == "blue-horse-9 and ***"


def test_one_place_makes_consoles_and_html() -> None:
    """A console of rich's own reads names as markup; an escape of Python's own leaves control characters and keys."""
    for path in sorted(PACKAGE.rglob("*.py")):
        source, name = path.read_text(encoding="utf-8"), str(path.relative_to(PACKAGE))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console":
                pytest.fail(f"{name}:{node.lineno}: make a PlainConsole")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "escape":
                # A whole page within a page, and a picture, are made here.
                assert name in ("foreign_text.py", "api/run.py", "api/report.py", "render/page_parts.py"), name


LABELS = ("[/b] flu", "cold")
MARKUP = "[red]x[/b] :smile:"


def test_names_are_shown_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "[red]x[" / "b] :smile:\x1b[31m"
    folder.mkdir(parents=True)
    (folder / "scenario.yaml").write_text(f'name: ward\ntitle: "{MARKUP}"\ntopics: {{duration: how long}}\n')
    (folder / "labels.yaml").write_text('labels: {"[/b] flu": {specialty: "[/i] m"}, cold: {specialty: "[/i] m"}}\n')
    cases = [{"id": f"a{n}", "complaint": "I [/b] ache", "diagnosis": said} for n, said in enumerate(LABELS)]
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    place = ("--scenario", str(folder.relative_to(tmp_path)))
    code, _, err = type_in("simulate", *place, "--model", f"scripted:{PANEL}", "--db", "[/b].db".replace("/", "-"))
    assert code in (0, 1), err
    with Store(tmp_path / "[-b].db", create=False) as store:
        assert len(store.runs()) == 1
    db = ("--db", "[-b].db")
    commands = (
        ("runs", *db), ("show", "r1", *db), ("show", "r1.1", *db), ("show", "r1.1", "--prompts", *db),
        ("show", "r1.1", "--html", "[i].html", *db), ("report", "r1", *db), ("scenarios", "show", place[1]),
        ("scenarios", "check", place[1]), ("assess", "r1", "--assessor", "rules", *db),
    )  # fmt: skip
    for words in commands:
        code, out, err = type_in(*words)
        assert code == 0, (words, err)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out + err), words
    out = type_in("runs", *db)[1]
    assert "[red]x[" in out and ":smile:" in out and "\\x1b[31m" in out
