"""Parse a server's address, such as `http://host:port/v1?concurrency=8#name`, and find its key.

Keys come only from the environment. They are sent in a header, and are never part of an address, a message or a store.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from consult.agents.models.model import ModelError
from consult.ranges import CONCURRENCY, SHOWN, TIMEOUT, Range

KEY = "CONSULT_API_KEY"
OTHER_KEY = "OPENAI_API_KEY"
EXAMPLE = "http://localhost:8000/v1#name"


@dataclass(frozen=True)
class Address:
    """A server's address and settings."""

    base: str
    """The address up to and including `/v1`, without a slash at its end."""
    name: str | None = None
    """Name of the model; None for the only one that is served."""
    concurrency: int = 8
    """The most requests in flight, 1 to 1024."""
    timeout: float = 300.0
    """Timeout of one reply in seconds, up to a day."""
    photographs: int | None = None
    """Most photographs of one prompt, 1 to 7; None for no limit."""

    @classmethod
    def parse(cls, reference: str) -> Address:
        """Read a reference; a possible secret in it is not repeated in an error message.

        Raises:
            ModelError: The reference is not an address, or contains credentials or unknown settings.
        """
        parts = _split(reference)
        # Settings are also accepted after the name, since users may not know the standard order.
        name, _, behind = parts.fragment.partition("?")
        pairs = parse_qsl(f"{parts.query}&{behind}".strip("&"), keep_blank_values=True)
        settings = dict(pairs)
        if len(settings) < len(pairs):
            raise ModelError("a server's address gives a setting twice; give it once")
        unknown = sorted(set(settings) - {"concurrency", "photographs", "timeout"})
        if unknown:
            raise ModelError(
                f"a server's address takes concurrency, photographs and timeout, not '{unknown[0]}'; remove that"
            )
        return cls(
            base=f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"),
            name=name or None,
            concurrency=int(_number(settings, "concurrency", CONCURRENCY, "8")),
            timeout=float(_number(settings, "timeout", TIMEOUT, "300")),
            photographs=int(_number(settings, "photographs", SHOWN, "1")) if "photographs" in settings else None,
        )

    @property
    def private(self) -> bool:
        """Return whether requests are private on the way: encrypted, or local to this machine."""
        parts = urlsplit(self.base)
        host = parts.hostname or ""
        try:
            return parts.scheme == "https" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def key(self) -> str | None:
        """Return the key from the environment; a key for OpenAI is never sent unencrypted.

        Raises:
            ModelError: The key contains characters that cannot be sent.
        """
        for variable in (KEY, OTHER_KEY):
            key = os.environ.get(variable, "").strip()
            if key and (variable == KEY or self.private):
                if not (key.isascii() and key.isprintable()) or " " in key:
                    raise ModelError(f"{variable} contains characters that are invalid in a key; set it again")
                return key
        return None


def _split(reference: str) -> SplitResult:
    try:
        parts = urlsplit(reference)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ModelError(f"a server's address cannot be parsed; give one like {EXAMPLE}") from None
    if parts.username is not None or parts.password is not None:
        raise ModelError(f"the address of {host} contains a user or password; remove it and set {KEY} instead")
    if not host or not reference.isprintable() or " " in parts.netloc:
        raise ModelError(f"a server's address has no host; give one like {EXAMPLE}")
    return parts


def _number(settings: Mapping[str, str], name: str, span: Range, default: str) -> float:
    kind = "whole number" if span.whole else "number"
    try:
        return span.read(settings.get(name, default))
    except ValueError:
        # The value is not repeated: it may be a secret in the wrong place.
        raise ModelError(f"{name} in a server's address takes a {kind} {span}; correct it") from None
