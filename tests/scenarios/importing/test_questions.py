"""Readers of questions about pictures, on small tables with the columns of each data set."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from consult.errors import UserError
from consult.scenarios import load_scenario
from consult.scenarios.correct import correct
from consult.scenarios.importing import import_cases

from .conftest import lines


def png(number: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (number * 40 % 255, 90, 120)).save(buffer, "PNG")
    return buffer.getvalue()


def picture(number: int = 0) -> dict[str, Any]:
    return {"bytes": png(number), "path": f"p{number}.png"}


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def written(path: Path, data) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def hub_pairs(at: Path) -> Path:
    rows = [{"image": picture(n), "question": f"Is it {n}?", "answer": ("Yes", "no")[n % 2]} for n in range(3)]
    rows.append({"image": picture(0), "question": "Where is it?", "answer": "right lobe"})
    parquet(at / "data/train-00000-of-00001.parquet", rows)
    return parquet(at / "data/test-00000-of-00001.parquet", rows[:1]).parents[1]


SLAKE = {"img_name": "x1/source.jpg", "question": "Which organ?", "answer": "Lung", "q_lang": "en", "qid": 1}
SLAKE |= {"modality": "CT", "answer_type": "OPEN", "content_type": "Organ"}


def slake(at: Path) -> Path:
    closed = {**SLAKE, "qid": 2, "question": "Is it a lung?", "answer": "Yes", "answer_type": "CLOSED"}
    bigger = {**SLAKE, "qid": 3, "question": "Left or right?", "answer": "Left", "answer_type": "CLOSED"}
    written(at / "train.json", [SLAKE, closed, bigger, {**SLAKE, "qid": 4, "q_lang": "zh"}])
    written(at / "validation.json", [{**SLAKE, "qid": 5}])
    with zipfile.ZipFile(at / "imgs.zip", "w") as archive:
        archive.writestr("imgs/x1/source.jpg", png())
    return at


OMNI = {"question_id": "ACRIMA_1", "image_path": "Images/a.png", "question": "What is it?", "gt_answer": "glaucoma"}
OMNI |= {"option_A": "cataract", "option_B": "glaucoma", "question_type": "Disease Diagnosis"}
OMNI |= {"modality_type": "Fundus Photography"}


def omnimedvqa(at: Path) -> Path:
    (at / "Images").mkdir(parents=True)
    (at / "Images/a.png").write_bytes(png())
    written(at / "QA_information/Open-access/ACRIMA.json", [OMNI, {**OMNI, "question_id": "ACRIMA_2"}])
    return at


MMMU: dict[str, Any] = {"id": "validation_Clinical_Medicine_1", "question": "Compare <image 1> with <image 2>"}
MMMU |= {"answer": "B"}
MMMU |= {"options": "['cyst', \"Crohn's disease\"]", "question_type": "multiple-choice", "img_type": "['CT']"}
MMMU |= {f"image_{n}": picture(n) if n < 3 else None for n in range(1, 8)}


def mmmu(at: Path) -> Path:
    open_ = {**MMMU, "id": "dev_Clinical_Medicine_2", "options": "[]", "answer": "['fibroma', 'myoma']"}
    withheld = {**MMMU, "id": "test_Pharmacy_1", "answer": "?"}
    parquet(at / "Clinical_Medicine/validation-00000-of-00001.parquet", [MMMU, open_, withheld])
    parquet(at / "Art/validation-00000-of-00001.parquet", [{**MMMU, "id": "validation_Art_1"}])
    return at


def gmai(at: Path) -> Path:
    coded = base64.b64encode(png()).decode()
    rows = ["index\timage\tquestion\tA\tB\tC\tanswer\tmodality\tdepartment\tclinical vqa task\tsplit"]
    rows.append(f"7\t{coded}\tWhat is it?\tnaevus\twart\tnone\tA\tDermoscopy\tdermatology\tDisease Diagnosis\tval")
    rows.append("8\t7\tAnd this?\tnaevus\twart\t\tB\tDermoscopy\tdermatology\tDisease Diagnosis\tval")
    return written(at / "GMAI_mm_bench_VAL.tsv", "\n".join(rows) + "\n")


def own(at: Path) -> Path:
    at.mkdir()
    (at / "a.png").write_bytes(png())
    rows = "frage,A,B,C,loesung,bild\nWhich organ?,liver,lung,,B,a.png\nIs it one?,,,,no,a.png\nWhat?,,,,a cyst,a.png\n"
    return written(at / "fragen.csv", rows)


KINDS = {
    "vqa-rad": hub_pairs, "pathvqa": hub_pairs, "slake": slake, "omnimedvqa": omnimedvqa, "mmmu": mmmu, "gmai": gmai,
    "vqa": own,
}  # fmt: skip
OWN = {"question": "frage", "answer": "loesung", "image": "bild"}


@pytest.fixture
def made(tmp_path, given):
    """Import a data set's made table, and give the summary and the questions by id."""

    def made(kind, **more):
        source = KINDS[kind](tmp_path / "source")
        if more:
            return import_cases(kind, source, tmp_path / "out", **more), lines(tmp_path / "out/cases.jsonl")
        return given(kind, source, OWN if kind == "vqa" else None)

    return made


