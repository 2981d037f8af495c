"""What a user does wrong, over every command and kind of file: one sentence with the fix, exit code 2, nothing lost.

Each mistake is made as a user makes it, through the whole command line, in a folder of the user's own. Whatever lay
there before lies there afterwards, byte for byte, and nothing half-made lies beside it.
"""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import type_in
from PIL import Image
from safetensors.torch import load_file, save_file

import consult.agents.starter

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
SCRIPT = ("--model", f"scripted:{PANEL}")
Made = Callable[[Path], object]


@dataclass(frozen=True)
class Mistake:
    """What is typed, what lies in the folder, and what the one sentence has to name."""

    words: Sequence[str]
    told: Sequence[str]
    made: Sequence[Made] = ()
    fix: str = ""
    """Part of what to do about it."""

    @property
    def name(self) -> str:
        typed = " ".join("…" if len(word) > 40 else word for word in self.words if str(PANEL) not in word)
        return f"{typed} [{self.told[0]}]" if self.made else typed


# -- what lies in the folder -------------------------------------------------------------------------------------------


def text(name: str, content: str = "") -> Made:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

    return make


def data(name: str, content: bytes) -> Made:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return make


def empty_folder(name: str) -> Made:
    return lambda folder: (folder / name).mkdir(parents=True)


def starter_with(*changes: Made) -> Made:
    """Copy the package's model to the folder `model` and break it."""

    def make(folder: Path) -> None:
        shutil.copytree(next(iter(consult.agents.starter.__path__)), folder / "model")
        for change in changes:
            change(folder)

    return make


def without(name: str) -> Made:
    return lambda folder: (folder / name).unlink()


def gone(name: str) -> Made:
    return lambda folder: shutil.rmtree(folder / name)


def small_picture(name: str) -> Made:
    return lambda folder: Image.new("RGB", (8, 8), "red").save(folder / name)


def cut(name: str, size: int) -> Made:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def edited(name: str, **fields: Any) -> Made:
    def make(folder: Path) -> None:
        told = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**told, **fields}))

    return make


def pickled(folder: Path) -> None:
    (folder / "model" / "model.safetensors").unlink()
    torch.save({"w": torch.zeros(2)}, folder / "model" / "pytorch_model.bin")


def other_dialect(folder: Path) -> None:
    weights = folder / "model" / "model.safetensors"
    save_file(
        load_file(weights),
        weights,
        metadata={"format": "pt", "dialect": "starter", "dialect_fingerprint": "0"},
    )


WARD = {
    "scenario.yaml": "name: ward\ntitle: A ward\ntopics: {duration: how long, site: where}\n",
    "labels.yaml": "labels:\n"
    "  flu: {specialty: medicine, urgency: soon, aliases: [influenza]}\n"
    "  cold: {specialty: medicine}\n",
}
CASES: tuple[dict[str, Any], ...] = (
    {"id": "a", "complaint": "I ache all over", "diagnosis": "flu", "age": 40, "sex": "female"},
    {"id": "b", "complaint": "I sneeze", "diagnosis": "cold", "facts": [{"topic": "duration", "text": "two days"}]},
)


def ward(cases: str | Sequence[dict[str, Any]] = CASES, **files: str | None) -> Made:
    """Write a small scenario, with some of its files changed or left out."""

    def make(folder: Path) -> None:
        (folder / "ward").mkdir()
        lines = cases if isinstance(cases, str) else "".join(json.dumps(case) + "\n" for case in cases)
        written = {**WARD, "cases.jsonl": lines, **{f"{name}.yaml": content for name, content in files.items()}}
        for name, content in written.items():
            if content is not None:
                (folder / "ward" / name).write_text(content, encoding="utf-8")

    return make


def first(**changes: Any) -> list[dict[str, Any]]:
    return [{**CASES[0], **changes}, CASES[1]]


