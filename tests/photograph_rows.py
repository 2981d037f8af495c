"""Made tables with the columns of data sets of photographs."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

PAD = {
    "patient_id": "PAT_8", "lesion_id": "15", "smoke": "False", "drink": "True", "background_father": "GERMANY",
    "age": "41.0", "pesticide": "", "gender": "FEMALE", "skin_cancer_history": "True", "cancer_history": "UNK",
    "fitspatrick": "3.0", "region": "ARM", "diameter_1": "6.0", "diameter_2": "5.0", "diagnostic": "NEV",
    "itch": "True", "grew": "UNK", "hurt": "False", "changed": "False", "bleed": "False", "elevation": "True",
    "img_id": "PAT_8_15_1.png", "biopsed": "False",
}  # fmt: skip
HAM = {
    "lesion_id": "HAM_1", "image_id": "ISIC_0027419", "dx": "bkl", "dx_type": "histo", "age": "80.0", "sex": "male",
    "localization": "upper extremity",
}  # fmt: skip
FITZ = {
    "": "0", "md5hash": "5e82a45bc5d78bd24ae9202d194423f8", "fitzpatrick_scale": "3",
    "fitzpatrick_centaur": "3", "label": "drug induced pigmentary changes", "nine_partition_label": "inflammatory",
    "three_partition_label": "non-neoplastic", "qc": "", "url": "https://localhost/none.jpg", "url_alphanum": "none",
}  # fmt: skip
DDI = {"": "0", "DDI_ID": "1", "DDI_file": "000001.png", "skin_tone": "56", "malignant": "True",
       "disease": "melanoma-in-situ"}  # fmt: skip
DERM1M = {
    "filename": "note/a.jpg", "label": "psoriasis",
    "truncated_caption": "Scaly plaques on the elbow of a 34-year-old man. It is psoriasis.",
}  # fmt: skip
SCIN = {
    "case_id": "-42", "age_group": "AGE_30_TO_39", "sex_at_birth": "FEMALE", "fitzpatrick_skin_type": "FST3",
    "textures_raised_or_bumpy": "YES", "textures_flat": "", "body_parts_arm": "YES", "body_parts_leg": "",
    "condition_symptoms_itching": "YES", "condition_symptoms_pain": "", "other_symptoms_fever": "YES",
    "related_category": "RASH", "condition_duration": "ONE_TO_FOUR_WEEKS", "image_1_path": "dataset/images/1.png",
    "image_2_path": "dataset/images/2.png", "image_3_path": "",
}  # fmt: skip
SCIN_LABEL = {
    "case_id": "-42", "dermatologist_skin_condition_on_label_name": "['Eczema', 'Tinea']",
    "dermatologist_skin_condition_confidence": "[4, 2]",
    "weighted_skin_condition_label": "{'Tinea': 0.33, 'Eczema': 0.67}",
}  # fmt: skip
NEJM = {
    "image_url": "https://localhost/picture.png",
    "question": "A 55-year-old woman presented with darkening of her face. What is the most likely diagnosis?",
    "patient_info": "For your role as a patient, you are a 55-year-old woman who has noticed your skin darkening. "
    "Your face burns. Remember, you are not aware of your diagnosis.",
    "physical_exams": "1. Dermoscopy findings: Pinpoint macules. 2. Skin biopsy results: Banana-shaped bodies.",
    "answers": "[{'text': 'Melasma', 'correct': False}, {'text': 'Exogenous ochronosis', 'correct': True}]",
    "type": "['dermatology', 'hist/path']",
}


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def picture(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 9), colour).save(path)
    return path


def scin(at: Path) -> Path:
    write_table(at / "scin_labels.csv", [SCIN_LABEL])
    write_table(at / "scin_cases.csv", [SCIN])
    picture(at / "images/1.png"), picture(at / "dataset/images/2.png", "blue")
    return at


def pad(at: Path) -> Path:
    write_table(at / "metadata.csv", [PAD])
    picture(at / "imgs_part_1/PAT_8_15_1.png")
    return at


def ham(at: Path) -> Path:
    write_table(at / "HAM10000_metadata.csv", [HAM])
    picture(at / "HAM10000_images_part_2/ISIC_0027419.jpg")
    return at


def fitz(at: Path) -> Path:
    write_table(at / "fitzpatrick17k.csv", [FITZ])
    picture(at / f"{FITZ['md5hash']}.jpg")
    return at


def ddi(at: Path) -> Path:
    write_table(at / "ddi_metadata.csv", [DDI])
    picture(at / "000001.png")
    return at


def derm1m(at: Path) -> Path:
    write_table(at / "Derm1M_v2_pretrain.csv", [DERM1M])
    picture(at / "note/a.jpg")
    return at


def nejm(at: Path) -> Path:
    return write_lines(at / "agentclinic_nejm.jsonl", [NEJM])


SETS = {
    "scin": (scin, "scin_cases.csv", "condition_duration"),
    "pad-ufes-20": (pad, "metadata.csv", "diagnostic"),
    "ham10000": (ham, "HAM10000_metadata.csv", "lesion_id"),
    "fitzpatrick17k": (fitz, "fitzpatrick17k.csv", "label"),
    "ddi": (ddi, "ddi_metadata.csv", "disease"),
    "derm1m": (derm1m, "Derm1M_v2_pretrain.csv", "label"),
    "agentclinic-nejm": (nejm, "agentclinic_nejm.jsonl", "answers"),
}
"""Kind → what writes its folder, its table, and a column that is needed."""
