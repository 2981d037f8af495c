"""SCIN's cases: what patients told of their own skin, up to three photographs, and dermatologists' weighted labels.

`scin_cases.csv` has the cases, `scin_labels.csv` the labels by `case_id`. Labels are read first, to disk: the tables
may be in different orders.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from consult.errors import UserError
from consult.scenarios.importing.cleaning import as_text
from consult.scenarios.importing.headers import lacking
from consult.scenarios.importing.mdbench import split_of
from consult.scenarios.importing.on_disk import OnDisk
from consult.scenarios.importing.photograph_tables import rows_of
from consult.scenarios.importing.pictures import Pictures
from consult.scenarios.importing.records import Table
from consult.scenarios.importing.row import Passage, Row, Rows, UnusableRow

CASES, LABELS = "scin_cases.csv", "scin_labels.csv"
WEIGHTED = "weighted_skin_condition_label"
IMAGES = ("image_1_path", "image_2_path", "image_3_path")
FOLDERS = ("images", "dataset/images")

_COMPLAINTS = {
    "RASH": "I have a rash",
    "ACNE": "I have spots that look like acne",
    "GROWTH_OR_MOLE": "I have a growth or a mole",
    "HAIR_LOSS": "I am losing hair",
    "OTHER_HAIR_PROBLEM": "I have a problem with my hair",
    "NAIL_PROBLEM": "I have a problem with my nails",
    "PIGMENTARY_PROBLEM": "the colour of my skin has changed",
}
"""Related category → the complaint; others say nothing that a patient would."""
_DURATIONS = {
    "ONE_DAY": "it began a day ago",
    "LESS_THAN_ONE_WEEK": "it began less than a week ago",
    "ONE_TO_FOUR_WEEKS": "it began one to four weeks ago",
    "ONE_TO_THREE_MONTHS": "it began one to three months ago",
    "THREE_TO_TWELVE_MONTHS": "it began three to twelve months ago",
    "MORE_THAN_ONE_YEAR": "it began more than a year ago",
    "MORE_THAN_FIVE_YEARS": "it began more than five years ago",
    "SINCE_CHILDHOOD": "I have had it since childhood",
}
_SAID: Mapping[str, tuple[str, str]] = {
    "textures_raised_or_bumpy": ("symptoms", "it is raised or bumpy"),
    "textures_flat": ("symptoms", "it is flat"),
    "textures_rough_or_flaky": ("symptoms", "it is rough or flaky"),
    "textures_fluid_filled": ("symptoms", "it is filled with fluid"),
    "body_parts_head_or_neck": ("site", "it is on my head or neck"),
    "body_parts_arm": ("site", "it is on my arm"),
    "body_parts_palm": ("site", "it is on my palm"),
    "body_parts_back_of_hand": ("site", "it is on the back of my hand"),
    "body_parts_torso_front": ("site", "it is on my chest or belly"),
    "body_parts_torso_back": ("site", "it is on my back"),
    "body_parts_genitalia_or_groin": ("site", "it is on my genitals or groin"),
    "body_parts_buttocks": ("site", "it is on my buttocks"),
    "body_parts_leg": ("site", "it is on my leg"),
    "body_parts_foot_top_or_side": ("site", "it is on the top or side of my foot"),
    "body_parts_foot_sole": ("site", "it is on the sole of my foot"),
    "condition_symptoms_bothersome_appearance": ("symptoms", "its look bothers me"),
    "condition_symptoms_bleeding": ("symptoms", "it bleeds"),
    "condition_symptoms_increasing_size": ("course", "it is getting larger"),
    "condition_symptoms_darkening": ("course", "it is getting darker"),
    "condition_symptoms_itching": ("sensation", "it itches"),
    "condition_symptoms_burning": ("sensation", "it burns"),
    "condition_symptoms_pain": ("sensation", "it hurts"),
    "other_symptoms_fever": ("symptoms", "I have a fever"),
    "other_symptoms_chills": ("symptoms", "I have chills"),
    "other_symptoms_fatigue": ("symptoms", "I am very tired"),
    "other_symptoms_joint_pain": ("symptoms", "my joints hurt"),
    "other_symptoms_mouth_sores": ("symptoms", "I have sores in my mouth"),
    "other_symptoms_shortness_of_breath": ("symptoms", "I am short of breath"),
}
"""Column that holds YES if the patient ticked it → the fact's topic and words."""