def huge_picture(name: str) -> Made:
    """Write a PNG of 100 megapixels that is a few bytes long."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    return data(name, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def database(name: str, *statements: str) -> Made:
    def make(folder: Path) -> None:
        with sqlite3.connect(folder / name) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return make


def played(*options: str) -> Made:
    """Play a consultation into consult.db."""

    def make(folder: Path) -> None:
        code, _, err = type_in("simulate", *SCRIPT, "--json", *options)
        assert code in (0, 1), err

    return make


def changed(statement: str) -> Made:
    return database("consult.db", statement)


def written_over(name: str, content: str) -> Made:
    return text(name, content)


# -- the table ---------------------------------------------------------------------------------------------------------


def simulate(*words: str) -> tuple[str, ...]:
    return ("simulate", *SCRIPT, *words)


def in_ward(*words: str) -> tuple[str, ...]:
    return simulate("--scenario", "ward", *words)


DOG = text("dog.txt", "I am a dog.")
OTHERS_DATABASE = database("other.db", "CREATE TABLE birds (name TEXT)")
NEWER = database("newer.db", "CREATE TABLE runs (id TEXT)", "PRAGMA user_version = 999")

NAMES = [
    Mistake(("simulat",), ["simulat", "simulate"]),
    Mistake(("scenario", "list"), ["scenario", "scenarios"]),
    Mistake(("scenarios", "lst"), ["lst"]),
    Mistake(("train", "stater"), ["stater"]),
    Mistake(("simulate", "--temprament", "choleric"), ["--temprament"], fix="--help"),
    Mistake(("runs", "--data", "x"), ["--data"], fix="--help"),
    Mistake(("show",), ["identifier"], fix="--help"),
    Mistake(("resume",), ["run"], fix="--help"),
    Mistake(("scenarios", "show"), ["ID"], fix="--help"),
    Mistake(("scenarios", "check"), ["FOLDER"], fix="--help"),
    Mistake(("train", "starter"), ["--out"], fix="--help"),
    Mistake(("graph", "extra"), ["extra"], fix="--help"),
    Mistake(("simulate", "extra"), ["extra"], fix="--help"),
    Mistake(("simulate", "derm34"), ["derm34", "--scenario derm34"], fix="--help"),
    Mistake(("runs", "--json=1"), ["'--json' is on when it is given"], fix="write --json alone"),
    Mistake(("show", "\udcff"), ["\\udcff"], [played()], fix="there are: r1.1"),
    Mistake(simulate("--scenario", "derm43"), ["derm43", "derm34"]),
    Mistake(simulate("--scenario", ""), ["'--scenario' is empty"], fix="give a value"),
    Mistake(simulate("--scenario", "dog.txt"), ["dog.txt", "derm34"], [DOG]),
    Mistake(simulate("--scenario", "nowhere/at/all"), ["nowhere/at/all", "derm34"]),
    Mistake(simulate("--case", "test-004"), ["test-004", "test-0"]),
    Mistake(simulate("--case", "tset-0004"), ["tset-0004", "test-0004"]),
    Mistake(simulate("--case", "test-9999"), ["test-9999", "test-0"]),
    Mistake(simulate("--case", ""), ["'--case' is empty"], fix="give a value"),
    Mistake(simulate("--split", "tset"), ["tset", "test"]),
    Mistake(simulate("--split", "TEST"), ["TEST", "test"]),
    Mistake(simulate("--temperament", "colerick"), ["colerick", "choleric"]),
    Mistake(simulate("--temperament", "angry"), ["angry", "sanguine, choleric, melancholic, phlegmatic"]),
    Mistake(simulate("--strategy", "dialog"), ["dialog", "dialogue"]),
    Mistake(simulate("--strategy", "no_dialogue"), ["no_dialogue", "no-dialogue"]),
    Mistake(simulate("--team", "pannel"), ["pannel", "panel"]),
    Mistake(simulate("--team", "duo"), ["duo", "panel, no-triage, solo"]),
    Mistake(simulate("--patient-grounding", "of"), ["of", "off"]),
    Mistake(simulate("--specialist", "dermatolgy=starter"), ["dermatolgy", "dermatology"]),
    Mistake(simulate("--specialist", "=starter"), ["''"]),
    Mistake(("scenarios", "show", "derm43"), ["derm43", "derm34"]),
    Mistake(("show", "r7.1"), ["no run 'r7'", "there are: r1"], [played()]),
    Mistake(("show", "r1.2"), ["r1.2", "r1.1"], [played()]),
    Mistake(("show", "1"), ["'1'", "r1.1"], [played()]),
    Mistake(("resume", "r7"), ["r7", "r1"], [played()]),
    Mistake(("resume", "r1.1"), ["r1.1", "r1"], [played()]),
]

NUMBERS = [
    Mistake(simulate(option, value), [option], fix="--help")
    for option, values in {
        "--cases": ("0", "-3", "many", "1.5"),
        "--batch": ("0", "5000", "x"),
        "--max-turns": ("1", "1000", "few"),
        "--panel-size": ("0", "16", "three"),
        "--seed": ("x", "1.5"),
    }.items()
    for value in values
] + [
    Mistake(simulate("--cases", "100000"), ["680", "100000"], fix="fewer"),
    Mistake(simulate("--cases", "3", "--case", "test-0004"), ["--case", "--cases"]),
    Mistake(("train", "starter", "--out", "x", "--tokens", "0"), ["--tokens"]),
    Mistake(("train", "starter", "--out", "x", "--wordings", "2"), ["--wordings"]),
    Mistake(("train", "starter", "--out", "x", "--triage-labels", "-1"), ["--triage-labels"]),
    Mistake(("train", "starter", "--out", "x", "--workers", "0"), ["--workers"]),
]

MODELS = [
    Mistake(("simulate", "--model", "nowhere/model"), ["nowhere/model"], fix="give"),
    Mistake(("simulate", "--model", ""), ["'--model' is empty"], fix="give a value"),
    Mistake(("simulate", "--model", "startr"), ["startr", "starter"]),
    Mistake(("simulate", "--model", "dog.txt"), ["dog.txt"], [DOG]),
    Mistake(("simulate", "--model", "model"), ["model", "config.json"], [empty_folder("model")]),
    Mistake(("simulate", "--model", "model"), ["model", "tokenizer"], [starter_with(without("model/tokenizer.json"))]),
    Mistake(("simulate", "--model", "model"), ["config.json"], [starter_with(text("model/config.json", "{"))]),
    Mistake(("simulate", "--model", "model"), ["config.json"], [starter_with(text("model/config.json", "[]"))]),
    Mistake(
        ("simulate", "--model", "model"), ["config.json"], [starter_with(data("model/config.json", b"\xff\xfe\0"))]
    ),
    Mistake(
        ("simulate", "--model", "model"),
        ["no-such-family"],
        [starter_with(edited("model/config.json", model_type="no-such-family"))],
    ),
    Mistake(("simulate", "--model", "model"), ["safetensors"], [starter_with(without("model/model.safetensors"))]),
    Mistake(("simulate", "--model", "model"), ["safetensors"], [starter_with(pickled)]),
    Mistake(
        ("simulate", "--model", "model"),
        ["'model' cannot be loaded"],
        [starter_with(cut("model/model.safetensors", 1000))],
    ),
    Mistake(
        ("simulate", "--model", "model"),
        ["'model' cannot be loaded"],
        [starter_with(cut("model/model.safetensors", 0))],
    ),
    Mistake(
        ("simulate", "--model", "model"),
        ["'model' cannot be loaded"],
        [starter_with(text("model/model.safetensors", "weights"))],
    ),
    Mistake(("simulate", "--model", "model"), ["prompt format"], [starter_with(other_dialect)], fix="retrain it"),
    Mistake(("simulate", "--model", "model"), ["chat template"], [starter_with(without("model/chat_template.jinja"))]),
    Mistake(("simulate", "--triage", "nowhere"), ["nowhere"], fix="give"),
    Mistake(("simulate", "--attending", "nowhere"), ["nowhere"], fix="give"),
    Mistake(("simulate", "--patient", "nowhere"), ["nowhere"], fix="give"),
    Mistake(("simulate", "--specialist", "dermatology=nowhere"), ["nowhere"], fix="give"),
    Mistake(("simulate", "--model", "scripted:"), ["script"], fix="add the path"),
    Mistake(("simulate", "--model", "scripted:no.yaml"), ["no.yaml"], fix="give"),
]
MODELS += [
    Mistake(("simulate", "--model", "scripted:s.yaml"), told, [data("s.yaml", content)])
    for content, told in (
        (b"replies: [", ["s.yaml", "YAML"]),
        (b"", ["s.yaml"]),
        (b"replies: {}\nreply: 3", ["s.yaml", "reply"]),
        (b"replies: {patient: hello}", ["s.yaml", "replies.patient"]),
        (b"replies: {patient: []}", ["s.yaml", "replies.patient"]),
        (b"replies: {patient: [3]}", ["s.yaml", "replies.patient"]),
        (b"replies: {patient: [{eror: x}]}", ["s.yaml", "replies.patient.0"]),
        (b"a: &x [1]\nb: *x", ["s.yaml", "anchor"]),
        (b"a: !!python/object:os.system x", ["s.yaml", "tag"]),
        (b"replies: {patient: [\xff\xfe]}", ["s.yaml", "UTF-8"]),
        (b"#" * 1_100_000, ["s.yaml", "larger"]),
        (b"[" * 5_000, ["s.yaml", "deep"]),
    )
]

DATABASES = [
    Mistake((*command, "--db", file), told, made)
    for command in (simulate(), ("runs",), ("show", "r1.1"), ("resume", "r1"), ("view",))
    for file, told, made in (
        ("dog.txt", ["dog.txt", "not an SQLite database"], [DOG]),
        ("other.db", ["other.db", "not a database of consult"], [OTHERS_DATABASE]),
        ("newer.db", ["newer.db", "newer version"], [NEWER]),
        ("here", ["here"], [empty_folder("here")]),
        ("photo.jpg", ["photo.jpg", "not an SQLite database"], [data("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(2000))]),
    )
]
DATABASES += [
    Mistake(simulate("--db", "nowhere/a.db"), ["nowhere/a.db"], fix="folder"),
    Mistake(("runs", "--db", "nowhere.db"), ["nowhere.db"], fix="play something first"),
    Mistake(("show", "r1.1"), ["consult.db"], fix="play something first"),
    Mistake(("resume", "r1"), ["consult.db"], fix="play something first"),
    Mistake(("runs", "--db", "nowhere/a.db"), ["nowhere/a.db"]),
    Mistake(("view", "--db", "nowhere/a.db"), ["nowhere/a.db"], fix="play something first"),
    Mistake(("view",), ["consult.db", "is empty"], [data("consult.db", b"")], fix="play something first"),
]

BUSY = socket.create_server(("127.0.0.1", 0))
BUSY_PORT = "PORT IN USE"
"""Stands for its number, which is another in each process; a test's name is not."""
VIEW = [
    Mistake(("view", "--port", BUSY_PORT), ["port", "in use"], [played()], fix="--port"),
    Mistake(("view", "--port", "http"), ["--port"], fix="--help"),
    Mistake(("view", "--port", "65536"), ["--port"], fix="--help"),
    Mistake(("view", "--host", "0.0.0.0"), ["--host"], fix="--help"),
    Mistake(
        ("view",),
        ["consult.db", "older version"],
        [played(), changed("PRAGMA user_version = 3")],
        fix="consult runs --db consult.db",
    ),
]

