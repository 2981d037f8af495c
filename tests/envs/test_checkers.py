"""Which checker does a run have, and is it part of the run?"""

from __future__ import annotations

from pathlib import Path

import pytest

import consult
from consult.api.options import PlayOptions
from consult.api.playing import plan_run
from consult.envs.checkers import checker_config
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.roles import doctors, roles
from consult.envs.settings import settings_of
from consult.errors import UserError
from consult.scenarios import load_scenario

SERVER = "http://localhost:8000/v1#tiny"


def config(reference: str, patient: str, grounded: bool = True) -> str | None:
    found = checker_config(reference, RoleConfig(model=patient), grounded=grounded)
    return None if found is None else found.model


def test_by_default_a_language_model_checks_its_own_lines(tmp_path: Path) -> None:
    for patient in (SERVER, str(tmp_path), "org/name"):
        assert config("patient", patient) == patient
        assert config("rules", patient) is None
        assert config("patient", patient, grounded=False) is None
    for patient in ("starter", "human", "nobody", "scripted:script.yaml", "mine.py:model", "bayes:derm34"):
        assert config("patient", patient) is None
        assert config(SERVER, patient) == SERVER
        for reference in ("starter", "human", "nobody", "bayes:derm34"):
            with pytest.raises(UserError, match=f"'{reference}' cannot check lines; name an instruction-tuned model"):
                config(reference, patient)


def test_a_checker_is_a_role_and_a_setting_of_its_run() -> None:
    derm34 = load_scenario("derm34")
    plain = plan_run(PlayOptions()).config
    own = plan_run(PlayOptions(patient=SERVER)).config
    other = plan_run(PlayOptions(patient=SERVER, checker="scripted:check.yaml")).config
    rules = plan_run(PlayOptions(patient=SERVER, checker="rules")).config
    assert roles(own)["checker"].model == SERVER and "checker" not in roles(plain) and "checker" not in doctors(own)
    told = [settings_of(one, {}, derm34)["checker"] for one in (plain, own, other, rules)]
    assert told == ["rules", "the patient's model", "scripted:check.yaml", "rules"]
    assert len({one.digest() for one in (own, other, rules)}) == 3
    assert plain.digest() == RunConfig.model_validate(plain.model_dump(exclude={"checker"})).digest()


def test_a_checker_of_a_free_patient_is_refused() -> None:
    with pytest.raises(UserError, match="checker has no effect on a free patient; leave it out, or choose "):
        consult.simulate(checker="rules", patient_grounding=False)
    assert plan_run(PlayOptions(patient=SERVER, patient_grounding=False)).config.checker is None
