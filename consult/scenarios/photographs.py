"""Open photographs from files, and check that they are accepted."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from consult.errors import UserError
from consult.reading import PICTURE, FileError, MissingFileError, read_bytes
from consult.scenarios.case import Photograph
from consult.scenarios.dicom import DicomError, is_dicom, parted, read_dicom

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP")
ANIMATED = ("PNG", "WEBP")
"""Formats of frames that follow each other: nobody could say which of them a doctor sees. A JPEG of several pictures,
as phones write it, is one photograph with smaller or derived ones behind it."""
MAX_PIXELS = 50_000_000


LEAST_SIDE = 32
"""Pixels; processors that cut pictures into patches fail on fewer."""
MOST_RATIO = 10
"""Longer side over shorter side; beyond it, processors fail or shrink the shorter side to nothing."""


class PhotographError(UserError, ValueError):
    """A file that cannot be used as a photograph; the message is one sentence with the fix."""


def open_photograph(path: Path) -> Image:
    """Open a photograph as RGB, turned upright, without its metadata.

    Args:
        path: The file; `scan.dcm#3` is the third frame of a DICOM file.

    Raises:
        PhotographError: The file is missing or no file, is not a JPEG, PNG, WebP or DICOM, is animated, or has more
            than 50 megapixels or 100 MB.
    """
    file, frame = parted(path)
    try:
        content = read_bytes(file, PICTURE, pipe=True)
    except MissingFileError as error:
        raise PhotographError(f"{path}: the file {error.what}; {error.fix}") from None
    except FileError as error:
        raise PhotographError(f"{path}: {error.what}; {error.fix}") from None
    return read_photograph(content, str(path), frame)


def read_photograph(content: bytes, name: str, frame: int | None = None) -> Image:
    """Read a photograph's file as RGB, turned upright, without its metadata.

    Args:
        content: The file.
        name: Its name in messages.
        frame: Frame of a DICOM file, from 1.

    Raises:
        PhotographError: It is not a JPEG, PNG, WebP or DICOM, is animated, or has more than 50 megapixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if is_dicom(content):
        try:
            return read_dicom(content, frame, MAX_PIXELS)
        except DicomError as error:
            raise PhotographError(f"{name}: {error}") from None
    if frame is not None:
        raise PhotographError(f"{name}: is not a DICOM file and has no frames; leave #{frame} out")
    try:
        with _own_limit(), Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.format in ANIMATED and getattr(picture, "is_animated", False):
                raise PhotographError(f"{name}: is an animated picture; save one of its frames as a picture of its own")
            if picture.width * picture.height > MAX_PIXELS:
                raise PhotographError(
                    f"{name}: has {picture.width * picture.height / 1e6:.0f} megapixels; give one of at most 50"
                )
            upright = _in_colour(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        raise PhotographError(f"{name}: is not a JPEG, PNG, WebP or DICOM picture; convert it first") from None
    except Image.DecompressionBombError:
        raise PhotographError(f"{name}: has more than 100 megapixels; give one of at most 50") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, PhotographError):
            raise
        raise PhotographError(f"{name}: cannot be read as a picture ({error}); save it again") from None
    # A new picture from the pixels only, without the file's metadata.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    return bare


def _in_colour(picture: Image) -> Image:
    """Convert to RGB of 8 bits: more bits are scaled, not cut off, and what is transparent becomes white, not black."""
    import numpy as np
    from PIL import Image

    if picture.mode.startswith("I"):
        deep = np.asarray(picture).astype(np.int64)
        return Image.fromarray((deep.clip(0, 65_535) // 257).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return picture.convert("RGB")


@contextmanager
def _own_limit() -> Iterator[None]:
    """Suppress Pillow's warning about large pictures; the limit here is lower than the one at which it refuses them."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def narrowed(photograph: Photograph, width: int) -> Photograph:
    """Return a photograph that is at most so wide when it is loaded; its sides keep their ratio.

    Args:
        photograph: Any.
        width: Pixels.
    """

    def load() -> Image:
        picture = photograph.load()
        if picture.width <= width:
            return picture
        return picture.resize((width, max(1, picture.height * width // picture.width)))

    return Photograph(f"{photograph.id}@{width}", load)


def padded(picture: Image) -> Image:
    """Add white to a picture that is too small or too narrow for a model's processor; others stay as they are."""
    from PIL import Image

    width, height = picture.size
    least = max(LEAST_SIDE, -(-max(width, height) // MOST_RATIO))
    if min(width, height) >= least:
        return picture
    whole = Image.new("RGB", (max(width, least), max(height, least)), "white")
    whole.paste(picture, ((whole.width - width) // 2, (whole.height - height) // 2))
    return whole
