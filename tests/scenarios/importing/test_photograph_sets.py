"""Data sets of photographs, made here with their documented columns, become scenarios that the check finds clean."""

from __future__ import annotations

import csv
import http.server
import io
import threading
from pathlib import Path

import pytest
from photograph_rows import (
    DDI,
    DERM1M,
    FITZ,
    HAM,
    NEJM,
    PAD,
    SCIN,
    SCIN_LABEL,
    SETS,
    picture,
    scin,
    write_lines,
    write_table,
)
from PIL import Image
from typer.testing import CliRunner

from consult.cli.main import app
from consult.errors import UserError
from consult.scenarios import load_scenario
from consult.scenarios.checks.folder import check_folder
from consult.scenarios.importing import import_cases
from consult.scenarios.importing.mdbench import split_of
from consult.scenarios.importing.scin import heaviest


def said(case, *keys):
    return {(fact["topic"], fact["text"], fact.get("none", False)) for key in keys for fact in case[key]}


@pytest.fixture
def made(tmp_path, given):
    def made(kind):
        summary, cases = given(kind, SETS[kind][0](tmp_path / "in"))
        assert (summary.rows, summary.kept, dict(summary.dropped)) == (1, 1, {})
        (case,) = cases.values()
        return summary, case

    return made


def test_scin(made, tmp_path):
    summary, case = made("scin")
    assert (case["diagnosis"], case["sex"], case["skin_type"]) == ("Eczema", "female", 3)
    assert case["complaint"] == "I have a rash"
    assert summary.photographs == len(case["images"]) == 2
    assert said(case, "facts") == {
        ("age", "I am between 30 and 39", False), ("duration", "it began one to four weeks ago", False),
        ("symptoms", "it is raised or bumpy", False), ("site", "it is on my arm", False),
        ("sensation", "it itches", False), ("symptoms", "I have a fever", False),
    }  # fmt: skip
    assert len(load_scenario(str(tmp_path / "out")).case(case["id"]).photographs) == 2


def test_pad_ufes_20(made):
    _, case = made("pad-ufes-20")
    assert (case["id"], case["age"], case["sex"], case["skin_type"]) == ("PAT_8_15_1", 41, "female", 3)
    assert (case["diagnosis"], case["split"]) == ("melanocytic naevus", split_of(b"PAT_8"))
    facts = said(case, "facts")
    assert {("sensation", "it itches", False), ("sensation", "it does not hurt", True)} <= facts
    assert {("site", "it is on my arm", False), ("history", "I have had skin cancer before", False)} <= facts
    assert not any("grow" in text for _, text, _ in facts)
    assert said(case, "examinations") == {("skin examination", "it measures 6.0 by 5.0 mm", False)}


def test_ham10000(made, tmp_path):
    summary, case = made("ham10000")
    assert (case["id"], case["age"], case["sex"]) == ("ISIC_0027419", 80, "male")
    assert ("site", "it is on my arm", False) in said(case, "facts")
    assert (case["diagnosis"], summary.labels) == ("benign keratosis", 7)
    assert "BKL" in load_scenario(str(tmp_path / "out")).labels["benign keratosis"].aliases


def test_fitzpatrick17k(made):
    _, case = made("fitzpatrick17k")
    assert (case["diagnosis"], case["skin_type"]) == ("drug induced pigmentary changes", 3)
    assert case["complaint"] == "please look at this"


def test_ddi(made):
    _, case = made("ddi")
    assert (case["diagnosis"], case["split"], "skin_type" in case) == ("melanoma in situ", "test", False)
    assert said(case, "examinations") == {("skin examination", "the skin is of type 5 or 6", False)}


def test_derm1m(made):
    summary, case = made("derm1m")
    assert (case["diagnosis"], case["age"], case["sex"], summary.leaks) == ("psoriasis", 34, "male", 1)
    assert [found["text"] for found in case["examinations"]] == ["Scaly plaques on the elbow of a 34-year-old man"]


def test_agentclinic_nejm(made):
    summary, case = made("agentclinic-nejm")
    assert (case["diagnosis"], case["age"], case["sex"], summary.photographs) == (
        "Exogenous ochronosis",
        55,
        "female",
        0,
    )
    spoken = [case["complaint"], *(fact["text"] for fact in case["facts"])]
    assert any("my skin darkening" in text for text in spoken) and any("my face burns" in text for text in spoken)
    assert not any("you" in text.split() or "Remember" in text for text in spoken)
    assert len(case["examinations"]) == 2


