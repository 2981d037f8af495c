"""`inspect`: an `.eval` log, which the viewer of Inspect (inspect-ai) shows.

Inspect is an extra (`pip install "consult-sim[inspect]"`): it writes its own format, in the version that is installed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consult.agents.choices import STRATEGY_RULES
from consult.errors import UserError
from consult.render.export.exported import Exported, One, Written, picture_type
from consult.version import __version__

SUFFIX = ".eval"
SCORER = "correct"
"""Name of the score that says whether the diagnosis is right."""


def write_inspect(run: Exported, out: Path) -> Written:
    """Write a run's consultations as the samples of one log; the whole log is held in memory.

    The photograph is in the patient's first message, if the doctors saw it.

    Raises:
        UserError: Inspect is not installed.
    """
    try:
        from inspect_ai import log as inspect_log
    except ImportError:
        what = 'an Inspect log needs the package inspect-ai; install it with: pip install "consult-sim[inspect]"'
        raise UserError(what) from None
    samples, right = list[Any](), list[bool]()
    for one in run.ended():
        samples.append(_sample(run, one))
        if one.row["correct"] is not None:
            right.append(bool(one.row["correct"]))
    failed = sum(sample.error is not None for sample in samples)
    log = inspect_log.EvalLog(
        status="success" if run.run["status"] == "finished" else "cancelled",
        eval=_spec(run, samples),
        results=inspect_log.EvalResults(
            total_samples=len(samples), completed_samples=len(samples) - failed, scores=_scores(right, len(samples))
        ),
        # Without both times, the viewer shows a duration that is no number.
        stats=inspect_log.EvalStats(
            started_at=str(run.run["created"]), completed_at=str(run.run["ended"] or run.run["created"])
        ),
        samples=samples,
    )
    inspect_log.write_eval_log(log, out, format="eval")
    return Written(len(samples))


def _spec(run: Exported, samples: Sequence[Any]) -> Any:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalSpec
    from inspect_ai.model import ModelConfig

    config, models = run.config, run.models
    ids = list(dict.fromkeys(sample.id for sample in samples))
    return EvalSpec(
        run_id=str(run.run["id"]),
        created=str(run.run["created"]),
        task=f"consult/{Path(config.scenario).name}",
        dataset=EvalDataset(name=config.scenario, samples=len(ids), sample_ids=ids),
        model=models.get("attending") or next(iter(models.values()), "none"),
        model_roles={role: ModelConfig(model=model) for role, model in models.items()},
        config=EvalConfig(epochs=max((sample.epoch for sample in samples), default=1)),
        packages={"consult-sim": __version__},
        metadata=json.loads(config.model_dump_json()),
    )


def _sample(run: Exported, one: One) -> Any:
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ModelOutput

    row, record = one.row, run.record(one)
    messages = _messages(run, one)
    said = str(row["diagnosis_words"] or row["diagnosis"] or "")
    error = row["error"] or "the consultation failed"
    return EvalSample(
        id=f"{row['case_id']}-{row['temperament']}",
        epoch=int(row["repeat"]) + 1,
        input=next((act.text for act in one.acts if act.speaker == "patient"), "") or row["case_id"],
        target=row["truth"] or "",
        messages=messages,
        output=ModelOutput.from_content(run.models.get("attending", "none"), said),
        scores=_verdicts(record),
        metadata={name: value for name, value in record.items() if name not in ("turns", "assessments", "models")},
        uuid=row["id"],
        error=EvalError(message=error, traceback="", traceback_ansi="") if row["status"] == "failed" else None,
        model_usage=_usage(run, one),
        total_time=round(sum(act.usage.seconds for act in one.acts), 4),
    )


def _usage(run: Exported, one: One) -> dict[str, Any]:
    """Return the tokens of each model; those of a panel count for the attending, whose act asks it."""
    from inspect_ai.model import ModelUsage

    used = dict[str, Any]()
    for act in one.acts:
        before = used.get(model := run.models.get(act.speaker, "none"), ModelUsage())
        read, written = before.input_tokens + act.usage.tokens_in, before.output_tokens + act.usage.tokens_out
        used[model] = ModelUsage(input_tokens=read, output_tokens=written, total_tokens=read + written)
    return {model: usage for model, usage in used.items() if usage.total_tokens}


def _messages(run: Exported, one: One) -> list[Any]:
    """Return what was said, a message an act; who spoke and what was done are in its metadata."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ContentImage, ContentText

    shown = STRATEGY_RULES[run.config.strategy].shows_photograph
    picture = run.photograph(one.row["case_id"], run.config.picture_width) if shown else None
    messages = list[Any]()
    for act in one.acts:
        if not act.text.strip():
            continue
        about = {"speaker": act.speaker, "action": act.action, **({"topic": act.topic} if act.topic else {})}
        if act.speaker != "patient":
            messages.append(ChatMessageAssistant(content=act.text, model=run.models.get(act.speaker), metadata=about))
        elif picture:
            url = f"data:image/{picture_type(picture)};base64,{base64.b64encode(picture).decode()}"
            content = [ContentImage(image=url), ContentText(text=act.text)]
            messages.append(ChatMessageUser(content=content, metadata=about))
            picture = None
        else:
            messages.append(ChatMessageUser(content=act.text, metadata=about))
    return messages


def _verdicts(record: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of a consultation: whether it is right, and each assessor's items."""
    from inspect_ai.scorer import CORRECT, INCORRECT, Score

    found = {}
    if record["correct"] is not None:
        value = CORRECT if record["correct"] else INCORRECT
        found[SCORER] = Score(value=value, answer=record["diagnosis"], explanation=record["diagnosis_words"])
    for assessor, items in record["assessments"].items():
        found[f"assessed by {assessor}"] = Score(value=items)
    return found


def _scores(right: Sequence[bool], samples: int) -> list[Any]:
    """Return the accuracy as Inspect shows it: the share of right diagnoses, failed consultations being wrong."""
    from inspect_ai.log import EvalMetric, EvalScore

    if not right:
        return []
    accuracy = EvalMetric(name="accuracy", value=sum(right) / len(right))
    return [
        EvalScore(
            name=SCORER, scorer=SCORER, scored_samples=len(right), unscored_samples=samples - len(right),
            metrics={"accuracy": accuracy},
        )
    ]  # fmt: skip