def read_scin(source: Path) -> Rows:
    """Read the folder of `scin_cases.csv` and `scin_labels.csv`.

    Raises:
        UserError: A table is missing, cannot be read, or lacks a column.
    """
    folder = source if source.is_dir() else source.parent
    missing = next((name for name in (CASES, LABELS) if not (folder / name).is_file()), None)
    if missing is not None:
        raise UserError(f"'{folder}' has no file {missing}; give the folder of {CASES} and {LABELS}")
    table = Table(folder / LABELS)
    lacking(folder / LABELS, table.columns, ("case_id", WEIGHTED))
    labels = OnDisk()
    needed = ("case_id", "age_group", "sex_at_birth", "condition_duration", IMAGES[0])
    return _rows(table, labels, rows_of(folder / CASES, needed, partial(_row, labels)))


def _rows(table: Table, labels: OnDisk, rows: Rows) -> Rows:
    """Read the weighted label of each case, then the cases."""
    with labels:
        for _, fields in table:
            if not isinstance(fields, UnusableRow):
                labels.put(fields["case_id"].strip(), fields[WEIGHTED])
        yield from rows


def heaviest(weighted: str) -> str:
    """Return the name of greatest weight, of equal ones the first in the alphabet; empty if there is none.

    Args:
        weighted: A dict of name → weight, written as Python text.

    Raises:
        UnusableRow: It is something else.
    """
    if not weighted:
        return ""
    try:
        weights = ast.literal_eval(weighted)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise UnusableRow("the weighted label is not a dict", weighted[:60]) from None
    if not isinstance(weights, dict) or not all(_is_weight(name, weight) for name, weight in weights.items()):
        raise UnusableRow("the weighted label is not a dict of names and numbers", weighted[:60])
    return min(weights, key=lambda name: (-weights[name], name), default="")


def _is_weight(name: object, weight: object) -> bool:
    return isinstance(name, str) and type(weight) in (int, float) and math.isfinite(float(str(weight)))


def _row(labels: OnDisk, fields: Mapping[str, Any], pictures: Pictures) -> Row:
    case_id = as_text(fields["case_id"], "case_id")
    if not case_id:
        raise UnusableRow("there is no 'case_id'")
    weighted = labels.get(case_id)
    if weighted is None:
        raise UnusableRow(f"{LABELS} has no row for the case", case_id)
    images = [_placed(image, pictures) for name in IMAGES if (image := as_text(fields.get(name), name))]
    if not images:
        raise UnusableRow("the row names no image")
    sex, skin = (as_text(fields.get(name), name) for name in ("sex_at_birth", "fitzpatrick_skin_type"))
    return Row(
        id=case_id,
        complaint=_COMPLAINTS.get(as_text(fields.get("related_category"), "related_category"), ""),
        diagnosis=heaviest(as_text(weighted, WEIGHTED)),
        told=tuple(_told(fields)),
        sex=sex if sex in ("FEMALE", "MALE") else "",
        skin_type=skin.removeprefix("FST") if skin.startswith("FST") else "",
        image=images[0],
        further=tuple(images[1:]),
        split=split_of(case_id.encode()),
    )


def _told(fields: Mapping[str, Any]) -> Iterator[Passage]:
    age = as_text(fields["age_group"], "age_group").removeprefix("AGE_").lower()
    low, _, high = age.partition("_to_")
    if low.isdecimal() and high.isdecimal():
        yield Passage(f"I am between {low} and {high}", "age")
    elif age.endswith("_or_above"):
        yield Passage(f"I am {age.removesuffix('_or_above')} or older", "age")
    duration = _DURATIONS.get(as_text(fields["condition_duration"], "condition_duration"))
    if duration:
        yield Passage(duration, "duration")
    for column, (topic, words) in _SAID.items():
        if as_text(fields.get(column), column).upper() == "YES":
            yield Passage(words, topic)


def _placed(image: str, pictures: Pictures) -> str:
    """Return where a photograph is: at its path in the bucket, or under its name in a folder of them."""
    try:
        return pictures.found(image).name
    except UnusableRow as unusable:
        if "outside" in unusable.reason:
            raise
        return pictures.found(PurePosixPath(image).name, FOLDERS).name