RUNS = [
    Mistake(("resume", "r1"), ["r1", "is already finished"], [played()], fix="consult show r1"),
    Mistake(
        ("resume", "r1", "--db", "my runs.db"),
        ["r1", "is already finished"],
        [played("--db", "my runs.db")],
        fix="consult show r1 --db 'my runs.db'",
    ),
    Mistake(("show", "r1", "--html", "x.html"), ["--html", "r1.1"], [played()]),
    Mistake(("show", "r1.1", "--html", "nowhere/x.html"), ["nowhere/x.html"], [played()], fix="check the path"),
    Mistake(("show", "r1.1", "--html", "here"), ["here"], [played(), empty_folder("here")], fix="name a file in it"),
    Mistake(
        ("resume", "r1"),
        ["r1", "another version of"],
        [
            ward(),
            played("--scenario", "ward"),
            changed("UPDATE runs SET status = 'interrupted'"),
            text("ward/scenario.yaml", WARD["scenario.yaml"].replace("A ward", "Our ward")),
        ],
        fix="--db",
    ),
    Mistake(
        ("resume", "r1"),
        ["scenario 'ward'"],
        [
            ward(),
            played("--scenario", "ward"),
            changed("UPDATE runs SET status = 'interrupted'"),
            lambda folder: shutil.rmtree(folder / "ward"),
        ],
    ),
    Mistake(
        ("show", "r1.1"),
        ["scenario 'ward'"],
        [ward(), played("--scenario", "ward"), lambda folder: shutil.rmtree(folder / "ward")],
    ),
    Mistake(
        ("resume", "r1"),
        ["s.yaml"],
        [
            text("s.yaml", PANEL.read_text()),
            lambda folder: type_in("simulate", "--model", "scripted:s.yaml", "--json"),
            changed("UPDATE runs SET status = 'interrupted'"),
            text("s.yaml", PANEL.read_text() + "\n# another one\n"),
        ],
        fix="give the same model",
    ),
]