@pytest.mark.parametrize(("kind", "specialty"), [("vqa-rad", "radiology"), ("pathvqa", "pathology")])
def test_pairs_of_picture_and_question(made, kind, specialty):
    summary, cases = made(kind)
    assert (summary.kept, summary.closed, summary.photographs) == (5, 4, 3)  # a shared picture is saved once
    first, last = cases[f"{kind}-train-000001"], cases[f"{kind}-train-000004"]
    assert (first["options"], first["answer"], first["specialty"]) == (["yes", "no"], "yes", specialty)
    assert last["answer"] == "right lobe" and "options" not in last
    assert cases[f"{kind}-test-000001"]["split"] == "test"


def test_slake_in_one_language_with_its_pictures_in_a_zip_file(made):
    summary, cases = made("slake")
    assert summary.kept == 4 and {one["split"] for one in cases.values()} == {"train", "validation"}
    assert cases["slake-2"]["options"] == ["yes", "no"] and cases["slake-1"]["specialty"] == "radiology"
    assert cases["slake-3"]["form"] == "closed" and "form" not in cases["slake-1"]


def test_slake_in_the_other_language(made):
    summary, cases = made("slake", language="zh")
    assert summary.kept == 1 and cases[0]["id"] == "slake-4"


def test_omnimedvqa(made):
    summary, cases = made("omnimedvqa")
    assert summary.kept == 2 and cases["ACRIMA_1"]["options"] == ["cataract", "glaucoma"]
    assert (cases["ACRIMA_1"]["specialty"], cases["ACRIMA_1"]["type"]) == ("ophthalmology", "disease diagnosis")


def test_mmmu_has_its_medical_subjects_alone(made):
    summary, cases = made("mmmu")
    first = cases["validation_Clinical_Medicine_1"]
    assert len(cases) == 3 and summary.unknown == 1
    assert (first["answer"], len(first["images"])) == ("Crohn's disease", 2)
    assert first["question"] == "Compare (picture 1) with (picture 2)"
    assert (
        cases["dev_Clinical_Medicine_2"]["answer"] == "fibroma" and cases["dev_Clinical_Medicine_2"]["split"] == "train"
    )


def test_gmai_with_pictures_in_base64(made):
    summary, cases = made("gmai")
    assert (summary.kept, summary.photographs) == (2, 1)  # the second row names the first one's picture
    assert cases["gmai-7"]["answer"] == "naevus" and cases["gmai-8"]["options"] == ["naevus", "wart"]
    assert (cases["gmai-7"]["specialty"], cases["gmai-7"]["split"]) == ("dermatology", "validation")


