"""The notebooks and scripts in `examples/` run from top to bottom, as a reader would run them."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

import consult

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def cells(notebook: Path) -> list[str]:
    read = json.loads(notebook.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in read["cells"] if cell["cell_type"] == "code"]


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell, and return what it displays: the value of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = [run(source, names) for source in cells(notebook)]
    pages = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(pages) >= 4 and all(page.startswith("<") for page in pages)
    assert names["run"].status == "finished" and not names["run"].consultations["error"].notna().any()
    assert names["run"].accuracy > 0.5
    assert (tmp_path / "first_steps_report" / "report.html").is_file()


def test_a_notebook_is_kept_without_outputs() -> None:
    assert NOTEBOOKS
    for notebook in NOTEBOOKS:
        read = json.loads(notebook.read_text(encoding="utf-8"))
        assert not any(cell.get("outputs") for cell in read["cells"])


def script(name: str) -> Any:
    """Load an example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_script_has_a_test() -> None:
    named = {name.removeprefix("test_").removesuffix("_runs") for name in globals() if name.endswith("_runs")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} <= named


def nobody_speaks_json(db: Path) -> None:
    """Check that what the scripts return as a doctor's words is spoken, and is in the form that was asked for."""
    for run in consult.load(db):
        spoken = run.turns[run.turns["speaker"] == "attending"]
        assert len(spoken) and not spoken["text"].str.contains("[{<]").any()
        assert not spoken["unusable"].fillna(0).any()


@pytest.mark.slow
def test_evaluate_your_model_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("evaluate_your_model").main(tmp_path / "out")
    shown = capsys.readouterr().out
    nobody_speaks_json(tmp_path / "out" / "consult.db")
    assert (
        "python:attending" in shown and "starter" in shown and (tmp_path / "out" / "report" / "report.html").is_file()
    )


@pytest.mark.slow
def test_your_own_scenario_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script("your_own_scenario").main(tmp_path / "out")
    shown = capfd.readouterr().out
    nobody_speaks_json(tmp_path / "out" / "consult.db")
    assert "no mistakes found (2 labels, 2 test cases)" in shown
    # "flu" is an alias: right for one patient, and wrong for the other.
    assert "alias" in shown and "True" in shown and "False" in shown


@pytest.mark.slow
def test_train_with_your_reward_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("consult.rl.runtime.results.draw_curves", lambda rows, path: path.touch())
    limits = {"steps": 1, "cases": 8, "validation": 4, "test": 0, "prompts": 2, "group": 2}
    script("train_with_your_reward").main(tmp_path / "out", **limits)
    assert "right before" in capsys.readouterr().out
    assert "brief" in (tmp_path / "out" / "training.json").read_text()