SCENARIO_FILES: list[tuple[Made, list[str]]] = [
    (empty_folder("ward"), ["scenario.yaml"]),
    (ward(scenario=None), ["scenario.yaml"]),
    (ward(scenario=""), ["scenario.yaml"]),
    (ward(scenario="name: [ward"), ["scenario.yaml", "YAML"]),
    (ward(scenario="name: ward\n\ttitle: x"), ["scenario.yaml:2", "YAML"]),
    (ward(scenario=WARD["scenario.yaml"] + "colour: red\n"), ["scenario.yaml:4", "colour"]),
    (ward(scenario="name: ward\ntopics: {a: b}\n"), ["scenario.yaml", "title"]),
    (ward(scenario="name: ward\ntitle: x\ntopics: 3\n"), ["scenario.yaml:3", "topics"]),
    (ward(scenario="a: &x 1\nb: *x\n"), ["scenario.yaml:1", "anchor"]),
    (ward(scenario="a: !!python/object/apply:os.system [ls]\n"), ["scenario.yaml:1", "tag"]),
    (ward(scenario="#" * 1_100_000), ["scenario.yaml", "larger"]),
    (ward(scenario="[" * 3_000), ["scenario.yaml:1", "deep"]),
    (ward(labels="labels: 3\n"), ["labels.yaml", "labels"]),
    (ward(labels="labels:\n  flu: {}\n"), ["labels.yaml:2", "specialty"]),
    (ward(labels="labels:\n  flu: {specialty: medicine, urgency: asap}\n"), ["labels.yaml:2", "urgency"]),
    (ward(labels=WARD["labels.yaml"] + "  flux: {specialty: m, look_alikes: [cough]}\n"), ["labels.yaml:4", "cough"]),
    (ward(""), ["cases.jsonl", "no case"]),
    (ward("{"), ["cases.jsonl:1", "JSON"]),
    (ward("[]\n"), ["cases.jsonl:1"]),
    (ward("null\n"), ["cases.jsonl:1"]),
    (ward('{"id": "a"}\n'), ["cases.jsonl:1", "complaint"]),
    (ward("9" * 5_000), ["cases.jsonl:1", "JSON"]),
    (ward("[" * 100_000), ["cases.jsonl:1"]),
    (ward(first(age=130)), ["cases.jsonl:1", "age"]),
    (ward(first(age="forty")), ["cases.jsonl:1", "age"]),
    (ward(first(id="b")), ["cases.jsonl:2", "'b' occurs twice"]),
    (ward(first(diagnosis="mumps")), ["cases.jsonl:1", "mumps"]),
    (ward(first(urgency="asap")), ["cases.jsonl:1", "urgency"]),
    (ward(first(image="../a.png")), ["cases.jsonl:1", "outside the folder"]),
    (ward(first(image="/etc/passwd")), ["cases.jsonl:1", "outside the folder"]),
    (ward(first(image="a.png")), ["cases.jsonl:1", "a.png"]),
]
SCENARIOS = [
    Mistake(command, told, [made])
    for made, told in SCENARIO_FILES
    for command in (in_ward(), ("scenarios", "check", "ward"))
]
SCENARIOS += [
    Mistake(("scenarios", "check", "ward"), told, [made])
    for made, told in (
        (ward(first(specialty="surgery")), ["cases.jsonl:1", "surgery"]),
        (ward(first(facts=[{"topic": "where", "text": "arm"}])), ["cases.jsonl:1", "where"]),
        (ward(first(complaint="I have influenza", diagnosis="flu")), ["cases.jsonl:1", "names the diagnosis"]),
        (ward(first(facts=[{"topic": "duration", "text": "for 45 years"}])), ["cases.jsonl:1", "45 years"]),
        (ward([CASES[0]]), ["labels.yaml:3", "'cold'"]),
    )
]
SCENARIOS += [
    Mistake(("scenarios", "check", "nowhere"), ["nowhere"]),
    Mistake(("scenarios", "check", "dog.txt"), ["dog.txt"], [DOG]),
    Mistake(in_ward("--case", "c"), ["case 'c'", "a"], [ward()]),
    Mistake(in_ward("--split", "train"), ["train", "test"], [ward()]),
    Mistake(in_ward("--cases", "3"), ["2 cases, not 3"], [ward()]),
    Mistake(in_ward("--specialist", "surgery=starter"), ["surgery", "medicine"], [ward()]),
    Mistake(("train", "starter", "--out", "out", "--scenario", "ward"), ["lists its cases"], [ward()]),
    Mistake(("train", "starter", "--out", "out", "--scenario", "derm43"), ["derm43", "derm34"]),
    Mistake(("train", "starter", "--out", "dog.txt"), ["dog.txt"], [DOG]),
    Mistake(("train", "starter", "--out", "dog.txt/x"), ["dog.txt"], [DOG]),
    Mistake(
        ("train", "starter", "--out", "out"),
        ["another recipe"],
        [text("out/work/recipe.json", '{"seed": 1}')],
        fix="another --out",
    ),
]

