"""The pictures of a source: embedded in its cells, files below its folder, or members of ZIP files there."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from consult.errors import UserError
from consult.reading import PICTURE
from consult.scenarios.importing.row import UnusableRow
from consult.scenarios.importing.writing import inside


@dataclass(frozen=True)
class Picture:
    """A picture in a source: its content, or a path inside the source's folder."""

    name: str
    content: bytes = b""
    """Empty for a path."""


class Pictures:
    """Finds the pictures of a source; a ZIP file is opened and indexed once, however many rows are in it.

    Args:
        root: The source's folder, to which paths are relative.
        folders: Folders below it that may hold a path; `imgs` is also `imgs.zip`.
    """

    def __init__(self, root: Path, folders: Sequence[str] = ()) -> None:
        self.root, self.folders = root, tuple(folders)
        self._archives: dict[Path, _Archive] = {}

    def embedded(self, value: Any, column: str, folders: Sequence[str] = ()) -> tuple[Picture, ...]:
        """Return the picture in a cell: bytes, a path, or the hub's `{"bytes": …, "path": …}`; none for an empty one.

        Args:
            value: The cell.
            column: The cell's column.
            folders: Further folders that may hold the path.

        Raises:
            UnusableRow: The cell holds something else.
        """
        path = ""
        if isinstance(value, Mapping):
            path = str(value.get("path") or "")
            value = value.get("bytes") or path
        if value is None or value == "" or value != value:
            return ()
        if isinstance(value, bytes):
            if len(value) > PICTURE:
                raise _too_large()
            return (Picture(path or column, value),)
        if not isinstance(value, str):
            raise UnusableRow(f"'{column}' holds no picture", f"it holds {type(value).__name__}")
        return (self.found(value, folders),)

    def found(self, image: str, folders: Sequence[str] = ()) -> Picture:
        """Find a picture by its path, in a folder or in a ZIP file of that name.

        Args:
            image: The path as the source states it.
            folders: Further folders that may hold it.

        Raises:
            UnusableRow: There is no such picture.
            UserError: A ZIP file cannot be read.
        """
        every = (*self.folders, *folders)
        ways = [image, *(f"{folder}/{image}" for folder in every)]
        for way in ways:
            try:
                inside(self.root, way)
            except UnusableRow as unusable:
                if "outside" in unusable.reason:
                    raise
                continue
            return Picture(way)
        for folder in every:
            archive = self._archive(self.root / f"{folder}.zip")
            content = archive.read(ways) if archive is not None else None
            if content is not None:
                return Picture(image, content)
        raise UnusableRow("there is no such image", image)

    def _archive(self, path: Path) -> _Archive | None:
        if path not in self._archives:
            if not path.is_file():
                return None
            self._archives[path] = _Archive(path)
        return self._archives[path]


class _Archive:
    """A ZIP file, whose members are indexed once; it is closed with the object.

    Args:
        path: The file.

    Raises:
        UserError: It is no ZIP file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._opened = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
            raise self._broken(error) from None
        self._members = {str(PurePosixPath(one.filename)): one for one in self._opened.infolist() if not one.is_dir()}

    def read(self, names: Sequence[str]) -> bytes | None:
        """Read the member that has one of the names; None if there is none.

        Raises:
            UnusableRow: It is too large.
            UserError: It cannot be unpacked.
        """
        found = (self._members.get(str(PurePosixPath(name))) for name in names)
        member = next((one for one in found if one is not None), None)
        if member is None:
            return None
        if member.file_size > PICTURE:
            raise _too_large()
        try:
            return self._opened.read(member)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> UserError:
        return UserError(f"{self._path}: cannot be unpacked ({error}); fetch it again")


def _too_large() -> UnusableRow:
    return UnusableRow("the image cannot be used", f"it has more than {PICTURE // 1_000_000} MB")
