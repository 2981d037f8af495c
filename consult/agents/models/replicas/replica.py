"""What runs in a replica's process: its models, which answer batches."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.agents.models.model import Model, ModelError, ModelGoneError, ModelInfo, Reply, Request
from consult.fields import Dtype


@dataclass(frozen=True)
class Failure:
    """An error of a replica in a form that every process can read, whatever its class was."""

    kind: str
    """The error's class."""
    message: str

    def error(self) -> Exception:
        """Return the error to raise in the driver's process."""
        known = {kind.__name__: kind for kind in (ModelError, ModelGoneError)}
        return known[self.kind](self.message) if self.kind in known else ReplicaError(f"{self.kind}: {self.message}")


class ReplicaError(RuntimeError):
    """A batch failed in a replica; the message names the error."""


@dataclass(frozen=True)
class Answered:
    """What a replica returns for a batch."""

    replies: tuple[Reply, ...] = ()
    warned: tuple[str, ...] = ()
    """What the model warned of."""
    failure: Failure | None = None


@dataclass
class Replica:
    """The models of one replica, by reference.

    Args:
        threads: Threads of torch; None leaves them to torch.
        core: The processor core to stay on; None for any.
    """

    threads: int | None = None
    core: int | None = None
    models: dict[str, Model] = field(default_factory=dict)

    def open(
        self, reference: str, role: str | None = None, dtype: Dtype = "auto"
    ) -> tuple[ModelInfo | None, Failure | None]:
        """Load a model.

        Args:
            reference: As in `consult.agents.models.open_model`.
            role: As there.
            dtype: As there.

        Returns:
            The model's description, or why it cannot be loaded.
        """
        from consult.agents.models.registry import open_model

        if not self.models:
            self._settle()
        try:
            self.models[reference] = open_model(reference, "assessor" if role == "assessor" else None, dtype)
        except Exception as error:
            return None, Failure(type(error).__name__, str(error))
        return self.models[reference].info, None

    def _settle(self) -> None:
        if self.core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {self.core})
        if self.threads is not None:
            import torch

            torch.set_num_threads(self.threads)

    def generate(self, reference: str, requests: Sequence[Request]) -> Answered:
        """Answer a batch with one of the models."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                replies = tuple(self.models[reference].generate(requests))
            except Exception as error:
                return Answered(failure=Failure(type(error).__name__, str(error)))
        return Answered(replies, tuple(str(one.message) for one in caught if _is_ours(one.category)))


def _is_ours(category: type[Warning]) -> bool:
    return category.__module__.partition(".")[0] == "consult"