def test_mmmu_of_each_kind(tmp_path):
    shown = {"options": "['<image 2>', '<image 1> mirrored', 'neither <image 2>']", "answer": "A"}
    rows: dict[str, dict[str, Any]] = {
        "options_are_pictures": shown,
        "first_picture_missing": {"question": "See <image 2>", "options": "['a', 'b']", "image_1": None},
        "answer_is_text": {"answer": "cyst"},
        "options_are_letters": {"options": "['B', 'A']", "answer": "B"},
        "list_of_options": {"options": ["x", "y"]},
        "no_such_picture": {"question": "See <image 5>"},
        "open_several": {"options": "[]", "answer": "['0.5', '1/2']", "question_type": "open"},
        "open_one": {"options": "[]", "answer": "the hip", "question_type": "open"},
        "open_other_name": {"options": "[]", "answer": "['fibroma', 'myoma', 'Fibroma']"},
    }
    made = [{**MMMU, "id": f"validation_Pharmacy_{name}", **change} for name, change in rows.items()]
    for one in made:
        one["options"] = one["options"] if isinstance(one["options"], str) else json.dumps(one["options"])
    parquet(tmp_path / "in/Pharmacy/validation-00000-of-00001.parquet", made)
    withheld = [{**MMMU, "id": "test_Pharmacy_9", "answer": "?"}]
    parquet(tmp_path / "in/Pharmacy/test-00000-of-00001.parquet", withheld)
    parquet(tmp_path / "in/Geography/test-00000-of-00001.parquet", [{**MMMU, "id": "test_Geography_1"}])
    summary = import_cases("mmmu", tmp_path / "in", tmp_path / "out")
    cases = {one["id"].removeprefix("validation_Pharmacy_"): one for one in lines(tmp_path / "out/cases.jsonl")}
    assert dict(summary.dropped) == {"the question names a picture that is not there": 1} and summary.kept == 9
    assert cases["options_are_pictures"]["options"][:2] == ["(picture 2)", "(picture 1) mirrored"]
    assert cases["options_are_pictures"]["answer"] == "(picture 2)"
    # The only picture that there is, is the first one that a doctor sees.
    assert cases["first_picture_missing"]["question"] == "See (picture 1)" and "image" in cases["first_picture_missing"]
    answers = [cases[name]["answer"] for name in ("answer_is_text", "options_are_letters", "list_of_options")]
    assert answers == ["cyst", "A", "y"]
    assert "answer" not in cases["test_Pharmacy_9"] and cases["test_Pharmacy_9"]["split"] == "test"
    scenario = load_scenario(str(tmp_path / "out"))
    half = scenario.for_case(scenario.case("validation_Pharmacy_open_several"))
    assert correct("1/2", "0.5", half) == (True, "alias") and correct("2/1", "0.5", half).correct is False
    assert correct("myoma", "fibroma", scenario).correct and not correct("myoma", "the hip", scenario).correct


def test_gmai_rows_that_share_a_picture_far_above(tmp_path):
    head = "index\timage\tquestion\tA\tB\tanswer"
    coded = base64.b64encode(png()).decode()
    rows = [f"{n}\t{coded}\tWhat is it?\tnaevus\twart\tA" for n in range(250)]
    rows += ["250\t240\tAnd this?\tnaevus\twart\tB", "251\t999\tAnd this?\tB\tA\tB"]
    written(tmp_path / "in/GMAI_VAL.tsv", "\n".join([head, *rows]) + "\n")
    # The rows of the test file have numbers of their own, and no answers.
    other = base64.b64encode(png(3)).decode()
    hidden = ["index\timage\tquestion\tA\tB", f"240\t{other}\tWhat?\ta\tb", "241\t240\tWhat else?\ta\tb"]
    written(tmp_path / "in/GMAI_TEST.tsv", "\n".join(hidden) + "\n")
    summary = import_cases("gmai", tmp_path / "in", tmp_path / "out")
    assert (summary.kept, summary.photographs, summary.unknown) == (253, 2, 2)
    assert dict(summary.dropped) == {"no earlier row has the picture that the image cell names": 1}
    cases = {one["id"]: one for one in lines(tmp_path / "out/cases.jsonl")}
    assert cases["gmai-validation-250"]["image"] == cases["gmai-validation-0"]["image"]
    assert cases["gmai-test-241"]["image"] == cases["gmai-test-240"]["image"] != cases["gmai-validation-0"]["image"]


