"""The contract with TRL 1.16: each of its private members that the adapter uses is there, with this signature.

After an upgrade of TRL, what fails here says which member changed. Compare it with the adapter
(`consult/rl/trainers/trl_adapter.py`), fix that, and write the new signature and version down.
"""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from pathlib import Path

import pytest
import torch
import trl
from transformers import Trainer
from trl import GRPOTrainer, SFTTrainer
from trl.models.utils import _ForwardRedirection

from consult.rl.trainers import trl_adapter
from consult.rl.trainers.grpo import DecisionGRPO, InterviewGRPO
from consult.rl.trainers.sft import DecisionSFT
from consult.rl.trainers.trl_adapter import WRITTEN_FOR, RolloutGRPOTrainer, numbered_prompts, through_forward

ROOT = Path(__file__).parents[3]
FIX = "fix consult/rl/trainers/trl_adapter.py"

SCORED = (
    "self, model, input_ids, attention_mask, logits_to_keep, batch_size=None, compute_entropy=False, "
    "compute_aux_loss=False, pixel_values=None, image_grid_thw=None, num_images=None, pixel_attention_mask=None, "
    "spatial_shapes=None, num_tiles=None, image_sizes=None, token_type_ids=None, mm_token_type_ids=None, "
    "image_position_ids=None"
)
SIGNATURES = [
    (GRPOTrainer, "_generate", "self, prompts"),
    (GRPOTrainer, "_calculate_rewards", "self, inputs, prompts, completions, completion_ids_list"),
    (GRPOTrainer, "_get_train_sampler", "self, dataset=None"),
    (GRPOTrainer, "_get_per_token_logps_and_entropies", SCORED),
    (GRPOTrainer, "training_step", "self, model, inputs, num_items_in_batch"),
    (GRPOTrainer, "_save", "self, output_dir=None, state_dict=None"),
    (GRPOTrainer, "_load_from_checkpoint", "self, resume_from_checkpoint, model=None"),
    (GRPOTrainer, "create_scheduler", "self, num_training_steps, optimizer=None"),
    (SFTTrainer, "_save", "self, output_dir=None, state_dict=None"),
    (SFTTrainer, "_load_from_checkpoint", "self, resume_from_checkpoint, model=None"),
    (_ForwardRedirection, "__call__", "self, wrapper_module, original_module, method, *args, **kwargs"),
]
"""Class, member, parameters without their types."""
SOURCES = [
    (GRPOTrainer, "__init__", "self._metrics = ", "the adapter logs seconds there"),
    (Trainer, "create_scheduler", "self._created_lr_scheduler = True", "the adapter sets it, too"),
    (GRPOTrainer, "_get_train_sampler", "RepeatSampler(", "the adapter seeds its generator for each epoch"),
    (GRPOTrainer, "_generate", "self.rollout_func(prompts, self)", "prompts carry the numbers of rows"),
    (GRPOTrainer, "_generate", 'extra_fields.pop("env_mask", None)', "forced tokens are not trained"),
    (
        GRPOTrainer,
        "_generate_and_score_completions",
        "torch.cat([prompt_ids, completion_ids], dim=1)",
        "prompt ids carry the numbers of completions to the reference's log-probabilities",
    ),
    (
        GRPOTrainer,
        "_compute_loss",
        "torch.cat([prompt_ids, completion_ids], dim=1)",
        "prompt ids carry the numbers of completions to the policy's log-probabilities",
    ),
    (GRPOTrainer, "_compute_loss", "self._get_per_token_logps_and_entropies(", "the loss is of the adapter's scores"),
]
"""Class, member, what stands in its source, and what the adapter needs it for."""


def parameters(member) -> str:
    """Return a function's parameters without their types."""
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in inspect.signature(member).parameters.values()]
    return ", ".join(map(str, bare))


@pytest.mark.parametrize(("owner", "name", "signature"), SIGNATURES)
def test_a_private_member_is_as_the_adapter_expects_it(owner, name, signature):
    member = getattr(owner, name, None)
    changed = f"{owner.__name__}.{name} changed from TRL {WRITTEN_FOR} to TRL {trl.__version__}"
    assert member is not None, f"{changed}: it is gone; {FIX}"
    assert parameters(member) == signature, f"{changed}: it takes ({parameters(member)}), not ({signature}); {FIX}"


@pytest.mark.parametrize(("owner", "name", "fragment", "why"), SOURCES)
def test_a_private_member_does_what_the_adapter_relies_on(owner, name, fragment, why):
    member = getattr(owner, name, None)
    changed = f"{owner.__name__}.{name} changed from TRL {WRITTEN_FOR} to TRL {trl.__version__}"
    assert member is not None, f"{changed}: it is gone; {FIX}"
    source = inspect.getsource(inspect.unwrap(member))
    assert fragment in source, f"{changed}: it has no '{fragment}' any more, and {why}; {FIX}"


def test_the_version_is_that_of_the_adapter():
    major, minor = map(int, WRITTEN_FOR.split("."))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [one for one in project["dependencies"] if re.match(r"trl\b", one)]
    assert wanted == f"trl>={WRITTEN_FOR},<{major}.{minor + 1}", "write the new version into the adapter, too"
    assert trl.__version__.startswith(f"{WRITTEN_FOR}."), "install the version that pyproject.toml names"


@pytest.mark.parametrize("made", [DecisionGRPO, InterviewGRPO, DecisionSFT])
def test_a_trainer_of_ours_overrides_no_private_member_outside_the_adapter(made):
    theirs = {name for name in dir(GRPOTrainer) if name.startswith("_") and not name.startswith("__")}
    assert not theirs & set(vars(made))


@pytest.mark.slow
def test_no_other_module_takes_more_of_trl_than_its_configurations():
    for path in (ROOT / "consult").rglob("*.py"):
        if path == Path(trl_adapter.__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            of_trl = names if module.split(".")[0] == "trl" else [name for name in names if name.split(".")[0] == "trl"]
            assert all(name.endswith("Config") for name in of_trl), f"{path} imports {of_trl} of TRL"


def test_the_override_takes_what_trl_hands_over():
    ours = inspect.signature(RolloutGRPOTrainer._get_per_token_logps_and_entropies)
    for name in ("model", "input_ids", "attention_mask", "logits_to_keep", "batch_size", "compute_entropy"):
        assert name in ours.parameters and name in SCORED
    assert any(one.kind is inspect.Parameter.VAR_KEYWORD for one in ours.parameters.values())


def test_prompts_carry_the_numbers_of_their_rows():
    data = numbered_prompts(["case a", "case b"])
    assert [(entry["prompt"][0]["content"], entry["prompt"][0]["row"], entry["row"]) for entry in data] == [
        ("case a", 0, 0),
        ("case b", 1, 1),
    ]


def test_a_function_goes_through_the_forward_pass_once():
    class Wrapper(torch.nn.Module):
        """As that of several processes: it calls what it wraps."""

        def __init__(self, module):
            super().__init__()
            self.module, self.calls = module, 0

        def forward(self, *args):
            self.calls += 1
            return self.module(*args)

    inner = torch.nn.Linear(2, 3)
    wrapper = Wrapper(inner)
    found = through_forward(wrapper, inner, lambda model, factor, more: (model, factor * more), 3, 5)
    assert found == (inner, 15) and wrapper.calls == 1
    assert inner(torch.zeros(1, 2)).shape == (1, 3)
