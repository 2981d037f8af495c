"""Check this machine: versions, cores, memory, devices, the store's folder and the hub's cache.

Unknown values are None, never 0.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from consult.envs.store.readonly import why_foreign

LEAST_DISK = 200_000_000
"""Bytes, enough for about ten thousand consultations."""
DISTRIBUTION = "consult-sim"


class Problem(NamedTuple):
    """A problem, and its fix."""

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what}; {self.fix}"


class Device(NamedTuple):
    """One accelerator."""

    name: str
    memory: int | None
    """Bytes."""
    free: int | None


class Place(NamedTuple):
    """The place where runs would be stored."""

    database: str
    free: int | None
    """Free bytes on the disk."""
    writable: bool
    wal: bool
    """Whether SQLite can use its write-ahead log there; on some network file systems it cannot."""
    problems: tuple[Problem, ...] = ()


class Hub(NamedTuple):
    """The cache of models from the hub."""

    cache: str
    models: int | None
    """None if there is no cache."""
    offline: bool


class Machine(NamedTuple):
    """Results of the check."""

    python: str
    system: str
    sqlite: str
    packages: dict[str, str | None]
    """Package → version; None if it is not installed."""
    cores: int | None
    """Number of cores that this process may use."""
    memory: int
    """Bytes; the limit of the process's control group if that is lower."""
    available: int
    devices: tuple[Device, ...]
    place: Place
    hub: Hub
    problems: tuple[Problem, ...]

    @property
    def room(self) -> int:
        """Return the bytes for a model: free memory of the device with the most, else four fifths of available RAM."""
        return max([device.free for device in self.devices if device.free is not None], default=self.available * 4 // 5)


def examine_machine(database: Path) -> Machine:
    """Check the machine.

    Args:
        database: The file in which runs would be stored; only its folder is tested, and it is left unchanged.
    """
    import psutil

    packages, missing = _packages()
    devices, broken = _devices()
    place, limit, memory = _place(database), _limit(), psutil.virtual_memory()
    return Machine(
        python=platform.python_version(),
        system=platform.platform(terse=True),
        sqlite=sqlite3.sqlite_version,
        packages=packages,
        cores=_cores(),
        memory=min(memory.total, limit or memory.total),
        available=min(memory.available, limit or memory.available),
        devices=devices,
        place=place,
        hub=_hub(),
        problems=(*missing, *broken, *place.problems),
    )


def _packages() -> tuple[dict[str, str | None], list[Problem]]:
    """Compare the installed packages with the requirements; extras are not checked."""
    found: dict[str, str | None] = {}
    problems = []
    try:
        asked = [Requirement(line) for line in requires(DISTRIBUTION) or [] if "extra ==" not in line]
    except PackageNotFoundError:
        return {}, [Problem("consult is not installed", "run: pip install . in its folder")]
    for requirement in asked:
        try:
            found[requirement.name] = version(requirement.name)
        except PackageNotFoundError:
            found[requirement.name] = None
        installed = found[requirement.name]
        if installed is None or not requirement.specifier.contains(installed, prereleases=True):
            what = f"{requirement.name} is {installed or 'missing'}"
            problems.append(Problem(what, f"run: pip install '{requirement.name}{requirement.specifier}'"))
    return found, problems


def _cores() -> int | None:
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _limit() -> int | None:
    """Return the memory limit of the process's control group; None if there is none."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            return int(Path(path).read_text())
    return None


def _devices() -> tuple[tuple[Device, ...], list[Problem]]:
    try:
        import torch

        if torch.cuda.is_available():
            return tuple(_cuda(i) for i in range(torch.cuda.device_count())), []
    except ImportError:
        return (), []  # reported with the packages
    except RuntimeError as error:
        first = next(iter(str(error).splitlines()), "")
        return (), [Problem(f"the GPU cannot be used ({first})", "check its driver, or hide it: CUDA_VISIBLE_DEVICES=")]
    if torch.backends.mps.is_available():
        return (Device("Apple GPU", None, None),), []
    return (), []


def _cuda(number: int) -> Device:
    import torch

    free, total = torch.cuda.mem_get_info(number)
    return Device(torch.cuda.get_device_name(number), total, free)


def _place(database: Path) -> Place:
    folder = database.parent
    if not folder.is_dir():
        fix = "make it, or name another database with --db"
        return Place(str(database), None, False, False, (Problem(f"there is no folder '{folder}'", fix),))
    free = shutil.disk_usage(folder).free
    problems = []
    if free < LEAST_DISK:
        what = f"only {free / 1e6:.0f} MB are free in '{folder}'"
        problems.append(Problem(what, "free some, or name another database with --db"))
    if database.exists() and not os.access(database, os.W_OK):
        problems.append(Problem(f"'{database}' cannot be written", "check its permissions, or name another with --db"))
    if database.exists() and (foreign := why_foreign(database)):
        problems.append(Problem(foreign, "name another database with --db"))
    writable, wal, why = _tried(folder)
    if not writable:
        problems.append(Problem(f"'{folder}' cannot be written ({why})", "check its permissions, or use --db"))
    elif not wal:
        what = f"SQLite cannot use its write-ahead log in '{folder}' ({why})"
        problems.append(Problem(what, "name a database on a local disk with --db"))
    return Place(str(database), free, writable, wal, tuple(problems))


def _tried(folder: Path) -> tuple[bool, bool, str]:
    """Write a database into a new folder there; return (could write, could use the write-ahead log, error)."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".consult-doctor-") as own:
            try:
                with closing(sqlite3.connect(Path(own) / "try.db")) as db:
                    mode = db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
                    db.execute("CREATE TABLE t (x)")
                return True, mode == "wal", f"journal mode {mode}"
            except sqlite3.Error as error:
                return True, False, str(error)
    except OSError as error:
        return False, False, error.strerror or str(error)


def _hub() -> Hub:
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    models = len(list(cache.glob("models--*"))) if cache.is_dir() else None
    return Hub(str(cache), models, bool(constants.HF_HUB_OFFLINE))