# -- splits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "row", "group", "image"),
    [("ham10000", HAM, "lesion_id", "image_id"), ("pad-ufes-20", PAD, "patient_id", "img_id")],
)
def test_no_patient_and_no_lesion_is_in_two_splits_in_any_order(tmp_path, kind, row, group, image):
    suffix = ".png" if kind == "pad-ufes-20" else ""
    rows = [{**row, group: f"g{n // 3}", image: f"image{n}{suffix}"} for n in range(60)]
    of: dict[Path, dict[str, str]] = {}
    for order in (rows, rows[::-1]):
        at = tmp_path / str(len(of))
        for one in order:
            picture(at / "images" / f"{one[image].removesuffix('.png')}.{'png' if suffix else 'jpg'}")
        write_table(at / "metadata.csv", order)
        import_cases(kind, at / "metadata.csv", at / "out")
        scenario = load_scenario(str(at / "out"))
        of[at] = {id_: split for split in scenario.splits for id_ in scenario.case_ids(split)}
    first, second = of.values()
    assert first == second and set(first.values()) == {"train", "validation", "test"}
    for n in range(0, 60, 3):
        assert len({first[f"image{n + k}"] for k in range(3)}) == 1


# -- rows that cannot be cases -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "row", "change", "reason"),
    [
        ("pad-ufes-20", PAD, {"diagnostic": "XYZ"}, "'diagnostic' is not one of ack, bcc, mel, nev, scc, sek"),
        ("pad-ufes-20", PAD, {"patient_id": ""}, "there is no 'patient_id'"),
        ("pad-ufes-20", PAD, {"itch": "often"}, "'itch' is neither true nor false"),
        ("pad-ufes-20", PAD, {"img_id": "../../secret.png"}, "the image lies outside the source's folder"),
        ("ham10000", HAM, {"image_id": "ISIC_1"}, "there is no such image"),
        ("ham10000", HAM, {"lesion_id": ""}, "there is no 'lesion_id'"),
        ("fitzpatrick17k", FITZ, {"qc": "3 Wrongly labelled"}, "the data set's check says that it is wrongly labelled"),
        ("fitzpatrick17k", FITZ, {"md5hash": "0" * 32}, "the image is an address only; add --fetch-images"),
        ("fitzpatrick17k", FITZ, {"label": ""}, "there is no 'label'"),
        ("ddi", DDI, {"skin_tone": "7"}, "the skin tone is not one of 12, 34, 56"),
        ("ddi", DDI, {"disease": ""}, "there is no 'disease'"),
        ("derm1m", DERM1M, {"filename": ""}, "there is no 'filename'"),
        ("scin", SCIN, {"image_2_path": "dataset/images/none.png"}, "there is no such image"),
        ("scin", SCIN, {"case_id": "-43"}, "scin_labels.csv has no row for the case"),
        ("agentclinic-nejm", NEJM, {"answers": "[{'text': 'x'"}, "'answers' is not a Python literal"),
        ("agentclinic-nejm", NEJM, {"answers": "[{'text': 'x'}]"}, "'answers' has not exactly one correct text"),
        ("agentclinic-nejm", NEJM, {"answers": "__import__('os')"}, "'answers' is not a list of objects"),
        ("agentclinic-nejm", NEJM, {"patient_info": None}, "there is no 'patient_info'"),
    ],
)
def test_a_row_that_cannot_be_a_case_is_dropped_with_its_reason(tmp_path, kind, row, change, reason):
    write, table, _ = SETS[kind]
    write(tmp_path / "in")
    source = tmp_path / "in" / table
    picture(tmp_path / "secret.png")
    writer = write_lines if source.suffix == ".jsonl" else write_table
    writer(source, [row, {**row, **change}])
    summary = import_cases(kind, source, tmp_path / "out")
    assert (summary.kept, list(summary.dropped)) == (1, [reason])
    assert check_folder(tmp_path / "out") == []
    kept = list((tmp_path / "out" / "photographs").iterdir()) if kind != "agentclinic-nejm" else []
    assert len(kept) == summary.photographs  # a dropped row leaves no photograph


