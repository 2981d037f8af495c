"""`consult.grounding`: measure a check of patients' lines on labelled ones."""

from __future__ import annotations

from typing import Any

from consult.agents.grounding.labelled import read_labelled
from consult.agents.models import close_model
from consult.agents.models.python import MODELS
from consult.agents.roles.checker import RULES, open_checker
from consult.api.checks import for_python, path_of
from consult.api.given import ModelLike, PathLike
from consult.envs.line_checking import Measured, measure_check
from consult.plugins import Named


@for_python
def grounding(file: PathLike, *, checker: ModelLike | None = None) -> dict[str, Any]:
    """Measure a check of patients' lines, as `consult grounding` does.

    Args:
        file: Labelled lines, one JSON object per line, with `facts` (to be stated), `unsaid` (not to be said), `doctor`
            (the question), `told_by_doctor` (what was said before, or null), `line`, `faithful` and `kind`.
        checker: A model that decides on the lines that the rules accept; None or `rules` for the rules alone.

    Returns:
        `faithful_refused` and `unfaithful_accepted`, each with `value` (a share, 0 to 1) and `n`, and both for each
        kind in `by_kind`.

    Raises:
        UserError: The file cannot be read, or the model cannot check lines.
        ModelGoneError: A server stopped responding.
    """
    return measured(file, checker).as_json()


def measured(file: PathLike, checker: ModelLike | None) -> Measured:
    """Measure a check, as `grounding`.

    Raises:
        UserError: As `grounding`.
        ModelGoneError: As `grounding`.
    """
    lines = read_labelled(path_of("file", file))
    if checker is None or (isinstance(checker, str) and checker == RULES):
        return measure_check(lines)
    named = Named()
    reference = named.add(MODELS, checker)
    with named.known():
        model = open_checker(reference)
        try:
            return measure_check(lines, model, reference)
        finally:
            close_model(model)
