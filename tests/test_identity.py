"""The hash of a user's object: it covers code and state, and is the same in every process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from consult.agents.models.python import BUILT_IN, MODELS
from consult.agents.models.tables import PREFIXES
from consult.errors import PluginWarning
from consult.identity import IndescribableError, fingerprint
from consult.plugins import Named, reference_of

WORD = "one"


class Doctor:
    def __init__(self, word: str) -> None:
        self.word = word

    def generate(self, requests: Any) -> list[str]:
        return [self.word for _ in requests]

    def answer(self, messages: Any, images: Any) -> str:
        return self.word


@dataclass
class Typed:
    word: str = "one"
    seen: list[str] = field(default_factory=list)

    def generate(self, requests: Any) -> list[str]:
        return [self.word for _ in requests]


class Slotted:
    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word


def enclosing(config: dict[str, str]) -> Callable[..., str]:
    def answer(messages: Any, images: Any) -> str:
        return config["word"]

    return answer


def defaulting(word: Any) -> Callable[..., str]:
    def answer(messages: Any, images: Any, word: Any = word) -> str:
        return str(word)

    return answer


def keyword(word: Any) -> Callable[..., str]:
    def answer(messages: Any, images: Any, *, word: Any = word) -> str:
        return str(word)

    return answer


def worded(messages: Any, images: Any) -> str:
    return WORD


def calling(messages: Any, images: Any) -> str:
    return worded(messages, images)


KINDS: dict[str, Callable[[str], Any]] = {
    "object": Doctor,
    "method": lambda word: Doctor(word).answer,
    "dataclass": Typed,
    "slots": Slotted,
    "closure": lambda word: enclosing({"word": word}),
    "default": lambda word: defaulting(Doctor(word)),
    "keyword default": keyword,
    "partial": lambda word: partial(keyword("same"), word=Doctor(word)),
    "path": lambda word: partial(keyword("same"), word=Path(word)),
    "set": lambda word: partial(keyword("same"), word={word, "three"}),
    "class": lambda word: type("Made", (Doctor,), {"word": word}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_covers_what_an_object_holds(kind: str) -> None:
    made = KINDS[kind]
    assert fingerprint(made("one")) == fingerprint(made("one")) != fingerprint(made("two"))


def test_it_covers_what_a_function_names(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(worded), fingerprint(calling)
    monkeypatch.setitem(globals(), "WORD", "two")
    assert fingerprint(worded) != before[0] and fingerprint(calling) != before[1]


def test_it_is_the_same_in_every_process() -> None:
    code = (
        "from consult.identity import fingerprint\n"
        "class Held:\n  pass\n"
        "def answer(messages, images, held=Held(), *, among=frozenset({'a', 'b', 'c'})):\n"
        "    return 'x' if messages in {'d', 'e', 'f', 'g', 'h'} else 'y'\n"
        "print(fingerprint(answer))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


def test_what_cannot_be_described_is_never_known_again() -> None:
    class Connected(Doctor):
        def __init__(self) -> None:
            self.lock = threading.Lock()

    with pytest.raises(IndescribableError, match="lock"):
        fingerprint(Connected())
    with pytest.raises(IndescribableError):
        fingerprint(keyword(iter([1])))
    one = Connected()
    with pytest.warns(
        PluginWarning, match="'Connected' has state that cannot be compared.*give it an attribute `revision`"
    ):
        references = {reference_of(one) for _ in range(2)}
    assert len(references) == 2
    Connected.revision = "3"  # type: ignore[attr-defined]
    assert reference_of(one) == reference_of(Connected()) == "python:Connected@3"


def test_two_objects_of_one_call_are_two_models() -> None:
    named, doctor = Named(), Doctor("one")
    twin, other = Doctor("one"), Doctor("two")
    references = [named.add(MODELS, one) for one in (doctor, twin, doctor, other, doctor.answer, doctor.answer)]
    assert references[0] == references[2] and references[1] == f"{references[0]}-2"
    assert references[4] == references[5] and len(set(references)) == 4
    with named.known():
        found: Any = MODELS.find(references[1])
    assert found.model is twin
    doctor.word = "changed"
    assert named.unknowable() == ["Doctor", "answer"]


def test_a_package_can_take_no_name_of_a_built_in_model() -> None:
    assert set(PREFIXES) <= set(BUILT_IN)
