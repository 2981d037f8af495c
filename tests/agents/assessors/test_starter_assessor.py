"""The adapter in the package: small, of today's format, laid on for its own role, and refused where it does not fit."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from heard import LINES, VIEW
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import consult.agents
from consult.agents.acts import DoctorView
from consult.agents.assessors.rubric import BY_KEY
from consult.agents.models import ModelError, Request, open_model
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.models.model_resolver import locate
from consult.agents.prompt_formats import StarterDialect
from consult.agents.prompt_formats.starter_assessment import assessment_fingerprint
from consult.scenarios import load_scenario

STARTER = Path(consult.agents.__file__).parent / "starter"
FOLDER = STARTER / "assessor"
DIALECT = StarterDialect()


def saying(model, prompts, role="attending"):
    requests = [Request((i,), role, "test", 0, prompt, seed=i, temperature=0.7) for i, prompt in enumerate(prompts)]
    # Texts are the same; a probability is a sum of numbers whose order an adapter's wrapping may change.
    return [
        (reply.text, reply.tokens_in, None if reply.probability is None else round(reply.probability, 6))
        for reply in model.generate(requests)
    ]


@pytest.fixture(scope="module")
def prompts():
    derm34 = load_scenario("derm34")
    view = DoctorView(LINES[:6], tuple(derm34.labels), derm34.specialties, derm34.topics, derm34.examinations,
                      photograph=derm34.case("test-0001").photograph, offers=("ask", "conclude"))  # fmt: skip
    return [DIALECT.triage(view), DIALECT.action(view), DIALECT.opinion(view, "dermatology", 1), DIALECT.decision(view)]


@pytest.mark.slow
def test_other_roles_say_the_same_before_and_after_it_was_laid_on(prompts):
    alone = open_model("starter")
    before = saying(alone, prompts)
    judge = open_model("starter", role="assessor")
    assert isinstance(judge, TransformersModel) and isinstance(alone, TransformersModel)
    assert judge.base is alone.base
    verdicts = saying(judge, [DIALECT.assessment(VIEW)], "assessor")
    assert saying(alone, prompts) == before and saying(open_model("starter"), prompts) == before
    assert saying(judge, [DIALECT.assessment(VIEW)], "assessor") == verdicts
    # It is in force for its own requests: the weights alone would choose otherwise, or at least not as surely.
    assert saying(alone, [DIALECT.assessment(VIEW)]) != verdicts
    assert judge.info.revision != alone.info.revision and judge.info.reference == "starter"


def test_it_is_small_and_of_todays_format():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 2e6
    with safe_open(FOLDER / "adapter_model.safetensors", "pt") as weights:
        said = weights.metadata()
    assert said["assessment_fingerprint"] == assessment_fingerprint() and said["role"] == "assessor"
    assert json.loads((FOLDER / "adapter_config.json").read_text())["base_model_name_or_path"] == "starter"
    assert locate(str(FOLDER)).folder == STARTER


def test_its_card_says_what_it_is():
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    figures = json.loads((FOLDER / "figures.json").read_text(encoding="utf-8"))
    assert "not from people" in card and "Distillation fidelity" in card and "validity" not in card
    assert figures["injections"]["n"] == 1000 and figures["consultations"] == 500
    told = figures["fidelity"]["1.1"]["agreement"]
    assert f"{told['value']:.1%}" in card


@pytest.mark.slow
@pytest.mark.parametrize("length", [10, 300, 4000])
def test_a_transcript_of_any_length_is_judged(length):
    model = open_model("starter", role="assessor")
    from dataclasses import replace

    strange = tuple(replace(line, text="x\U0001f525q " * length, quotes=()) for line in LINES * 4)
    (text, tokens, _), = saying(model, [DIALECT.assessment(replace(VIEW, lines=strange))], "assessor")  # fmt: skip
    assert list(DIALECT.read_assessment(text)) == list(BY_KEY) and tokens <= 1024 - 16


# -- what does not fit -------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(FOLDER, tmp_path / "assessor"))


def changed(folder, **metadata):
    weights = folder / "adapter_model.safetensors"
    with safe_open(weights, "pt") as opened:
        said = opened.metadata() | metadata
    save_file(load_file(weights), weights, metadata={k: v for k, v in said.items() if v})


REFUSED = {
    "assessment_fingerprint": "was trained on another version of the assessor's format; train it again",
    "base_revision": "was trained on other weights than its base has now; train it again",
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_version_is_refused_in_a_sentence(copy, name):
    open_model(str(copy), role="assessor")
    changed(copy, **{name: "0123456789abcdef"})
    with pytest.raises(ModelError, match=REFUSED[name]) as refused:
        open_model(str(copy), role="assessor")
    assert "consult train assessor" in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.slow
def test_weights_and_adapters_that_have_not_learned_the_role_are_refused(copy, tmp_path):
    base = Path(shutil.copytree(STARTER, tmp_path / "base", ignore=shutil.ignore_patterns("assessor")))
    changed(copy, assessment_fingerprint="")
    for folder in (base, copy):
        with pytest.raises(ModelError, match="is not trained as an assessor; give --assessor starter"):
            open_model(str(folder), role="assessor")
    # A folder with an adapter for the role in it knows the role.
    shutil.copytree(FOLDER, base / "assessor")
    model = open_model(str(base), role="assessor")
    assert isinstance(model, TransformersModel)
    assert model.adapter is not None and torch.is_tensor(model.model.lm_head.weight)
    plain = open_model(str(base))
    assert isinstance(plain, TransformersModel) and plain.adapter is None
