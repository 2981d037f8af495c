"""A reader who knows some table of findings and takes each finding by itself: naive Bayes with add-one smoothing."""

from __future__ import annotations

import math

PATIENTS = 200
"""Expected patients behind a table, to which add-one smoothing adds one a value."""


class Reader:
    """Reads patients with tables of shape label → field → value → weight; several-valued fields hold shares."""

    def __init__(self, tables, menus, several, view_of):
        self.labels, self.several = list(tables), several
        self.chances: dict[str, dict[str, dict[str, float]]] = {label: {} for label in tables}
        for label, fields in tables.items():
            for name, menu in menus.items():
                given = fields.get(name, {})
                self.chances[label][name] = self._smoothed(name, given, menu)
            views: dict[str, float] = {}
            for site, p in self.chances[label]["site"].items():
                views[view_of(site)] = views.get(view_of(site), 0.0) + p
            self.chances[label]["view"] = views

    def _smoothed(self, name, given, menu):
        if name in self.several:
            return {value: (given.get(value, 0.0) * PATIENTS + 1) / (PATIENTS + 2) for value in menu if value != "none"}
        total = sum(given.values()) or 1.0
        return {value: (given.get(value, 0.0) / total * PATIENTS + 1) / (PATIENTS + len(menu)) for value in menu}

    def diagnosis(self, seen):
        return max(self.labels, key=lambda label: self._score(label, seen))

    def _score(self, label, seen):
        total = 0.0
        for name, value in seen.items():
            chances = self.chances[label].get(name)
            if not chances or (name == "view" and "site" in seen):
                continue
            if name in self.several:
                total += sum(math.log(p if one in value else 1 - p) for one, p in chances.items())
            else:
                total += math.log(chances[value])
        return total
