"""Check `rules.yaml` against the tables: each rule has an effect, and the order of drawing respects it."""

from __future__ import annotations

from collections.abc import Iterator

from consult.scenarios.located_yaml import LocatedYaml, Problem
from consult.scenarios.rules import Rule
from consult.scenarios.tables import NONE, FindingTables


def rule_problems(tables: FindingTables, at: LocatedYaml) -> Iterator[Problem]:
    """Find rules that have no effect, and those that drawing could break; the files' references must be valid."""
    for i, rule in enumerate(tables.rules):
        for what, fix in _mistakes(tables, rule):
            yield at.problem(("rules", i), what, fix)


def _mistakes(tables: FindingTables, rule: Rule) -> Iterator[tuple[str, str]]:
    for name in (rule.field, rule.other):
        if name != "view" and name not in tables.fields:
            yield f"no patient has the field '{name}', so the rule has no effect", "remove the rule"
            return
    first, second = sorted((rule.field, rule.other), key=lambda name: _turn(tables, name))
    if rule.kind == "needs":
        if first == rule.field:
            yield (
                f"'{rule.field}' is drawn before '{rule.other}', so it cannot need it",
                f"move '{rule.other}' before '{rule.field}' in values.yaml",
            )
        return
    excluded = _excluded(tables, rule)
    if not excluded:
        yield f"the rule lists every value of '{rule.other}', so it has no effect", "leave some out"
    # Each of several values is drawn independently, so no rule can require a value.
    unfit = excluded if second == rule.other else rule.values
    if second in tables.several and NONE in unfit:
        yield (
            f"the rule demands a value of '{second}', but a patient can have none of its values",
            f"let the rule admit 'none' of '{second}'",
        )


def _excluded(tables: FindingTables, rule: Rule) -> frozenset[str]:
    menu = tables.views if rule.other == "view" else tables.menu(rule.other)
    return rule.others if rule.kind == "never" else frozenset(menu) - rule.others


def _turn(tables: FindingTables, name: str) -> int:
    """Return when a field is drawn; the view comes with the site."""
    return tables.fields.index("site" if name == "view" else name)
