"""Parse a server's address, such as `http://host:port/v1?concurrency=8#name`, or several of them, and find its key.

Keys come only from the environment. They are sent in a header, and are never part of an address, a message or a store.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, parse_qsl, urlsplit

from consult.agents.models.model import ModelError
from consult.ranges import CONCURRENCY, SHOWN, TIMEOUT, Range

KEY = "CONSULT_API_KEY"
OTHER_KEY = "OPENAI_API_KEY"
EXAMPLE = "http://localhost:8000/v1#name"
SEVERAL = "http://a:8000/v1,http://b:8000/v1#name"
LOCAL, REMOTE = 64, 8
"""Requests in flight by default, to a server on this machine and to another one, which may be shared."""
TIMEOUT_SECONDS = 300.0
_COMMA = re.compile(r",\s*(?=https?://)")


def parse_addresses(reference: str) -> list[Address]:
    """Read a reference with one or several addresses, separated by commas.

    The last address gives the model's name, and the settings of those that have none of their own.

    Raises:
        ModelError: As `Address.parse`; or two addresses are equal, or name two models.
    """
    parts = [_Part.of(part) for part in _COMMA.split(reference)]
    names = list(dict.fromkeys(part.name for part in parts if part.name is not None))
    if len(names) > 1:
        raise ModelError("the addresses of one reference name several models; give one #name, at the end")
    usual = parts[-1].settings
    found = [replace(part, name=names[0] if names else None).address(usual) for part in parts]
    places = [_place(address.base) for address in found]
    twice = next((address.base for at, address in enumerate(found) if places[at] in places[:at]), None)
    if twice is not None:
        raise ModelError(f"{twice} occurs twice in one reference; give each address once")
    return found


@dataclass(frozen=True)
class Address:
    """A server's address and settings."""

    base: str
    """The address up to and including `/v1`, without a slash at its end."""
    name: str | None = None
    """Name of the model; None for the only one that is served."""
    concurrency: int = REMOTE
    """The most requests in flight, 1 to 1024."""
    timeout: float = TIMEOUT_SECONDS
    """Timeout of one reply in seconds, up to a day."""
    photographs: int | None = None
    """Most photographs of one prompt, 1 to 7; None for no limit."""

    @classmethod
    def parse(cls, reference: str) -> Address:
        """Read a reference with one address; a possible secret in it is not repeated in an error message.

        Raises:
            ModelError: The reference is not an address, or contains credentials or unknown settings.
        """
        part = _Part.of(reference)
        return part.address(part.settings)

    @property
    def private(self) -> bool:
        """Return whether requests are private on the way: encrypted, or local to this machine."""
        return urlsplit(self.base).scheme == "https" or _is_local(self.base)

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


@dataclass(frozen=True)
class _Part:
    """One address of a reference, as it is written."""

    base: str
    name: str | None
    settings: Mapping[str, str]

    @classmethod
    def of(cls, reference: str) -> _Part:
        """Read it.

        Raises:
            ModelError: As `Address.parse`.
        """
        parts = _split(reference)
        if reference.endswith("#"):
            raise ModelError("a server's address ends with #; add the name of a model, or remove the #")
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
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"), name or None, settings)

    def address(self, usual: Mapping[str, str]) -> Address:
        """Return the address; a setting that it does not give is taken from `usual`, or else the default.

        Raises:
            ModelError: A setting has an invalid value.
        """
        settings = {**usual, **self.settings}
        concurrency = str(LOCAL if _is_local(self.base) else REMOTE)
        return Address(
            self.base,
            self.name,
            int(_number(settings, "concurrency", CONCURRENCY, concurrency)),
            float(_number(settings, "timeout", TIMEOUT, f"{TIMEOUT_SECONDS:g}")),
            int(_number(settings, "photographs", SHOWN, "1")) if "photographs" in settings else None,
        )


def _place(base: str) -> tuple[str, str, int | None, str]:
    """Return an address in a form that is equal for two ways to write it."""
    parts = urlsplit(base)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or usual, parts.path


def _is_local(base: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(base).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
    if "://" in f"{parts.netloc}{parts.path}{parts.query}{parts.fragment}":
        raise ModelError(f"several addresses are separated by commas; give them like {SEVERAL}")
    if "," in f"{parts.netloc}{parts.path}{parts.query}" or ",http" in parts.fragment:
        raise ModelError(f"each of several addresses begins with http:// or https://; give them like {SEVERAL}")
    return parts


def _number(settings: Mapping[str, str], name: str, span: Range, default: str) -> float:
    kind = "whole number" if span.whole else "number"
    try:
        return span.read(settings.get(name, default))
    except ValueError:
        # The value is not repeated: it may be a secret in the wrong place.
        raise ModelError(f"{name} in a server's address takes a {kind} {span}; correct it") from None