PHOTOGRAPHS = [
    Mistake(
        ("scenarios", "check", "ward"), ["cases.jsonl:1", "photo.png", *told], [ward(first(image="photo.png")), made]
    )
    for made, told in (
        (data("ward/photo.png", b"GIF89a" + bytes(100)), ["JPEG, PNG, WebP or DICOM"]),
        (data("ward/photo.png", b""), ["JPEG, PNG, WebP or DICOM"]),
        (text("ward/photo.png", "<svg/>"), ["JPEG, PNG, WebP or DICOM"]),
        (huge_picture("ward/photo.png"), ["100 megapixels"]),
    )
]

OWN = [
    Mistake(simulate("--complaint", ""), ["complaint"]),
    Mistake(simulate("--complaint", "x" * 5_000), ["5,000 characters"]),
    Mistake(simulate("--image", "photo.png"), ["--image", "--complaint"]),
    Mistake(simulate("--complaint", "It itches", "--case", "test-0004"), ["--case", "--complaint"]),
    Mistake(simulate("--complaint", "It itches", "--cases", "3"), ["--cases", "--complaint"]),
    Mistake(simulate("--complaint", "It itches", "--split", "train"), ["--split", "--complaint"]),
    Mistake(simulate("--complaint", "It itches", "--image", "photo.png"), ["photo.png", "the file does not exist"]),
    Mistake(simulate("--complaint", "It itches", "--image", "dog.txt"), ["dog.txt", "JPEG, PNG, WebP or DICOM"], [DOG]),
    Mistake(simulate("--complaint", "It itches", "--image", "here"), ["here"], [empty_folder("here")]),
    Mistake(
        simulate("--complaint", "It itches", "--image", "a.png"), ["a.png", "100 megapixels"], [huge_picture("a.png")]
    ),
    Mistake(("simulate", "--patient", "human"), ["human", "terminal"]),
    Mistake(("simulate", "--triage", "human"), ["human", "patient"]),
]
CLASSIFIERS = [
    Mistake(simulate("--classifier", "starter"), ["--classifier", "--strategy expert"]),
    Mistake(simulate("--strategy", "expert", "--classifier", "nowhere"), ["nowhere"]),
    Mistake(simulate("--strategy", "expert", "--classifier", "scripted:a.yaml"), ["cannot classify photographs"]),
    Mistake(
        simulate("--strategy", "expert", "--classifier", "model"),
        ["'model'", "is not an image classifier"],
        [starter_with(gone("model/classifier"))],
    ),
    Mistake(in_ward("--strategy", "expert"), ["none of the labels of 'ward'"], [ward()]),
    Mistake(simulate("--strategy", "expert", "--complaint", "It itches"), ["no photograph"]),
    Mistake(
        simulate("--strategy", "expert", "--complaint", "It itches", "--image", "a.png"),
        ["only drawn photographs"],
        [small_picture("a.png")],
    ),
    Mistake(("train", "classifier", "--model", "starter", "--scenario", "ward"), ["lists its cases"], [ward()]),
    Mistake(("train", "classifier", "--model", "nowhere"), ["nowhere"]),
]
BENCHMARKS = [
    Mistake(("benchmark", *SCRIPT, *words), told, made)
    for words, told, made in (
        (("--preset", "smoek"), ["no preset 'smoek'", "smoke, 3mdbench"], ()),
        (("--preset", "smoke", "--config", "grid.toml"), ["--preset", "--config"], ()),
        (("--config", "nowhere.toml"), ["nowhere.toml", "no file"], ()),
        (("--config", "here"), ["here"], (empty_folder("here"),)),
        (("--config", "dog.txt"), ["dog.txt", "is not TOML", "line 1"], (DOG,)),
        (("--config", "grid.toml"), ["grid.toml", "UTF-8"], (data("grid.toml", b"\xff\xfe"),)),
        (("--config", "grid.toml"), ["grid.toml", "1 MB"], (text("grid.toml", "#" * 1_100_000),)),
        (
            ("--config", "grid.toml"),
            ["grid.toml:2: strategy", "strategies"],
            (text("grid.toml", "seed=1\nstrategy=1"),),
        ),
        (
            ("--config", "grid.toml"),
            ["grid.toml:1: teams", "'pannel'", "panel"],
            (text("grid.toml", "teams=['pannel']"),),
        ),
        (("--config", "grid.toml"), ["two cells"], (text("grid.toml", "[[cells]]\ncases=1\n[[cells]]\ncases=2"),)),
        (
            ("--config", "grid.toml", "--cases", "2"),
            ["--cases", "grid.toml"],
            (text("grid.toml", "[[cells]]\ncases=1"),),
        ),
        (("--strategies", "dialogue,dialoge"), ["--strategies", "'dialoge'", "dialogue"], ()),
        (("--strategies", ","), ["--strategies", "at least one entry"], ()),
        (("--teams", "pannel"), ["--teams", "'pannel'", "panel"], ()),
        (("--temperament", "sangwine"), ["--temperament", "'sangwine'", "sanguine"], ()),
        (("--cases", "681"), ["680 cases, not 681"], ()),
        (("--cases", "0"), ["--cases"], ()),
        (("--repeats", "101"), ["--repeats"], ()),
        (("--split", "tset"), ["'tset'", "test"], ()),
        (("--scenario", "derm43"), ["derm43", "derm34"], ()),
        (("--patient-grounding", "of"), ["'of'", "off"], ()),
        (("--specialist", "magic=starter"), ["magic", "dermatology"], ()),
        (("--patient", "human"), ["a person", "model"], ()),
        (("--model", "nowhere", "--cases", "2"), ["nowhere"], ()),
        (("--assessor", "nowhere", "--cases", "2"), ["nowhere"], ()),
        (("--classifier", "nowhere", "--strategies", "expert", "--cases", "2"), ["nowhere"], ()),
        (("--db", "dog.txt", "--cases", "2"), ["dog.txt"], (DOG,)),
    )
]
SERVERS = [
    Mistake(("simulate", "--model", "http://127.0.0.1:9/v1#x"), ["127.0.0.1:9"]),
    Mistake(("simulate", "--model", "http://"), ["http://"]),
    Mistake(("simulate", "--model", "http://anna:secret@127.0.0.1:9/v1#x"), ["CONSULT_API_KEY"]),
    Mistake(("simulate", "--model", "http://127.0.0.1:9/v1?speed=9#x"), ["speed"]),
    Mistake(("simulate", "--model", "http://127.0.0.1:9/v1?concurrency=0#x"), ["concurrency"]),
]
SOURCE = text("cases.csv", "complaint,diagnosis\nI ache,flu\nI sneeze,cold\n")
IMPORTS = [
    Mistake(("scenarios", "import", "cvs", "cases.csv", "--out", "ward"), ["cvs", "csv"], [SOURCE]),
    Mistake(("scenarios", "import", "csv", "cases.csv"), ["--out"], [SOURCE], fix="--help"),
    Mistake(("scenarios", "import", "csv", "nowhere.csv", "--out", "ward"), ["nowhere.csv"]),
    Mistake(("scenarios", "import", "csv", "here", "--out", "ward"), ["here"], [empty_folder("here")]),
    Mistake(("scenarios", "import", "csv", "cases.csv", "--out", "ward"), ["ward"], [SOURCE, ward()]),
    Mistake(("scenarios", "import", "csv", "cases.csv", "--out", "dog.txt"), ["dog.txt"], [SOURCE, DOG]),
    Mistake(("scenarios", "import", "csv", "cases.csv", "--out", "dog.txt/x"), ["dog.txt"], [SOURCE, DOG]),
    Mistake(("scenarios", "import", "csv", "cases.csv", "--out", "ward", "--map", "ill=x"), ["ill"], [SOURCE]),
    Mistake(("scenarios", "import", "csv", "cases.csv", "--out", "ward", "--map", "age=x"), ["'x'"], [SOURCE]),
    Mistake(("scenarios", "import", "csv", "dog.txt", "--out", "ward"), ["I am a dog"], [DOG]),
    Mistake(("scenarios", "import", "jsonl", "dog.txt", "--out", "ward"), ["dog.txt"], [DOG]),
    Mistake(("scenarios", "import", "agentclinic", "dog.txt", "--out", "ward"), ["dog.txt"], [DOG]),
    Mistake(("scenarios", "import", "craft-md", "cases.csv", "--out", "ward"), ["cases.csv"], [SOURCE]),
    Mistake(("scenarios", "import", "folder", "cases.csv", "--out", "ward"), ["cases.csv"], [SOURCE]),
    Mistake(("scenarios", "import", "folder", "here", "--out", "ward"), ["here"], [empty_folder("here")]),
]

