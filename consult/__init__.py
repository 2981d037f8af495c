"""Simulated clinical consultations between AI agents. Simulation, not medical advice.

`simulate`, `load`, `resume`, `assess`, `check_judge`, `benchmark`, `report`, `export`, `prompts`, `grounding` and
`train` do what the commands of these names do. They are loaded on first use, so that `import consult` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from consult.version import __version__ as __version__

if TYPE_CHECKING:
    from consult.agents.models import ModelGoneError as ModelGoneError
    from consult.agents.models import Reply as Reply
    from consult.agents.models import Request as Request
    from consult.api.assess import assess as assess
    from consult.api.assess import check_judge as check_judge
    from consult.api.benchmark import Benchmark as Benchmark
    from consult.api.benchmark import benchmark as benchmark
    from consult.api.export import export as export
    from consult.api.grounding import grounding as grounding
    from consult.api.prompts import prompts as prompts
    from consult.api.report import Report as Report
    from consult.api.report import report as report
    from consult.api.run import Run as Run
    from consult.api.run import Runs as Runs
    from consult.api.run import Transcript as Transcript
    from consult.api.run import load as load
    from consult.api.simulate import resume as resume
    from consult.api.simulate import simulate as simulate
    from consult.api.train import train as train
    from consult.errors import UserError as UserError
    from consult.rl.rewards.user_rewards import reward as reward

_WHERE = {
    "ModelGoneError": "consult.agents.models",
    "Reply": "consult.agents.models",
    "Request": "consult.agents.models",
    "assess": "consult.api.assess",
    "check_judge": "consult.api.assess",
    "Benchmark": "consult.api.benchmark",
    "benchmark": "consult.api.benchmark",
    "prompts": "consult.api.prompts",
    "Report": "consult.api.report",
    "export": "consult.api.export",
    "grounding": "consult.api.grounding",
    "report": "consult.api.report",
    "Run": "consult.api.run",
    "Runs": "consult.api.run",
    "Transcript": "consult.api.run",
    "load": "consult.api.run",
    "resume": "consult.api.simulate",
    "simulate": "consult.api.simulate",
    "train": "consult.api.train",
    "UserError": "consult.errors",
    "reward": "consult.rl.rewards.user_rewards",
}
"""Name → the module that defines it."""
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'consult' has no attribute '{name}'")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
