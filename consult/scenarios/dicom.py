"""DICOM files as pictures of 8 bits: the file's own values of interest (window or table), frame by frame."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

_MARK_AT = 128
_MARK = b"DICM"
_FRAME = re.compile(r"(.+)#(\d{1,6})", re.DOTALL)
_OUTSIDE = 1e12
"""A value beyond every window, which shows the window's darkest or brightest value."""


class DicomError(Exception):
    """A file that cannot be shown; the message says what is wrong with it and, after a semicolon, the fix."""


def is_dicom(content: bytes) -> bool:
    """Return whether a file has the mark of DICOM."""
    return content[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK


def parted(path: Path) -> tuple[Path, int | None]:
    """Split `scan.dcm#3` into the file and the frame; a file of exactly this name comes first."""
    named = None if path.is_file() else _FRAME.fullmatch(str(path))
    return (Path(named[1]), int(named[2])) if named else (path, None)


def read_dicom(content: bytes, frame: int | None, most_pixels: int) -> Image:
    """Read one frame as the file's own window or table shows it.

    Args:
        content: The file.
        frame: The frame's number, from 1; None if the file has only one.
        most_pixels: Most pixels of a frame.

    Raises:
        DicomError: pydicom is not installed, the file holds no picture, or the frame is not stated or does not exist.
    """
    try:
        import pydicom
    except ImportError:
        raise DicomError("is a DICOM file; install consult-sim[dicom], or convert it to PNG") from None
    try:
        file = pydicom.dcmread(io.BytesIO(content))
        if "PixelData" not in file:
            raise DicomError("is a DICOM file without a picture; give one with pixel data")
        if int(file.Rows) * int(file.Columns) > most_pixels:
            raise DicomError(f"has more than {most_pixels / 1e6:.0f} megapixels; give one of at most that")
        return _shown(file, _index(frame, int(file.get("NumberOfFrames") or 1)))
    except DicomError:
        raise
    except Exception as error:  # pydicom raises errors of many kinds for broken files
        first = " ".join(str(error).split())[:120].rstrip(".")
        raise DicomError(f"is a DICOM file that cannot be read ({first}); convert it to PNG") from None


def _index(frame: int | None, frames: int) -> int:
    if frame is None and frames > 1:
        raise DicomError(f"has {frames} frames; write #1 to #{frames} after its name")
    if frame is not None and not 1 <= frame <= frames:
        raise DicomError(f"has no frame {frame}; write {f'#1 to #{frames}' if frames > 1 else '#1'} after its name")
    return (frame or 1) - 1


def _shown(file: Any, index: int) -> Image:
    import numpy as np
    from PIL import Image
    from pydicom.pixels import apply_color_lut, pixel_array

    pixels = pixel_array(file, index=index)
    if file.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, file)
        pixels = pixels // 257 if pixels.dtype.itemsize > 1 else pixels
    if pixels.ndim == 3:
        # pydicom has made RGB of other colours.
        return Image.fromarray(pixels.astype(np.uint8), "RGB")
    grey = _windowed(pixels, file)
    if file.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    return Image.fromarray((grey * 255).round().astype(np.uint8), "L").convert("RGB")


def _windowed(pixels: Any, file: Any) -> Any:
    """Return values from 0 to 1: by the file's table, its window, or else from its lowest to its highest value."""
    import numpy as np
    from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing

    values = apply_modality_lut(pixels, file)
    if file.get("VOILUTSequence"):
        values = apply_voi(values.astype(np.int64), file)
        low, high = 0.0, 2.0 ** int(file.VOILUTSequence[0].LUTDescriptor[2]) - 1
    elif file.get("WindowWidth") is not None and file.get("WindowCenter") is not None:
        low, high = apply_windowing(np.array([-_OUTSIDE, _OUTSIDE]), file)
        values = apply_windowing(values.astype(np.float64), file)
    else:
        low, high = float(values.min()), float(values.max())
    return np.clip((values.astype(np.float64) - low) / ((high - low) or 1), 0, 1)