def test_a_zip_file_is_opened_once(tmp_path, monkeypatch):
    opened: list[Any] = []
    init = zipfile.ZipFile.__init__

    def counted(self, file, *args, **kwargs):
        opened.append(file)
        init(self, file, *args, **kwargs)

    source = slake(tmp_path / "source")
    written(source / "train.json", [{**SLAKE, "qid": 10 + n} for n in range(30)])
    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    assert import_cases("slake", source, tmp_path / "out").kept == 31
    assert len(opened) == 1


def test_own_columns(made):
    summary, cases = made("vqa")
    answers = [one["answer"] for one in cases.values()]
    assert (summary.kept, summary.closed, answers) == (3, 2, ["lung", "no", "a cyst"])


def test_imported_scenarios_become_one(tmp_path):
    (tmp_path / "sets").mkdir()
    for kind in ("vqa-rad", "mmmu"):
        import_cases(kind, KINDS[kind](tmp_path / f"{kind}-source"), tmp_path / "sets" / kind)
    summary = import_cases("vqa", tmp_path / "sets", tmp_path / "all")
    scenario = load_scenario(str(tmp_path / "all"))
    assert summary.kept == 8 and scenario.splits == {"train": 5, "test": 2, "validation": 1}
    both = scenario.case("validation_Clinical_Medicine_1")
    assert len(both.photographs) == 2 and scenario.domain_of(both) == "out"


# -- malformed files ---------------------------------------------------------------------------------------------------

COLUMN = {"vqa-rad": "answer", "pathvqa": "image", "slake": "q_lang", "omnimedvqa": "gt_answer", "mmmu": "options"}
COLUMN |= {"gmai": "A", "vqa": "frage"}


def without_column(kind: str, at: Path) -> Path:
    """Rewrite the made table without a column that is needed."""
    source = KINDS[kind](at)
    files = [source] if source.is_file() else [*source.rglob("*.parquet"), *source.rglob("*.json")]
    for file in files:
        if file.suffix == ".parquet":
            pyarrow.parquet.write_table(pyarrow.parquet.read_table(file).drop_columns([COLUMN[kind]]), file)
        elif file.suffix == ".json":
            rows = json.loads(file.read_text(encoding="utf-8"))
            written(file, [{k: v for k, v in row.items() if k != COLUMN[kind]} for row in rows])
        else:
            header, rest = file.read_text(encoding="utf-8").split("\n", 1)
            first = "," if kind == "vqa" else "\t"
            renamed = first.join("gone" if name == COLUMN[kind] else name for name in header.split(first))
            written(file, f"{renamed}\n{rest}")
    return source


def suffix_of(kind: str) -> str:
    return {"gmai": ".tsv", "vqa": ".csv", "slake": ".json", "omnimedvqa": ".json"}.get(kind, ".parquet")


def garbage(kind: str, at: Path) -> Path:
    at.mkdir()
    (at / f"test{suffix_of(kind)}").write_bytes(b"\x00\xff\xfe broken \x93" * 20)
    return at / f"test{suffix_of(kind)}"


def empty(kind: str, at: Path) -> Path:
    at.mkdir()
    (at / f"test{suffix_of(kind)}").write_bytes(b"")
    return at / f"test{suffix_of(kind)}"


def nothing(kind: str, at: Path) -> Path:
    (at / "imgs").mkdir(parents=True)
    return at


def missing(kind: str, at: Path) -> Path:
    return at / "not-there.parquet"