TRAINED = ("train", "triage", "--out", "out", "--steps", "1")
NO_REWARD = [word for name in ("format", "accuracy", "urgency") for word in ("--reward", f"{name}=0")]
TRAINING = [
    Mistake(
        (*TRAINED[:3], "out", "--model", "org/model"),
        ["no limit is set for training 'org/model'"],
        fix="--steps or --minutes",
    ),
    Mistake(("train", "triage"), ["--out"], fix="--help"),
    Mistake((*TRAINED, "--preset", "smoke", "--config", "a.toml"), ["--preset", "--config"], fix="one of the two"),
    Mistake((*TRAINED, "--db", "here", "--dry-run"), ["here"], [empty_folder("here")], fix="name a file in it"),
    Mistake((*TRAINED[:3], "dog.txt/x", *TRAINED[4:], "--dry-run"), ["dog.txt"], [DOG], fix="another --out"),
    Mistake((*TRAINED, "--preset", "smok"), ["smok", "smoke"]),
    Mistake((*TRAINED, "--method", "gpro"), ["method", "gpro", "'grpo'"]),
    Mistake((*TRAINED, "--steps", "0"), ["steps", "0"]),
    Mistake((*TRAINED, "--group", "1"), ["group", "1"]),
    Mistake((*TRAINED, "--seed", "x"), ["--seed"], fix="--help"),
    Mistake((*TRAINED, "--reward", "accuracy"), ["accuracy"], fix="NAME=WEIGHT"),
    Mistake((*TRAINED, "--reward", "accurate=1"), ["accurate", "accuracy"]),
    Mistake((*TRAINED, "--curriculum", "order"), ["--curriculum"], fix="consult train attending"),
    Mistake((*TRAINED, "--full", "--rank", "8"), ["--rank", "--full"], fix="leave it out"),
    Mistake((*TRAINED, "--reward", "accuracy=nan"), ["--reward 'accuracy=nan'", "from -1,000 to 1,000"]),
    Mistake((*TRAINED, *NO_REWARD), ["no reward is left"], fix="--reward accuracy=1"),
    Mistake((*TRAINED, "--config", "a.toml"), ["a.toml", "role"], [text("a.toml", 'role = "attending"')]),
    Mistake((*TRAINED, "--validation", "1", "--leave-out", "minor surgery"), ["validation"], fix="leave fewer out"),
    Mistake(("train", "attending", *TRAINED[2:], "--panel-draws", "5"), ["--panel-draws"], fix="--panel-skill"),
    Mistake(("train", "attending", *TRAINED[2:], "--method", "sft", "--stages", "hard"), ["--stages", "sft"]),
    Mistake(
        ("train", "attending", *TRAINED[2:], "--curriculum", "entropy", "--entropy", "0.5"), ["--entropy", "stage"]
    ),
    Mistake(("train", "attending", *TRAINED[2:], "--curriculum", "full", "--beta", "0.5"), ["--beta", "stage"]),
    Mistake(("train", "attending", *TRAINED[2:], "--reward", "urgency=1"), ["urgency", "accuracy"]),
    Mistake(("train", "interview", *TRAINED[2:], "--votes", "3"), ["--votes"], fix="leave it out"),
    Mistake(("train", "interview", *TRAINED[2:], "--max-tokens", "3"), ["--max-tokens"], fix="leave it out"),
    Mistake(("train", "attending", *TRAINED[2:], "--curriculum", "orderly"), ["curriculum", "orderly", "'order'"]),
    Mistake(("train", "attending", *TRAINED[2:], "--stages", "easy,hrad"), ["stages", "hrad", "'hard'"]),
    Mistake(
        ("train", "attending", *TRAINED[2:], "--panel-skill", "2"),
        ["'--panel-skill' takes a number from 0 to 1, not '2'"],
        fix="--help",
    ),
    Mistake(("train", "attending", *TRAINED[2:], "--db", "dog.txt", "--cases", "1"), ["dog.txt"], [DOG]),
    Mistake((*TRAINED, "--config", "no.toml"), ["no.toml"], fix="check the path"),
    Mistake((*TRAINED, "--config", "a.toml"), ["a.toml", "TOML"], [text("a.toml", "seed")]),
    Mistake((*TRAINED, "--config", "a.toml"), ["sead", "seed"], [text("a.toml", "sead = 1")]),
    Mistake((*TRAINED, "--config", "a.toml"), ["a.toml", "rank"], [text("a.toml", "rank = 'high'")]),
    Mistake((*TRAINED, "--scenario", "derm43"), ["derm43", "derm34"]),
    Mistake((*TRAINED, "--scenario", "ward"), ["'ward' has no train cases"], [ward()]),
    Mistake((*TRAINED, "--cases", "9000"), ["6,800", "9,000"], fix="fewer"),
    Mistake((*TRAINED, "--leave-out", "dermatolgy"), ["dermatolgy", "dermatology"]),
    Mistake((*TRAINED, "--model", "startr"), ["startr", "starter"]),
    Mistake((*TRAINED, "--model", "scripted:s.yaml"), ["scripted:s.yaml"], fix="starter, a folder or a hub id"),
    Mistake((*TRAINED, "--model", "http://127.0.0.1:9/v1#x"), ["127.0.0.1:9"], fix="a hub id"),
    Mistake((*TRAINED, "--report-to", "wandbe"), ["wandbe", "wandb"]),
    Mistake((*TRAINED, "--report-to", "trackio"), ["trackio is not installed"], fix="pip install"),
    Mistake((*TRAINED[:3], "dog.txt", *TRAINED[4:]), ["dog.txt"], [DOG], fix="another --out"),
    Mistake(TRAINED, ["'out' is not empty"], [text("out/a.txt")], fix="another --out"),
    Mistake(TRAINED, ["contains a training"], [text("out/work/config.json", "{}")], fix="--resume"),
    Mistake((*TRAINED, "--resume"), ["started with", "out"], [text("out/work/config.json", "{}")], fix="another --out"),
    Mistake((*TRAINED, "--resume"), ["config.json", "is not valid JSON"], [text("out/work/config.json", "{")]),
    Mistake(("simulate", "--attending", "model"), ["consult.json"], [starter_with(text("model/consult.json", "{"))]),
    Mistake(simulate("--votes", "0"), ["--votes"], fix="--help"),
    Mistake(simulate("--panel-skill", "1.5"), ["--panel-skill"], fix="--help"),
]

