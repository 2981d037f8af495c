"""3MDBench's parquet files, made here with its columns, become scenarios that the check finds clean."""

from __future__ import annotations

import io
import os
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mdbench_rows import DIAGNOSES, mdbench_rows, write_mdbench
from PIL import Image
from typer.testing import CliRunner

from consult.agents.temperament import own_temperament, own_temperaments
from consult.cli.main import app
from consult.errors import UserError
from consult.scenarios import load_scenario
from consult.scenarios.checks.folder import check_folder
from consult.scenarios.importing import import_cases
from consult.scenarios.importing.mdbench import split_of


def run(source, out, *more):
    return CliRunner().invoke(app, ["scenarios", "import", "3mdbench", str(source), "--out", str(out), *more])


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Import the same 40 rows with their pictures as bytes, as paths, and in two files."""
    root = tmp_path_factory.mktemp("mdbench")
    folders = {}
    for how in ("bytes", "paths", "two files"):
        source = write_mdbench(root / how, pictures="paths" if how == "paths" else "bytes", files=1 + ("two" in how))
        summary = import_cases("3mdbench", source, root / f"out {how}")
        assert (summary.rows, summary.kept, summary.photographs, summary.labels) == (40, 40, 40, 34)
        folders[how] = root / f"out {how}"
    return folders


def test_embedded_pictures_and_paths_and_several_files_are_the_same_cases(imported):
    assert all(check_folder(folder) == [] for folder in imported.values())
    texts = {(folder / "cases.jsonl").read_bytes() for folder in imported.values()}
    assert len(texts) == 1
    case = load_scenario(str(imported["bytes"])).case("case-0000")
    assert case.photograph is not None
    assert case.photograph.load().size == (20, 16)


def test_complaint_symptoms_and_temperament_are_kept(imported):
    scenario = load_scenario(str(imported["bytes"]))
    assert len(scenario.labels) == 34
    case = scenario.case("case-0000")
    assert (case.truth.diagnosis, case.card.complaint.text) == ("eczema", "my skin itches, doctor (patient 0)")
    assert [(fact.topic, fact.text) for fact in case.card.facts] == [
        ("duration", "it began 3 weeks ago"), ("site", "it is on my arms"),
        ("symptoms", "I have redness"), ("symptoms", "I have dry skin"), ("sensation", "I have itching"),
    ]  # fmt: skip
    assert case.temperament == own_temperament(scenario, case.id) == "sanguine"
    for split in scenario.splits:
        told = own_temperaments(scenario, split)
        assert told == {id_: scenario.case(id_).temperament for id_ in scenario.case_ids(split)}


def test_the_labels_have_the_aliases_and_clinics_of_derm34_and_no_urgency(imported):
    mine, derm34 = load_scenario(str(imported["bytes"])).labels, load_scenario("derm34").labels
    assert list(mine) == list(derm34)
    for name, label in mine.items():
        assert (label.aliases, label.specialty) == (derm34[name].aliases, derm34[name].specialty)
        assert label.urgency is None


def test_the_split_is_the_hash_of_the_photograph(imported, tmp_path):
    sizes = load_scenario(str(imported["bytes"])).splits
    assert sum(sizes.values()) == 40
    assert set(sizes) == {"train", "validation", "test"}
    shares = Counter(split_of(str(i).encode()) for i in range(10_000))
    assert abs(shares["train"] - 7_000) < 200
    assert abs(shares["test"] - 2_000) < 200
    # The same photograph twice lies in one split, with other words and in another row.
    rows = mdbench_rows(2)
    rows[1]["image"] = rows[0]["image"]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    import_cases("3mdbench", tmp_path / "a.parquet", tmp_path / "out")
    assert len(load_scenario(str(tmp_path / "out")).splits) == 1


def test_the_data_sets_own_split_on_request(tmp_path):
    source = write_mdbench(tmp_path / "in", rows=4)
    result = run(source, tmp_path / "out", "--own-split")
    assert result.exit_code == 0, result.output
    assert load_scenario(str(tmp_path / "out")).splits == {"test": 4}
    with pytest.raises(UserError, match="leave --own-split out"):
        import_cases("csv", source, tmp_path / "out2", own_split=True)


def test_a_sentence_that_names_the_diagnosis_by_an_alias_is_left_out(tmp_path):
    (row, *_) = mdbench_rows(1)
    row |= {"diagnosis": "Mycosis", "complaints": "My arm itches. My friend had ringworms. It began a week ago."}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    summary = import_cases("3mdbench", tmp_path, tmp_path / "out")
    assert (summary.kept, summary.leaks) == (1, 1)
    assert check_folder(tmp_path / "out") == []


def test_broken_rows_are_named_and_the_others_stay(tmp_path):
    rows = mdbench_rows(8)
    good = io.BytesIO()
    Image.new("RGB", (9, 9)).save(good, "JPEG")
    rows[1]["image"] = {"bytes": b"no picture", "path": None}
    rows[2]["image"] = {"bytes": None, "path": "../secret.png"}
    rows[3]["image"] = {"bytes": None, "path": "missing.png"}
    rows[4]["personality"] = "cheerful"
    rows[5]["diagnosis"] = None
    rows[6]["image"] = {"bytes": good.getvalue()[:300], "path": "cut.jpg"}
    rows[7]["image"] = None
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    Image.new("RGB", (9, 9)).save(tmp_path.parent / "secret.png")
    summary = import_cases("3mdbench", tmp_path / "a.parquet", tmp_path / "out")
    assert (summary.rows, summary.kept, summary.photographs) == (8, 2, 1)
    assert dict(summary.dropped) == {
        "the image cannot be used": 2,
        "the image lies outside the source's folder": 1,
        "there is no such image": 1,
        "the temperament is not one of sanguine, choleric, melancholic, phlegmatic": 1,
        "there is no diagnosis": 1,
    }
    assert check_folder(tmp_path / "out") == []
    os.unlink(tmp_path.parent / "secret.png")


def _not_parquet(folder):
    (folder / "a.parquet").write_text("complaint,diagnosis\n")


def _cut(folder):
    content = write_mdbench(folder, rows=2).joinpath("test-0.parquet").read_bytes()
    (folder / "test-0.parquet").write_bytes(content[: len(content) // 2])


def _damaged(folder):
    path = write_mdbench(folder, rows=3).joinpath("test-0.parquet")
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)


def _without_a_column(folder):
    rows = mdbench_rows(2)
    for row in rows:
        row["personalities"] = row.pop("personality")
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")


def _empty(folder):
    pq.write_table(pa.Table.from_pylist(mdbench_rows(2)).slice(0, 0), folder / "a.parquet")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_not_parquet, "is not a whole parquet file"),
        (_cut, "is not a whole parquet file"),
        (_damaged, "is damaged after row 0"),
        (_without_a_column, "has no column 'personality'; there are: general_complaint"),
        (_empty, "no row of"),
        (lambda folder: None, "holds no parquet file"),
    ],
)
def test_a_malformed_source_is_one_sentence(tmp_path, spoil, said):
    (tmp_path / "in").mkdir()
    spoil(tmp_path / "in")
    result = run(tmp_path / "in", tmp_path / "out")
    sentence = str(result.exception)
    assert isinstance(result.exception, UserError)
    assert said in sentence
    assert "\n" not in sentence
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_wrong_types_are_dropped_rows(tmp_path):
    rows = [{**row, "image": 7, "diagnosis": {"name": "eczema"}} for row in mdbench_rows(2)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    summary = import_cases("3mdbench", tmp_path / "a.parquet", tmp_path / "out")
    assert (summary.kept, dict(summary.dropped)) == (0, {"'diagnosis' is not a text": 2})


def test_a_hub_id_that_cannot_be_fetched_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"'some-org/no-such-set' is not a file .* could not be fetched"):
        import_cases("3mdbench", type(tmp_path)("some-org/no-such-set"), tmp_path / "out")


def test_all_labels_are_those_of_the_rows():
    assert set(DIAGNOSES) <= set(load_scenario("derm34").labels)
