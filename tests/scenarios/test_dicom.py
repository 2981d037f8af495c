"""DICOM files, made here, are shown by their own window, frame by frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consult.errors import UserError
from consult.scenarios import load_scenario, open_photograph
from consult.scenarios.checks.folder import check_folder
from consult.scenarios.importing import import_cases
from consult.scenarios.photographs import PhotographError

pydicom = pytest.importorskip("pydicom", reason="needs the extra consult-sim[dicom]")


def dicom(path: Path, pixels: np.ndarray, photometric: str = "MONOCHROME2", **more: object) -> Path:
    """Write an uncompressed file; 16 bits for numbers of 16, three samples for three channels."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    colour = photometric == "RGB"
    file.Rows, file.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    file.SamplesPerPixel, file.PhotometricInterpretation = 3 if colour else 1, photometric
    if colour:
        file.PlanarConfiguration = 0
    if pixels.ndim == 3 and not colour:
        file.NumberOfFrames = len(pixels)
    bits = pixels.dtype.itemsize * 8
    file.BitsAllocated = file.BitsStored = bits
    file.HighBit, file.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
    file.PixelData = pixels.tobytes()
    for name, value in more.items():
        setattr(file, name, value)
    file.PatientName = "Secret^Name"
    file.save_as(path, enforce_file_format=True)
    return path


RAMP = np.array([[0, 100, 200, 300, 4000]] * 5, np.uint16)


def grey(path: Path) -> list[int]:
    return [int(value) for value in np.asarray(open_photograph(path))[0, :, 0]]


def test_the_files_own_window(tmp_path):
    shown = grey(dicom(tmp_path / "a.dcm", RAMP, WindowCenter=200, WindowWidth=201))
    assert shown[0] == 0 and shown[3:] == [255, 255] and 120 <= shown[2] <= 135 and shown[1] <= 2
    inverted = grey(dicom(tmp_path / "b.dcm", RAMP, "MONOCHROME1", WindowCenter=200, WindowWidth=201))
    assert [255 - value for value in inverted] == shown


def test_a_rescaled_window(tmp_path):
    hounsfield: dict[str, Any] = {"RescaleSlope": 1, "RescaleIntercept": -1000}
    hounsfield |= {"WindowCenter": [-800, 40], "WindowWidth": [201, 400]}
    assert grey(dicom(tmp_path / "a.dcm", RAMP, **hounsfield))[0] == 0
    assert 120 <= grey(tmp_path / "a.dcm")[2] <= 135


def test_without_a_window_all_values_are_shown(tmp_path):
    assert grey(dicom(tmp_path / "a.dcm", RAMP.astype(np.int16) - 500)) == [0, 6, 13, 19, 255]
    assert grey(dicom(tmp_path / "b.dcm", np.full((5, 5), 7, np.uint16))) == [0] * 5


def test_colour(tmp_path):
    red = np.zeros((5, 4, 3), np.uint8)
    red[..., 0] = 200
    picture = open_photograph(dicom(tmp_path / "a.dcm", red, "RGB"))
    assert (picture.size, picture.getpixel((0, 0)), picture.info) == ((4, 5), (200, 0, 0), {})


def test_frames(tmp_path):
    path = dicom(tmp_path / "a.dcm", np.stack([RAMP, RAMP[:, ::-1]]))
    assert grey(Path(f"{path}#1")) == grey(Path(f"{path}#2"))[::-1]
    for name, said in (
        ("a.dcm", "write #1 to #2 after"),
        ("a.dcm#3", "has no frame 3"),
        ("a.dcm#0", "has no frame 0"),
    ):
        with pytest.raises(PhotographError, match=said):
            open_photograph(tmp_path / name)
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(PhotographError, match="leave #1 out"):
        open_photograph(tmp_path / "b.png#1")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _without_picture(path: Path) -> None:
    file = pydicom.dcmread(path)
    del file.PixelData
    file.save_as(path)


def _garbage(path: Path) -> None:
    path.write_bytes(b"\0" * 128 + b"DICM" + b"\xff\x93" * 50)


def _of_many_pixels(path: Path) -> None:
    file = pydicom.dcmread(path)
    file.Rows = file.Columns = 60_000
    file.save_as(path)


def _without_size(path: Path) -> None:
    file = pydicom.dcmread(path)
    del file.Rows
    file.save_as(path)


@pytest.mark.parametrize("spoil", [_cut, _without_picture, _garbage, _of_many_pixels, _without_size])
def test_a_broken_file_is_one_sentence(tmp_path, spoil):
    path = dicom(tmp_path / "a.dcm", RAMP)
    spoil(path)
    with pytest.raises(UserError) as refused:
        open_photograph(path)
    told = str(refused.value)
    assert "\n" not in told and "; " in told and len(told) < 400


def test_frames_are_imported_and_played_without_the_patients_name(tmp_path):
    dicom(tmp_path / "a.dcm", np.stack([RAMP, RAMP[:, ::-1]]))
    dicom(tmp_path / "secret.dcm", RAMP)
    (tmp_path / "in").mkdir()
    (tmp_path / "a.dcm").rename(tmp_path / "in/a.dcm")
    rows = [{"complaint": "I cough", "diagnosis": "x-itis", "image": f"a.dcm{frame}"} for frame in ("#2", "", "#9")]
    rows.append({"complaint": "I cough", "diagnosis": "x-itis", "image": "../secret.dcm#1"})
    (tmp_path / "in/a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    summary = import_cases("jsonl", tmp_path / "in/a.jsonl", tmp_path / "out")
    assert (summary.kept, sum(summary.dropped.values()), check_folder(tmp_path / "out")) == (1, 3, [])
    (saved,) = (tmp_path / "out/photographs").iterdir()
    assert saved.suffix == ".png" and b"Secret" not in saved.read_bytes()


def test_a_frame_in_a_scenario_folder(tmp_path):
    dicom(tmp_path / "a.dcm", np.stack([RAMP, RAMP[:, ::-1]]))
    (tmp_path / "scenario.yaml").write_text("name: scans\ntitle: Scans\ntopics: {}\n", encoding="utf-8")
    (tmp_path / "labels.yaml").write_text(
        "labels:\n  x-itis:\n    specialty: null\n    urgency: null\n", encoding="utf-8"
    )
    case = {"id": "a", "complaint": "I cough", "diagnosis": "x-itis", "split": "test", "image": "a.dcm#2"}
    (tmp_path / "cases.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    photograph = load_scenario(str(tmp_path)).case("a").photograph
    assert photograph is not None and photograph.load().getpixel((0, 0)) == (255, 255, 255)
