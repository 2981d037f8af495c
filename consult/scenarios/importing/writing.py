"""The output folder of an import: written row by row beside the target, and renamed to it when it is complete."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from consult.errors import UserError
from consult.scenarios.dicom import is_dicom, parted
from consult.scenarios.importing.on_disk import OnDisk
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.jsonl_cases import FILE as CASES
from consult.scenarios.photographs import PhotographError, open_photograph, read_photograph
from consult.whole_files import check_writable

if TYPE_CHECKING:
    from PIL.Image import Image

PHOTOGRAPHS = "photographs"
LOSSLESS = (".png", ".dcm")
PNG = b"\x89PNG"
REPORT = "import"
"""Folder of the reports on each row."""
JPEG_QUALITY = 95
_DIRECTORY_MODE = 0o777


class Target:
    """A scenario folder in progress; leaving the context without `finish` deletes it.

    Args:
        out: The target folder; it must not exist, or must be empty.

    Raises:
        UserError: The target is not empty, or its parent folder cannot be written.
    """

    def __init__(self, out: Path) -> None:
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise UserError(f"'{out}' already exists and is not empty; give another --out")
        if not out.resolve().parent.is_dir():
            raise UserError(f"there is no folder '{out.resolve().parent}'; make it first")
        check_writable(out)
        self._out = out.resolve()
        self._folder = Path(tempfile.mkdtemp(dir=self._out.parent, prefix=f".{self._out.name[:40]}-importing-"))
        (self._folder / REPORT).mkdir()
        self._cases = (self._folder / CASES).open("w", encoding="utf-8", newline="\n")
        self._kept = (self._folder / REPORT / "kept.jsonl").open("w", encoding="utf-8", newline="\n")
        self._dropped = (self._folder / REPORT / "dropped.jsonl").open("w", encoding="utf-8", newline="\n")
        self._ids = OnDisk(self._folder / "ids.db")
        self._shared = OnDisk(self._folder / "pictures.db")
        """Hash or path of a picture that rows may share → its path in the target."""
        self.photographs = 0

    def __enter__(self) -> Target:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ids.close()
        self._shared.close()
        for stream in (self._cases, self._kept, self._dropped):
            # A full disk is reported for the file that filled it, not for a later flush.
            _closed(stream)
        if self._folder.exists():
            shutil.rmtree(self._folder, ignore_errors=True)

    def take(self, case_id: str) -> bool:
        """Reserve an id; return False if it is already taken.

        Raises:
            OSError: The disk is full.
        """
        return self._ids.add(case_id.lower())

    def photograph(self, root: Path, image: str) -> str:
        """Copy a photograph without its metadata, under a new name.

        Args:
            root: The source's folder.
            image: A path inside it.

        Returns:
            The path inside the target.

        Raises:
            UnusableRow: The path leads out of the source's folder, or to no photograph.
        """
        path = inside(root, image)
        try:
            picture = open_photograph(path)
        except PhotographError as error:
            raise UnusableRow("the image cannot be used", str(error).removeprefix(f"{path}: ")) from None
        return self._saved(picture, lossless=parted(path)[0].suffix.lower() in LOSSLESS)

    def embedded(self, content: bytes, name: str) -> str:
        """Save a photograph that a source holds as bytes, in the same way.

        Args:
            content: The photograph's file.
            name: Its name in the source.

        Returns:
            The path inside the target.

        Raises:
            UnusableRow: It is not a photograph.
        """
        try:
            picture = read_photograph(content, name)
        except PhotographError as error:
            raise UnusableRow("the image cannot be used", str(error).removeprefix(f"{name}: ")) from None
        return self._saved(picture, lossless=content.startswith(PNG) or is_dicom(content))

    def shared(self, root: Path, image: str, content: bytes = b"") -> str:
        """Save a photograph once, however many rows have it.

        Args:
            root: The source's folder.
            image: A path inside it, or the name of the content.
            content: The photograph's file, if the source holds it.

        Returns:
            The path inside the target.

        Raises:
            UnusableRow: As in `photograph` and `embedded`.
        """
        key = hashlib.sha256(content).hexdigest() if content else f"/{image}"
        saved = self._shared.get(key)
        if saved is None:
            saved = self.embedded(content, image) if content else self.photograph(root, image)
            self._shared.add(key, saved)
        return saved

    def _saved(self, picture: Image, *, lossless: bool) -> str:
        name = f"{PHOTOGRAPHS}/{self.photographs + 1:06}.{'png' if lossless else 'jpg'}"
        (self._folder / PHOTOGRAPHS).mkdir(exist_ok=True)
        if lossless:
            picture.save(self._folder / name)
        else:
            picture.save(self._folder / name, quality=JPEG_QUALITY, subsampling=0)
        self.photographs += 1
        return name

    def discard(self, names: Sequence[str]) -> None:
        """Delete the photographs that were saved last: their row cannot be a case."""
        for name in names:
            (self._folder / name).unlink()
        self.photographs -= len(names)

    def keep(self, case: Mapping[str, Any], note: Mapping[str, Any]) -> None:
        """Write a case, and its source."""
        self._cases.write(json.dumps(case, ensure_ascii=False) + "\n")
        self._kept.write(json.dumps(note, ensure_ascii=False) + "\n")

    def drop(self, note: Mapping[str, Any]) -> None:
        """Write why a row is not a case."""
        self._dropped.write(json.dumps(note, ensure_ascii=False) + "\n")

    def write(self, name: str, text: str) -> None:
        """Write one of the scenario's other files."""
        (self._folder / name).write_text(text, encoding="utf-8", newline="\n")

    def finish(self) -> None:
        """Move the folder to its target."""
        self._ids.close()
        self._shared.close()
        for stream in (self._cases, self._kept, self._dropped):
            stream.close()
        self._folder.chmod(_DIRECTORY_MODE & ~_umask())
        if self._out.exists():
            self._out.rmdir()
        self._folder.rename(self._out)


def _closed(stream: Any) -> None:
    try:
        stream.close()
    except OSError:
        return


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def inside(root: Path, image: str) -> Path:
    """Return an image's path; after following links, the file must be inside the source's folder.

    `scan.dcm#3`, a frame of a file, stays as it is.

    Raises:
        UnusableRow: There is no such file.
    """
    try:
        base, path = root.resolve(), (root / image).resolve()
        file = parted(path)[0]
        file = file if file == path else file.resolve()
        inside, there = path.is_relative_to(base) and file.is_relative_to(base), file.is_file()
    except (OSError, ValueError, RuntimeError):
        # Not a possible file name: too long, with a NUL, or a cycle of links.
        raise UnusableRow("there is no such image", image) from None
    if not inside:
        raise UnusableRow("the image lies outside the source's folder", image)
    if not there:
        raise UnusableRow("there is no such image", image)
    return path