@pytest.mark.parametrize("spoil", [without_column, garbage, empty, nothing, missing])
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_source_is_one_sentence(tmp_path, kind, spoil):
    source = spoil(kind, tmp_path / "source")
    with pytest.raises(UserError) as refused:
        import_cases(kind, source, tmp_path / "out", OWN if kind == "vqa" else None)
    told = str(refused.value)
    assert "\n" not in told and "; " in told and len(told) < 600
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"gt_answer": "myopia"}, "the answer is none of the options"),
        ({"image_path": "../../secret.png"}, "the image lies outside the source's folder"),
        ({"image_path": "Images/none.png"}, "there is no such image"),
        ({"question": " "}, "there is no question"),
        ({"option_B": ""}, "there are not 2 to 26 options"),
        ({"question": "x" * 2_001}, "the question would break the format at 'question'"),
    ],
)
def test_a_row_that_is_no_question_is_dropped_with_its_reason(tmp_path, change, reason):
    source = omnimedvqa(tmp_path / "source")
    written(source / "QA_information/Open-access/ACRIMA.json", [OMNI, {**OMNI, "question_id": "b", **change}])
    summary = import_cases("omnimedvqa", source, tmp_path / "out")
    assert summary.kept == 1 and list(summary.dropped) == [reason]


def test_options_that_do_not_apply_are_refused(tmp_path):
    for kind, more, said in (
        ("mmmu", {"language": "en"}, "leave --language out"),
        ("slake", {"mapping": {"question": "q"}}, "leave --map out"),
        ("vqa", {"mapping": {"query": "q"}}, "no field 'query'"),
        ("slake", {"language": "fr"}, "no language 'fr'"),
    ):
        source = slake(tmp_path / f"s-{kind}-{len(said)}")
        with pytest.raises(UserError, match=said):
            import_cases(kind, source, tmp_path / "out", **more)


@pytest.mark.parametrize(
    ("kind", "columns", "hint"),
    [
        ("vqa", ["options", "answer", "image"], "give --map question=COLUMN"),
        ("vqa", ["question_id", "question_text", "answer"], "give --map question=question_text"),
        ("vqa", ["User prompt", "answer"], "give --map 'question=User prompt'"),
        ("mmmu", ["id", "options", "answer", "image_1"], "rename the column that is meant"),
        ("mmmu", ["id", "Question", "options", "answer", "image_1"], "rename 'Question' to 'question' if it is meant"),
        ("vqa-rad", ["question", "answer", "img"], "rename 'img' to 'image' if it is meant"),
        ("pathvqa", ["question", "anwser", "image"], "rename 'anwser' to 'answer' if it is meant"),
    ],
)
def test_only_a_column_that_can_be_meant_is_suggested(tmp_path, kind, columns, hint):
    source = parquet(tmp_path / "Pharmacy" / "test.parquet", [dict.fromkeys(columns, "x")])
    with pytest.raises(UserError) as refused:
        import_cases(kind, source, tmp_path / "out")
    assert str(refused.value).endswith(f"; {hint}")


@pytest.mark.parametrize("column", ["question", "Question", "query"])
def test_the_question_is_found_by_each_of_its_columns(tmp_path, column):
    written(tmp_path / "t.csv", f"{column},answer\nIs it one?,no\n")
    assert import_cases("vqa", tmp_path / "t.csv", tmp_path / "out").kept == 1


def test_a_line_of_json_without_a_question_names_its_keys(tmp_path):
    written(tmp_path / "t.jsonl", '{"query": "Is it?", "answer": "no"}\n{"prompt": "Is it?", "answer": "no"}\n')
    assert import_cases("vqa", tmp_path / "t.jsonl", tmp_path / "out").kept == 1
    dropped = lines(tmp_path / "out/import/dropped.jsonl")[0]
    assert (dropped["reason"], dropped["detail"]) == ("there is no question", "there are: prompt, answer")
