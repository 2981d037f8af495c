"""Fetch the pictures that a source names by address, if the user asks for it."""

from __future__ import annotations

from urllib.parse import urlsplit

from consult.reading import PICTURE
from consult.scenarios.importing.row import UnusableRow

SECONDS = 30
"""Longest wait for a connection, and for the next part of a picture."""
REASON = "the image could not be fetched"


def fetched(address: str) -> bytes:
    """Fetch a picture.

    Args:
        address: Its address; only http and https are asked.

    Raises:
        UnusableRow: It is no such address, nothing there answers with a file, or the file is too large.
    """
    import httpx

    if urlsplit(address).scheme not in ("http", "https"):
        raise UnusableRow(REASON, f"{address}: not an address of http or https")
    content = bytearray()
    try:
        with httpx.stream("GET", address, follow_redirects=True, timeout=SECONDS) as reply:
            if reply.status_code != httpx.codes.OK:
                raise UnusableRow(REASON, f"{address}: status {reply.status_code}")
            for part in reply.iter_bytes():
                content += part
                if len(content) > PICTURE:
                    raise UnusableRow(REASON, f"{address}: more than {PICTURE // 1_000_000} MB")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise UnusableRow(REASON, f"{address}: {type(error).__name__}") from None
    return bytes(content)
