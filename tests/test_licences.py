"""Nothing that the package needs is under the GPL, LGPL or AGPL, or under an unknown licence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OWN_TERMS = re.compile(r"^(?:nvidia-|cuda-)")
"""Wheels of CUDA, which only a machine with its own copy of these terms installs."""
PERMISSIVE = re.compile(
    r"\b(?:Apache|MIT|BSD|ISC|PSF|Python Software Foundation|Python-2\.0|Unlicense|Zlib|HPND|CNRI|MPL|Mozilla|0BSD|CC0|"
    r"Public Domain|Historical Permission)\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"\b(?:A?GPL|LGPL|GNU|Affero|General Public)", re.IGNORECASE)


def needed(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Distribution]:
    """Yield the distributions that one needs on this machine, each once."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, extras)]
    while waiting:
        one, wanted = waiting.pop()
        if (one, wanted) in seen:
            continue
        seen.add((one, wanted))
        try:
            found = distribution(one)
        except PackageNotFoundError:
            continue
        if not any(other == one for other, _ in seen - {(one, wanted)}):
            yield found
        for line in found.requires or ():
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                waiting.append((canonicalize_name(need.name), frozenset(need.extras)))


def licence_of(found: Distribution) -> str:
    """Return what the metadata say of a licence: the expression, else classifiers and the first line of the text."""
    told = found.metadata
    (expression,) = told.get_all("License-Expression") or ("",)
    classifiers = [line for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    text = "".join(told.get_all("License") or ())
    return expression or "; ".join([*classifiers, text.strip().partition("\n")[0]])


def refused(licence: str) -> bool:
    """Return whether no alternative of a licence is permissive."""
    alternatives = re.split(r"\bOR\b", licence)
    return not any(PERMISSIVE.search(one) and not COPYLEFT.search(one) for one in alternatives)


@pytest.mark.parametrize(
    ("licence", "wrong"),
    [
        ("GPL-3.0-or-later", True),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3); LGPL", True),
        ("AGPL-3.0-only", True),
        ("", True),
        ("Proprietary", True),
        ("MIT AND GPL-2.0-only", True),
        ("Apache-2.0", False),
        ("License :: OSI Approved :: BSD License; ", False),
        ("MPL-2.0 AND MIT", False),
        ("GPL-2.0-only OR MIT", False),
    ],
)
def test_what_is_refused(licence: str, wrong: bool) -> None:
    assert refused(licence) is wrong


def test_nothing_that_the_package_needs_is_under_another_kind_of_licence() -> None:
    extras = frozenset(("schema", "tests"))
    licences = {one.metadata["Name"]: licence_of(one) for one in needed("consult-sim", extras)}
    assert len(licences) > 60
    assert {
        name: licence for name, licence in licences.items() if refused(licence) and not OWN_TERMS.match(name.lower())
    } == {}
