"""Imports go one way: scenarios ← agents ← envs ← rl ← render ← api ← cli."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "consult"
ORDER = ("scenarios", "agents", "envs", "rl", "render", "api", "cli")


def imported(path: Path) -> set[str]:
    found = set()
    package = ("consult", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith("consult.")}


@pytest.mark.parametrize("layer", ORDER)
def test_no_module_reaches_up(layer):
    above = set(ORDER[ORDER.index(layer) + 1 :])
    files = sorted((PACKAGE / layer).rglob("*.py"))
    assert files
    reaching = {str(f.relative_to(PACKAGE)): imported(f) & above for f in files if imported(f) & above}
    assert not reaching


def test_there_are_no_other_layers():
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == set(ORDER)


def test_the_command_line_imports_nothing_heavy():
    code = "import sys, consult.cli.main; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "langgraph", "numpy", "PIL", "pydantic", "yaml"} & set(loaded)


def modules() -> dict[str, Path]:
    """Give the dotted name → file of every module; a package's is its __init__."""
    named = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("consult", *path.relative_to(PACKAGE).with_suffix("").parts)
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def reached(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Give the modules that one imports anywhere, in functions, too; what only a type checker reads is left out."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            inner = {f"{module}.{alias.name}" for alias in node.names}
            found |= (inner & set(known)) or {module}
        waiting += ast.iter_child_nodes(node)
    return found & set(known) - {name}


def test_no_imports_form_a_cycle() -> None:
    known = modules()
    graphlib.TopologicalSorter({name: reached(name, path, known) for name, path in known.items()}).prepare()


MOST_PARAMETERS = 12


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
    """Count all that a function takes, `self`, `*` and `**` with it."""
    told = node.args
    named = [*told.posonlyargs, *told.args, *told.kwonlyargs]
    return len(named) + (told.vararg is not None) + (told.kwarg is not None)


def test_no_function_takes_more_parameters_than_one_can_read() -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    offenders = {
        f"{path.relative_to(PACKAGE)}:{node.lineno} {getattr(node, 'name', 'lambda')}": parameters(node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, functions) and parameters(node) > MOST_PARAMETERS
    }
    assert not offenders


def test_one_place_reads_who_plays_a_specialty() -> None:
    readers = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if "specialty, equals" in path.read_text(encoding="utf-8")
    ]
    assert readers == ["envs/specialists.py"]


HAS_SQL_OF_ITS_OWN = {
    "envs/environment_check.py": "tries whether SQLite works, on a scratch file",
    "scenarios/importing/on_disk.py": "knows the names of an import in a scratch database, in a layer below the store",
}
STATEMENT = re.compile(
    r"\b(SELECT|DELETE)\b.*\bFROM\b|\b(INSERT|REPLACE)\b.*\bINTO\b|\bUPDATE\b.*\bSET\b"
    r"|\bSELECT (DISTINCT )?[\w.*]|\bJOIN\b.*\bON\b|\b(GROUP|ORDER) BY\b|\bCASE WHEN\b|\bIS NOT NULL\b"
    r"|\b(CREATE|ALTER|DROP) TABLE\b|\bPRAGMA\b",
    re.DOTALL,
)
"""A statement of SQL, or a part that is made into one elsewhere."""
RUNNERS = {"query", "execute", "executemany", "executescript"}


def sql_in(source: str) -> list[int]:
    """Give the lines on which a module has SQL, in a text or in parts of an f-string, or runs it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNNERS:
            found.add(node.lineno)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.search(node.value):
            found.add(node.lineno)
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
            if STATEMENT.search("".join(map(str, parts))):
                found.add(node.lineno)
    return sorted(found)


def test_all_sql_lies_in_the_store() -> None:
    modules = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    with_sql = {name for name, source in modules.items() if sql_in(source)}
    outside = {name for name in with_sql if not name.startswith("envs/store/")}
    assert outside == set(HAS_SQL_OF_ITS_OWN)
    assert "envs/store/runs.py" in with_sql


@pytest.mark.parametrize(
    "source",
    [
        "rows = store.query(sql)",
        "db.execute(statement)",
        "_KINDS = 'SELECT a FROM b'",
        "sql = f'SELECT {columns} FROM {table} WHERE id = ?'",
        "sql = f'UPDATE {table} SET a = 1'",
        "sql = (\n    'SELECT count(*) AS n, '\n    f'total(t.{column}) FROM turns t'\n)",
        "_KEEP = 'INSERT OR IGNORE INTO classifier_predictions VALUES (?)'",
        '_DROP = """\nDELETE\nFROM runs\n"""',
        "value = f'CASE WHEN {answer} THEN t.accepts END'",
    ],
)
def test_sql_is_noticed_wherever_it_stands(source: str) -> None:
    assert sql_in(source)


@pytest.mark.parametrize(
    "source", ["say('select a case from the list')", "'Update it, and set --db'", "f'order by {n}'"]
)
def test_words_are_not_taken_for_sql(source: str) -> None:
    assert not sql_in(source)