MISTAKES = [
    *NAMES,
    *NUMBERS,
    *MODELS,
    *DATABASES,
    *RUNS,
    *SCENARIOS,
    *PHOTOGRAPHS,
    *OWN,
    *CLASSIFIERS,
    *BENCHMARKS,
    *SERVERS,
    *IMPORTS,
    *VIEW,
    *TRAINING,
]


# -- making them -------------------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes | None]:
    """Give everything under a folder; of a database, what it holds, and not how far its log has been folded in."""
    return {str(path.relative_to(folder)): _content(path) for path in sorted(folder.rglob("*")) if _lasts(path)}


def _lasts(path: Path) -> bool:
    return not path.name.endswith(("-wal", "-shm"))


def _content(path: Path) -> bytes | None:
    if path.is_dir():
        return None
    if path.read_bytes().startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as connection:
            return "\n".join(connection.iterdump()).encode()
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_gets_one_sentence_and_costs_nothing(folder: Path, mistake: Mistake) -> None:
    for make in mistake.made:
        make(folder)
    before = contents(folder)
    port = str(BUSY.getsockname()[1])
    code, out, err = type_in(*(port if word == BUSY_PORT else word for word in mistake.words))
    said = (err + out).strip()
    assert code == 2, said
    # `check` and `import` tell first all that they found, a line each.
    tells = mistake.words[:2] in (("scenarios", "check"), ("scenarios", "import"))
    assert len((err if tells else said).splitlines()) <= 1, said
    assert len(said) < 700 and "secret" not in said, said
    assert "Traceback" not in said and "Error(" not in said
    for part in (*mistake.told, mistake.fix):
        assert part in said, said
    assert contents(folder) == before


def test_there_are_many() -> None:
    assert len(MISTAKES) >= 200
    assert len({(mistake.words, tuple(mistake.told)) for mistake in MISTAKES}) >= 180


def test_pictures_are_real_ones(tmp_path: Path) -> None:
    huge_picture("a.png")(tmp_path)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width * picture.height == 100_000_000