@pytest.mark.parametrize(
    ("weighted", "name"),
    [("", ""), ("{}", ""), ("{'b': 0.5, 'a': 0.5}", "a"), ("{'b': 0.6, 'a': 0.4}", "b"), ("{'b': 1}", "b")],
)
def test_the_label_of_greatest_weight(weighted, name):
    assert heaviest(weighted) == name


@pytest.mark.parametrize("weighted", ["{'a': nan}", "['a']", "{'a': 'b'}", "{1: 2}", "{'a': 1e999}", "(" * 9_000])
def test_a_weighted_label_of_another_shape_drops_its_case(tmp_path, weighted):
    source = scin(tmp_path / "in")
    write_table(source / "scin_labels.csv", [{**SCIN_LABEL, "weighted_skin_condition_label": weighted}])
    summary = import_cases("scin", source, tmp_path / "out")
    assert summary.kept == 0 and "the weighted label is not a dict" in next(iter(summary.dropped))


# -- malformed sources -------------------------------------------------------------------------------------------------


def without_column(kind: str, at: Path) -> Path:
    write, table, column = SETS[kind]
    write(at)
    if table.endswith(".jsonl"):
        return write_lines(at / table, [{k: v for k, v in NEJM.items() if k != column}])
    with (at / table).open(newline="", encoding="utf-8") as stream:
        rows = [{k: v for k, v in row.items() if k != column} for row in csv.DictReader(stream)]
    write_table(at / table, rows)
    return at


def garbage(kind: str, at: Path) -> Path:
    SETS[kind][0](at)
    (at / SETS[kind][1]).write_bytes(b"\x00\xff\xfe broken \x93" * 20)
    return at / SETS[kind][1]


def empty(kind: str, at: Path) -> Path:
    SETS[kind][0](at)
    (at / SETS[kind][1]).write_bytes(b"")
    return at / SETS[kind][1]


def nothing(kind: str, at: Path) -> Path:
    at.mkdir()
    return at


def missing(kind: str, at: Path) -> Path:
    return at / SETS[kind][1]


@pytest.mark.parametrize("spoil", [without_column, garbage, empty, nothing, missing])
@pytest.mark.parametrize("kind", SETS)
def test_a_malformed_source_is_one_sentence(tmp_path, kind, spoil):
    source = spoil(kind, tmp_path / "in")
    result = CliRunner().invoke(app, ["scenarios", "import", kind, str(source), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, UserError)
    told = str(result.exception)
    assert "\n" not in told and "; " in told and len(told) < 600
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def web():
    """Serve a picture at /a.png, a text at /a.txt, and nothing else."""
    content = io.BytesIO()
    Image.new("RGB", (9, 9)).save(content, "PNG")
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = {"/a.png": content.getvalue(), "/a.txt": b"text"}.get(self.path)
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_pictures_are_fetched_only_if_asked_for(tmp_path, web):
    address, asked = web
    rows = [{**NEJM, "image_url": f"{address}{path}"} for path in ("/a.png", "/a.txt", "/none.png")]
    source = write_lines(tmp_path / "a.jsonl", [*rows, {**NEJM, "image_url": "file:///etc/passwd"}])
    assert (import_cases("agentclinic-nejm", source, tmp_path / "without").photographs, asked) == (0, [])
    summary = import_cases("agentclinic-nejm", source, tmp_path / "with", fetch_images=True)
    assert (summary.kept, summary.photographs) == (1, 1)
    assert dict(summary.dropped) == {"the image cannot be used": 1, "the image could not be fetched": 2}
    with pytest.raises(UserError, match="leave --fetch-images out"):
        import_cases("csv", source, tmp_path / "no", fetch_images=True)


def test_a_case_of_json_answers_without_a_type_is_read_too(tmp_path):
    answers = [{"text": "Melasma", "correct": False}, {"text": "Ochronosis", "correct": True}]
    row = {**{k: v for k, v in NEJM.items() if k != "type"}, "answers": answers}
    source = write_lines(tmp_path / "a.jsonl", [row, {**NEJM, "type": ["CT scan", "biopsy"]}])
    assert import_cases("agentclinic-nejm", source, tmp_path / "out").kept == 2
    assert '"picture_shows": "CT scan, biopsy"' in (tmp_path / "out/import/kept.jsonl").read_text(encoding="utf-8")
