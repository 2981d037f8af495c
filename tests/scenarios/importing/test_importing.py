"""Sources of every kind become folders that the check finds clean; what cannot be a case is dropped and named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from consult.cli.main import app
from consult.errors import UserError
from consult.scenarios import load_scenario
from consult.scenarios.importing import import_cases
from consult.scenarios.importing.names import MOST_LABELS
from consult.scenarios.importing.writing import Target

OSCE = {
    "OSCE_Examination": {
        "Patient_Actor": {
            "Demographics": "35-year-old woman",
            "History": "She reports that her eyelids droop. Myasthenia gravis is feared.",
            "Symptoms": {"Primary_Symptom": "Double vision", "Secondary_Symptoms": ["Weak arms"]},
            "Social_History": "Non-smoker.",
            "Review_of_Systems": "No additional symptoms provided.",
        },
        "Physical_Examination_Findings": {
            "Vital_Signs": {"Temperature": "36.6"},
            "Neurological": {"Reflexes": "Normal"},
        },
        "Test_Results": {"Blood_Tests": {"Antibodies": "Elevated"}},
        "Correct_Diagnosis": "Myasthenia gravis",
    }
}


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_agentclinic(tmp_path, given):
    source = table(tmp_path, "\n".join(map(json.dumps, (OSCE, {"OSCE_Examination": 3}, OSCE))), "a.jsonl")
    summary, cases = given("agentclinic", source)
    assert (summary.rows, summary.kept, summary.labels, summary.leaks) == (3, 2, 1, 2)
    case = cases["row-000001"]
    assert (case["complaint"], case["age"], case["sex"]) == ("I have double vision", 35, "female")
    facts = {(f["topic"], f["text"]) for f in case["facts"]}
    assert facts >= {("history", "my eyelids droop"), ("symptoms", "I have weak arms"), ("age", "my age is 35")}
    assert {"topic": "temperature", "text": "vital signs temperature: 36.6"} in case["examinations"]
    assert {"topic": "blood tests", "text": "blood tests antibodies: Elevated"} in case["examinations"]


def test_nothing_is_said_of_clinic_and_urgency_that_the_source_does_not_say(tmp_path, given):
    given("agentclinic", table(tmp_path, json.dumps(OSCE), "a.jsonl"))
    scenario = load_scenario(str(tmp_path / "out"))
    truth = scenario.case("row-000001").truth
    assert (truth.specialty, truth.urgency, scenario.specialties) == (None, None, ())


def test_craft_md(tmp_path, given):
    source = table(
        tmp_path,
        "case_vignette,choice_1,answer,category,case_id\n"
        '"A 22-year-old man presents with a rash on his leg. He denies pain. On examination, the leg is red.",a,Tinea,'
        "Dermatology,case_0\n,a,Tinea,Dermatology,case_1\n",
    )
    summary, cases = given("craft-md", source)
    assert (summary.kept, dict(summary.dropped)) == (1, {"there is no vignette": 1})
    case = cases["case_0"]
    assert (case["complaint"], case["specialty"]) == ("I have a rash on my leg", "dermatology")
    assert {"topic": "sensation", "text": "I have had no pain"} in [
        {k: v for k, v in fact.items() if k != "none"} for fact in case["facts"]
    ]
    assert [f["text"] for f in case["examinations"]] == ["on examination, the leg is red"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_of_any_delimiter_with_a_mark_at_their_beginning(tmp_path, given, delimiter):
    header = delimiter.join(["id", "complaint", "diagnosis", "age", "sex", "specialty", "urgency", "split"])
    row = delimiter.join(["p-1", "I itch", "hives", "40", "F", "Allergy clinic", "soon", "val"])
    summary, cases = given("csv", table(tmp_path, f"\ufeff{header}\r\n{row}\r\n"))
    assert summary.kept == 1
    assert cases["p-1"] == {
        "id": "p-1", "complaint": "I itch", "facts": [{"topic": "age", "text": "my age is 40"}], "diagnosis": "hives",
        "split": "validation", "urgency": "soon", "specialty": "allergy clinic", "age": 40, "sex": "female",
    }  # fmt: skip


def test_the_columns_of_3mdbench_map_by_themselves(tmp_path, given):
    Image.new("RGB", (9, 9), "red").save(tmp_path / "1.png")
    record = {
        "general_complaint": "My skin itches.", "complaints": ["It began 3 weeks ago.", "It is on my arms."],
        "diagnosis": "eczema", "personality": "choleric", "image": "1.png",
    }  # fmt: skip
    summary, cases = given("jsonl", table(tmp_path, json.dumps(record), "a.jsonl"))
    case = cases["row-000001"]
    assert (summary.photographs, case["image"]) == (1, "photographs/000001.png")
    assert [f["topic"] for f in case["facts"]] == ["duration", "site"]


def test_facts_and_examinations_with_topics_of_their_own(tmp_path, given):
    record = {
        "complaint": "I itch", "facts": [{"topic": "hobbies", "text": "I paint."}, "It is on my arm."],
        "examinations": {"Patch test": {"nickel": "positive"}}, "diagnosis": "hives",
    }  # fmt: skip
    _, cases = given("jsonl", table(tmp_path, json.dumps(record), "a.jsonl"))
    (case,) = cases.values()
    assert [f["topic"] for f in case["facts"]] == ["hobbies", "site"]
    assert case["examinations"] == [{"topic": "patch test", "text": "nickel: positive"}]


def test_columns_of_other_names_are_mapped(tmp_path, given):
    source = table(tmp_path, "chief,dx,split\nI itch,hives,odd\n")
    _, cases = given("csv", source, {"complaint": "chief", "diagnosis": "dx", "split": ""})
    assert cases["row-000002"]["diagnosis"] == "hives"


def test_a_clinic_that_is_no_labels_own_is_still_a_clinic(tmp_path, given):
    text = "complaint,diagnosis,specialty\nI itch,hives,allergy\nI scratch,hives,allergy\nIt burns,hives,emergency\n"
    given("csv", table(tmp_path, text))
    assert load_scenario(str(tmp_path / "out")).specialties == ("allergy", "emergency")


def test_folders_of_photographs(tmp_path, given):
    for name in ("lichen_planus/a.jpg", "train/warts/b.webp", "train/warts/c.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("txt"):
            (tmp_path / "in" / name).write_text("no photograph")
        else:
            Image.new("RGB", (9, 9), "red").save(tmp_path / "in" / name)
    (tmp_path / "in/train/warts/broken.png").write_text("none")
    summary, cases = given("folder", tmp_path / "in")
    assert (summary.kept, summary.photographs, dict(summary.dropped)) == (2, 2, {"the image cannot be used": 1})
    assert [(c["diagnosis"], c["split"]) for c in cases.values()] == [("lichen planus", "test"), ("warts", "train")]


def test_a_table_beside_the_photographs_decides_and_keeps_the_attribution(tmp_path, given):
    (tmp_path / "in/warts").mkdir(parents=True)
    for name in ("a", "b"):
        Image.new("RGB", (9, 9), "red").save(tmp_path / f"in/warts/{name}.jpg", exif=b"Exif\0\0secret place")
    table(
        tmp_path / "in",
        "file,complaint,licence,attribution\nwarts/a.jpg,I have bumps,CC BY 4.0,A. Person\n",
        "MANIFEST.csv",
    )
    summary, cases = given("folder", tmp_path / "in")
    assert (summary.kept, summary.unlisted) == (1, 1)
    assert cases["row-000002"]["diagnosis"] == "warts"
    (note,) = lines(tmp_path / "out/import/kept.jsonl")
    assert (note["licence"], note["attribution"], note["image"]) == ("CC BY 4.0", "A. Person", "warts/a.jpg")
    assert b"secret place" not in (tmp_path / "out/photographs/000001.jpg").read_bytes()


HOSTILE: dict[str, dict[str, Any]] = {
    "a path upwards": {"image": "../secret.png"},
    "an absolute path": {"image": "/etc/passwd"},
    "a link outwards": {"image": "link.png"},
    "an image that is none": {"image": "text.png"},
    "a NUL in a path": {"image": "a\x00.png"},
    "a path too long": {"image": "a" * 5000},
    "a pipe": {"image": "pipe.png"},
    "a long text": {"complaint": "x" * 30_000},
    "a complaint that is an object": {"complaint": {"a": 1}},
    "no complaint": {"complaint": " "},
    "only markup": {"complaint": "<b></b>"},
    "a diagnosis without words": {"diagnosis": "=1+1"},
    "a diagnosis too long": {"diagnosis": "x" * 500},
    "an id twice": {"id": "first"},
    "an unknown split": {"split": "later"},
    "an unknown urgency": {"urgency": "now"},
    "findings nested too deeply": {"examinations": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": "x"}}}}}}}}},
    "too many facts": {"facts": ["x"] * 1000},
}


def test_hostile_rows_are_dropped_and_named_and_the_rest_kept(tmp_path, given):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "text.png").write_text("none")
    os.mkfifo(folder / "pipe.png")
    before = sorted(tmp_path.rglob("*"))
    rows = [{"id": "first", "complaint": "I itch", "diagnosis": "hives"}]
    rows += [{"complaint": "I itch", "diagnosis": "hives", **more} for more in HOSTILE.values()]
    raw = [json.dumps(row).encode() for row in rows]
    raw += [
        b"[" * 200_000,
        b'{"complaint": "\xff"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[1]",
        b'{"complaint": "' + b"x" * 30_000_000 + b'"}',
    ]
    raw += [json.dumps({"id": "last", "complaint": "I itch", "diagnosis": "hives"}).encode()]
    _, cases = given("jsonl", table(folder, b"\n".join(raw), "a.jsonl"))
    assert list(cases) == ["first", "last"]
    dropped = [note["line"] for note in lines(tmp_path / "out/import/dropped.jsonl")]
    assert dropped == list(range(2, len(raw)))
    new = {p for p in tmp_path.rglob("*") if p not in before and tmp_path / "out" not in (p, *p.parents)}
    assert new == {folder / "a.jsonl"}


def test_hostile_text_is_cleaned_and_named(tmp_path, given):
    record = {
        "id": "../../x", "complaint": "=cmd|'/C calc'!A0 <script>x</script>I itch\x1b]0;owned\x07",
        "diagnosis": "null", "name": "<img src=x>Ann", "age": "999", "sex": "?", "skin_type": "9",
    }  # fmt: skip
    _, cases = given("jsonl", table(tmp_path, json.dumps(record), "a.jsonl"))
    assert cases["row-000001"]["complaint"] == "cmd|'/C calc'!A0 I itch"
    assert load_scenario(str(tmp_path / "out")).labels.keys() == {"null"}
    (note,) = lines(tmp_path / "out/import/kept.jsonl")
    assert set(note["cleaned"]) == {"complaint", "name", "age", "sex", "skin_type"}


def test_a_label_that_is_any_word_is_not_named_by_what_the_rules_add(tmp_path, given):
    rows = [
        ("no", "He denies fever."),
        ("age", "He is 40 years old."),
        ("my", "His arm itches."),
        ("look", "It is red."),
    ]
    text = "".join(f"I itch,{said},{label},40,blood tests\n" for label, said in rows)
    summary, _ = given("csv", table(tmp_path, f"complaint,text,diagnosis,age,findings\n{text}"))
    assert summary.kept == 4


def test_a_text_of_nothing_but_abbreviations_takes_no_time(tmp_path, given):
    record = {"complaint": "I itch", "facts": ["A. " * 6_000] * 50, "diagnosis": "hives"}
    summary, _ = given("jsonl", table(tmp_path, json.dumps(record), "a.jsonl"))
    assert summary.kept == 1


def test_a_stray_quotation_mark_costs_its_own_row(tmp_path, given):
    rows = ["complaint,diagnosis", *(f'I itch {n},"hives"' for n in range(50))]
    rows[10] = '"I itch,hives'
    rows[20] = '"I itch,hives'
    rows[30] = "I,have,too many"
    rows[40] = '"I itch\nin two lines",hives'
    summary, cases = given("csv", table(tmp_path, "\n".join(rows)))
    assert [note["line"] for note in lines(tmp_path / "out/import/dropped.jsonl")] == [11, 21, 31]
    assert summary.kept == 47 and cases["row-000041"]["complaint"] == "I itch"


def test_a_cell_of_30_megabytes_costs_its_own_row(tmp_path, given):
    huge = '"' + "x" * 30_000_000 + '"'
    summary, cases = given("csv", table(tmp_path, f"complaint,diagnosis\nI itch,hives\n{huge},hives\nI ache,flu\n"))
    assert (list(cases), summary.rows) == (["row-000002", "row-000004"], 3)


def test_too_many_diagnoses_for_a_closed_list_are_open(tmp_path, given):
    rows = "".join(f"I itch,illness {chr(97 + n % 26)}{n}\n" for n in range(MOST_LABELS + 10))
    summary, _ = given("csv", table(tmp_path, f"complaint,diagnosis\n{rows}"))
    assert (summary.open, summary.labels, summary.kept) == (True, 0, MOST_LABELS + 10)
    assert not (tmp_path / "out/labels.yaml").exists()


def test_nothing_kept_writes_nothing(tmp_path, given):
    summary, _ = given("csv", table(tmp_path, "complaint,diagnosis\n,hives\n"))
    assert (summary.rows, summary.kept) == (1, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("kind", "content", "mapping", "sentence"),
    [
        ("csf", "", {}, "no kind of source 'csf'; there are: csv, "),
        ("csv", "", {}, "has no header that can be read"),
        ("csv", "\xff\xfea".encode("latin-1"), {}, "is UTF-16 text; save it as UTF-8"),
        ("csv", "a,a\n", {}, "the column 'a' appears twice"),
        ("csv", "a,b\n", {}, "no column is called complaint, text, facts or image; there are: a, b"),
        ("csv", "a,b\n", {"complaint": "c"}, "no column 'c'; there are: a, b"),
        ("jsonl", "", {"complain": "c"}, "no field 'complain'; there are: complaint, "),
        ("craft-md", "a,b\n", {}, "has no column 'case_vignette'"),
        ("craft-md", "a,b\n", {"id": "a"}, "the columns of craft-md are known"),
        ("folder", "", {}, "is not a folder"),
    ],
)
def test_a_mistake_is_a_sentence_and_leaves_nothing(tmp_path, kind, content, mapping, sentence):
    source = table(tmp_path, content)
    with pytest.raises(UserError) as caught:
        import_cases(kind, source, tmp_path / "out", mapping)
    assert sentence in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_source_that_is_not_there_and_a_target_that_is(tmp_path):
    with pytest.raises(UserError, match="does not exist; check the path"):
        import_cases("csv", tmp_path / "none.csv", tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("kept")
    with pytest.raises(UserError, match="already exists and is not empty; give another --out"):
        import_cases("csv", table(tmp_path, "complaint\nx\n"), tmp_path / "out")
    with pytest.raises(UserError, match="there is no folder"):
        import_cases("csv", table(tmp_path, "complaint\nx\n"), tmp_path / "no/out")
    assert (tmp_path / "out/mine").read_text() == "kept"


def test_a_disk_without_room_is_a_sentence_and_leaves_nothing(tmp_path):
    """A limit on the size of a file fails a write in the middle, as a full disk does."""
    source = table(tmp_path, "complaint\n" + "I itch\n" * 5_000)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "from consult.cli.main import run; run()"
    )
    call = [sys.executable, "-c", code, "scenarios", "import", "csv", str(source), "--out", str(tmp_path / "out")]
    result = subprocess.run(call, capture_output=True, text=True)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("consult: ") and result.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_disk_too_full_for_the_ids_is_a_full_disk(tmp_path):
    with pytest.raises(OSError, match="database or disk is full"), Target(tmp_path / "out") as target:
        target._ids._database.execute("PRAGMA max_page_count = 2")
        for n in range(1_000):
            assert target.take(f"a rather long id {n}")
    assert not any(tmp_path.iterdir())


def test_the_command_says_what_was_kept_dropped_and_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path, "complaint,diagnosis\nI itch,hives\n,\x1b[31mhives\n")
    result = CliRunner().invoke(app, ["scenarios", "import", "csv", "a.csv", "--out", "ward"])
    assert result.exit_code == 0, result.output
    assert "2 rows: 1 kept, 1 dropped" in result.output and "line 3: there is no complaint" in result.output
    assert "no mistakes found" in CliRunner().invoke(app, ["scenarios", "check", "ward"]).output
    table(tmp_path, "complaint\n\n ,\n", "empty.csv")
    result = CliRunner().invoke(app, ["scenarios", "import", "csv", "empty.csv", "--out", "none", "--json"])
    assert "no row of" in str(result.exception) and isinstance(result.exception, UserError)
    assert json.loads(result.output)["kept"] == 0 and not (tmp_path / "none").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "cases"),
    [
        ("agentclinic", "agentclinic/agentclinic_medqa.jsonl", 107),
        ("craft-md", "craft_md/dermatology_public.csv", 100),
        ("folder", "images", 6),
    ],
)
def test_real_data_are_clean_and_played_by_the_starter(tmp_path, given, real, kind, name, cases):
    summary, _ = given(kind, real(name))
    assert (summary.kept, summary.rows) == (cases, cases)
    command = [
        "simulate",
        "--scenario",
        str(tmp_path / "out"),
        "--cases",
        "5",
        "--db",
        str(tmp_path / "a.db"),
        "--json",
    ]
    result = CliRunner().invoke(app, command)
    summary = json.loads(result.stdout.splitlines()[-1])
    assert (summary["consultations"], summary["failed"]) == (5, 0)
    # The starter can only choose among clinics that it is given; a run without any says that its triage is of no use.
    without = not load_scenario(str(tmp_path / "out")).specialties
    assert result.exit_code == int(without), result.output
    assert ("as triage could not be used" in result.stderr) == without


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Ten times the rows, and at most 4 MB more: what is kept of a row is on disk."""
    pytest.importorskip("resource")
    code = (
        "import resource, sys; from pathlib import Path; from consult.scenarios.importing import import_cases; "
        "import_cases('csv', Path(sys.argv[1]), Path(sys.argv[2])); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for rows in (500, 5_000):
        source = table(
            tmp_path, "complaint,text,diagnosis\n" + "I itch,It is on my arm. It is red.,hives\n" * rows, f"{rows}.csv"
        )
        call = [sys.executable, "-c", code, str(source), str(tmp_path / f"out{rows}")]
        peaks.append(int(subprocess.run(call, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] - peaks[0] < 4_000
