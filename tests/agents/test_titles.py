"""Specialties and patients in words, without slips of grammar."""

from __future__ import annotations

import pytest

from consult.agents.titles import clinic_of, doctor_of, on_file, person_of
from consult.scenarios import Card, Fact, Scenario


@pytest.mark.parametrize(
    ("specialty", "doctor"),
    [
        ("dermatology", "a consultant dermatologist"),
        ("Dermatology", "a consultant dermatologist"),
        ("skin-tumour clinic", "a consultant dermatologist who runs the skin-tumour clinic"),
        ("allergy clinic", "a consultant allergist"),
        ("minor surgery", "a surgeon who does minor surgery"),
        ("dentistry", "a dentist"),
        ("otorhinolaryngology", "a consultant otorhinolaryngologist"),
        ("ENT", "a consultant ear, nose and throat surgeon"),
        ("ENT surgeon", "an ENT surgeon"),
        ("urology", "a consultant urologist"),
        ("ophthalmologist", "an ophthalmologist"),
        ("General practitioner", "a general practitioner"),
        ("general medicine", "a consultant in general medicine"),
        ("emergency department", "an emergency physician"),
        ("Emergency Medicine", "a consultant in emergency medicine"),
        ("psychiatry", "a consultant psychiatrist"),
        ("podiatry", "a podiatrist"),
        ("physiotherapy", "a physiotherapist"),
        ("Paediatrics", "a consultant paediatrician"),
        ("obstetrics and gynaecology", "a consultant obstetrician and gynaecologist"),
        ("Obstetrics & Gynecology", "a consultant obstetrician and gynecologist"),
        ("trauma and orthopaedics", "a consultant trauma and orthopaedic surgeon"),
        ("vascular surgery", "a consultant vascular surgeon"),
        ("rheumatology clinic", "a consultant who runs the rheumatology clinic"),
        ("pain management", "a consultant whose field is pain management"),
        ("X and Y", "a consultant whose field is X and Y"),
    ],
)
def test_a_specialtys_doctor_is_a_person(specialty: str, doctor: str) -> None:
    assert doctor_of(specialty) == doctor


def test_every_specialty_of_derm34_has_a_doctor_by_name(derm34: Scenario) -> None:
    for specialty in derm34.specialties:
        assert "whose field" not in doctor_of(specialty) and "who runs the" not in doctor_of(specialty).split("ist")[0]


def test_a_patient_is_referred_to_a_place() -> None:
    places = [clinic_of(name) for name in ("dermatology", "nail clinic", "the eye hospital", "minor surgery")]
    assert places == ["dermatology", "the nail clinic", "the eye hospital", "minor surgery"]


@pytest.mark.parametrize(
    ("name", "age", "sex", "person", "file"),
    [
        ("Jana", 43, "female", "Jana, a 43-year-old woman", "Jana, 43 years old, female"),
        ("", 17, "male", "a 17-year-old boy", "17 years old, male"),
        ("K", 8, "M", "K, an 8-year-old boy, and you speak as a child of that age", "K, 8 years old, M"),
        ("", 0, "female", "a baby girl", "under 1 year old, female"),
        ("", 1, None, "a 1-year-old child", "1 year old"),
        ("", 80, "intersex", "an 80-year-old person (intersex)", "80 years old, intersex"),
        ("", 18, None, "an 18-year-old person", "18 years old"),
        ("B", None, "male", "B, a man", "B, male"),
        ("", None, None, "a patient", "name, age and sex are not on file"),
    ],
)
def test_a_patient_in_words(name: str, age: int | None, sex: str | None, person: str, file: str) -> None:
    card = Card(Fact("c", "complaint", "a rash"), (), name=name, age=age, sex=sex)
    assert (person_of(card), on_file(name, age, sex)) == (person, file)
