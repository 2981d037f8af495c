"""Where a run's models are loaded: in this process, in several processes of this machine, or as replicas on Ray."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from consult.agents.assessors.rules import RULES
from consult.agents.models import Model, Role, open_model
from consult.agents.models.human import PERSONS
from consult.agents.models.registry import is_local
from consult.agents.models.replicas.group import Group
from consult.counts import count_of
from consult.envs.config import RunConfig
from consult.envs.role_models import Models
from consult.envs.roles import references
from consult.errors import UserError
from consult.fields import Dtype
from consult.plugins import warn

TINY = 50_000_000
"""Number of parameters; a smaller model is slower on all cores than on one or two."""
TINY_BYTES = 4 * TINY
"""The size of such weights."""
ENOUGH = 16
"""Consultations from which it pays to load a tiny model several times."""
MOST = 4
"""Most processes that the program chooses by itself."""
ROOM = 2**30
"""Bytes of memory that a process with a tiny model takes at most."""


@dataclass(frozen=True)
class Placement:
    """How many consultations are played at once, and where the models are loaded."""

    batch: int | None = None
    """Consultations at once; None leaves it to the models."""
    replicas: int | None = None
    """How often a model with local weights is loaded, on Ray; None leaves it to the program, which does not use Ray."""
    ray: str | None = None
    """Address of a Ray cluster; see `consult.agents.models.replicas.on_ray`."""

    def open(self, *configs: RunConfig) -> Models:
        """Open the models of one or several runs.

        Args:
            configs: The runs, with one data type of the weights.

        Raises:
            ModelError: One cannot be opened.
        """
        dtype = configs[0].dtype
        placed = self.opener(references(*configs), sum(len(config.plan()) for config in configs), dtype)
        models = Models.open(*configs, opener=placed.open)
        limit_threads(models)
        if dtype != "auto":
            tell_of_dtype(models)
        return models

    def opener(self, references: Iterable[str], consultations: int, dtype: Dtype = "auto") -> Placed:
        """Return what opens models.

        Args:
            references: The models, such as an assessor.
            consultations: How many they play or read; 0 loads each once, unless the user says how often.
            dtype: Data type of their weights.
        """
        return Placed(self, [name for name in references if name not in (RULES, *PERSONS)], consultations, dtype)

    def check(self, references: Iterable[str], dtype: Dtype = "auto") -> None:
        """Check that what the user says about weights on this machine has an effect.

        Args:
            references: All models of a command, also those that are opened later than others.
            dtype: Data type of the weights.

        Raises:
            UserError: Replicas or a data type are asked for, and no model has weights on this machine.
        """
        if self.ray is not None and self.replicas is None:
            raise UserError("--ray names the cluster of the replicas; give their number with --replicas")
        if any(is_local(name) for name in references if name not in (RULES, *PERSONS)):
            return
        if (self.replicas or 1) > 1 or self.ray is not None:
            raise UserError(
                "--replicas loads models with weights on this machine several times, and no model has any; leave it "
                "out, or give a server several addresses: --model http://a:8000/v1,http://b:8000/v1"
            )
        if dtype != "auto":
            raise UserError("--dtype sets the data type of weights on this machine, and no model has any; leave it out")


@dataclass
class Placed:
    """Opens models where they are placed.

    Args:
        placement: What the user says.
        names: References of all models.
        consultations: How many are played.
        dtype: Data type of the weights.
    """

    placement: Placement
    names: Sequence[str]
    consultations: int
    dtype: Dtype = "auto"

    def open(self, reference: str, role: Role | None = None) -> Model:
        """Open a model.

        Raises:
            ModelError: It cannot be opened.
        """
        group = self._group if is_local(reference) else None
        return (open_model if group is None else group.open)(reference, role, self.dtype)

    @cached_property
    def _group(self) -> Group | None:
        """The replicas, started for the first model that is loaded; None if it is loaded once, in this process."""
        number, ray = self.placement.replicas, self.placement.ray
        if number is None:
            number = self._processes()
            if number < 2:
                return None
            from consult.agents.models.replicas.pinned import pinned

            try:
                return pinned(number)
            except OSError:  # such as a machine without shared memory: one process plays as well
                return None
        if number < 2 and ray is None:
            return None
        from consult.agents.models.replicas.on_ray import LOCAL, on_ray

        if (ray or LOCAL) == LOCAL:
            self._tell_of_memory(number)
        return on_ray(number, ray or LOCAL)

    def _tell_of_memory(self, number: int) -> None:
        """Warn if the weights of all copies take more memory than this machine has left."""
        import psutil
        import torch

        size, free = self._copies(number), psutil.virtual_memory().available
        if size > free and not torch.cuda.is_available():
            fix = "if copies run out of memory, give fewer --replicas" if number > 1 else "give a smaller model"
            warn(
                f"the weight files of {count_of(number, 'copy', 'copies')} take {size / 2**30:.1f} GB, and "
                f"{free / 2**30:.1f} GB of memory are free; {fix}"
            )

    def _copies(self, number: int) -> int:
        """Return the bytes of the weights of all copies, as they are in their files."""
        return number * sum(_weight(name) for name in dict.fromkeys(self.names) if is_local(name))

    def _processes(self) -> int:
        """Return in how many processes of this machine the models are loaded."""
        from consult.agents.models.replicas.pinned import cores

        local = [name for name in self.names if is_local(name)]
        number = min(len(cores()), MOST)
        if not local or number < 2 or self.consultations < ENOUGH or "OMP_NUM_THREADS" in os.environ:
            return 1
        import psutil
        import torch

        if torch.cuda.is_available() or psutil.virtual_memory().available < number * ROOM:
            return 1
        return number if all(_weight(name) < TINY_BYTES for name in local) else 1


def _weight(reference: str) -> int:
    """Return the bytes of a model's weights."""
    from consult.agents.models.model_resolver import locate

    return sum(file.stat().st_size for file in locate(reference).folder.glob("*.safetensors"))


def tell_of_dtype(models: Models) -> None:
    """Warn that models run in another data type than they would by themselves."""
    for model in models.by_reference.values():
        found = model.info.details
        usual = "bfloat16" if found.get("device", "").startswith("cuda") else "float32"
        if found.get("dtype", usual) != usual:
            warn(
                f"'{model.info.reference}' runs in {found['dtype']}, so its texts may differ from those in {usual}, "
                "and may depend on the batch"
            )


def limit_threads(models: Models) -> None:
    """Keep tiny models from using all cores: the threads would mostly wait for each other."""
    sizes = [int(model.info.details.get("parameters", 0)) for model in models.by_reference.values()]
    if max(sizes) and max(sizes) < TINY and "OMP_NUM_THREADS" not in os.environ and not models.replicas:
        import torch

        torch.set_num_threads(min(2, torch.get_num_threads()))
