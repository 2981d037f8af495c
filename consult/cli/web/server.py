"""The server behind `consult view`: local only, GET and HEAD only, no script, nothing written.

A browser lets any web page send requests to 127.0.0.1, and a DNS name can be made to point here. The server therefore
checks the Host header and sends headers that stop other pages from showing or reading these.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consult.cli.web import pages as view_pages
from consult.cli.web.readers import Readers
from consult.envs.store.queries import Filters, assessors, choices, matching
from consult.envs.store.readonly import ReadOnlyStore
from consult.errors import UserError
from consult.foreign_text import environment_read_once
from consult.render import stored
from consult.render.page_parts import column
from consult.scenarios import UnknownNameError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
AT_ONCE = 2 + (os.cpu_count() or 1)
"""Answers that are worked on at the same time; others wait."""
PREPARED = 20
"""Newest runs whose menus are read before anybody asks."""
SECONDS_TO_END = 2
"""Time that running requests get after Ctrl-C."""

Page = Callable[[ReadOnlyStore, Request], str]


def listening(port: int) -> socket.socket:
    """Listen on this machine only.

    Args:
        port: 0 takes any free port.

    Raises:
        UserError: The port is in use or not permitted.
    """
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} is in use; give another one with --port, or 0 for any free port") from None
        if error.errno == errno.EACCES:
            raise UserError(f"port {port} is not permitted; give one above 1023 with --port") from None
        raise


def serve(app: Starlette, listener: socket.socket) -> None:
    """Answer until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    uvicorn.Server(config).run(sockets=[listener])


def application(store: Path | Readers) -> Starlette:
    """Make the pages over a store.

    Args:
        store: The file, or its readers; each answer shows its present state, since it may be written to or replaced in
            the meantime.
    """
    readers = store if isinstance(store, Readers) else Readers(store)
    pages: dict[str, Page] = {
        "/": view_pages.runs,
        "/runs/{run}": view_pages.run,
        "/consultations/{consultation}": view_pages.consultation,
        "/compare": view_pages.compare,
    }
    return Starlette(
        routes=[
            *(Route(path, _few(partial(_answer, readers, page))) for path, page in pages.items()),
            Route("/photographs/{consultation}", _few(partial(_photograph, readers))),
            Route("/page.css", _style),
            Route("/favicon.ico", _icon),
        ],
        middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
        exception_handlers={UserError: _mistake, HTTPException: _refusal, Exception: _defect},
    )


def prepare(readers: Readers) -> None:
    """Read what the first pages need, so that nobody waits for it: the scenarios, and the menus of the newest runs."""
    with suppress(UserError), readers.reading() as store:
        assessors(store)
        for row in store.runs(PREPARED):
            choices(store, row["id"])
            for first in matching(store, row["id"], Filters(), 1, 0):
                column(stored.told(store, first["id"]))


class _Headers:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _few(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Answer in a few threads: more would only take the processor from each other, and none would end early."""

    async def answered(request: Request) -> Response:
        return await to_thread.run_sync(answer, request, limiter=_limiter())

    return answered


@cache
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(AT_ONCE)


def _answer(readers: Readers, page: Page, request: Request) -> Response:
    with readers.reading(*_named(request)) as store, environment_read_once():
        return _html(page(store, request))


def _named(request: Request) -> list[str]:
    """Return the consultations that a page shows with their turns."""
    names = [request.path_params.get("consultation"), *map(request.query_params.get, ("left", "right"))]
    return [name.strip() for name in names if name]


def _html(page: str, status: int = 200) -> Response:
    return HTMLResponse(page, status, headers={"cache-control": "no-cache"})


def _photograph(readers: Readers, request: Request) -> Response:
    """Return a photograph, drawn on request; a browser that has it only checks whether it has changed."""
    number = request.query_params.get("n", "1")
    with readers.reading() as store:
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 3 else 0
        png = stored.photograph(store, request.path_params["consultation"], place)
    if png is None:
        raise HTTPException(404, "this consultation has no photograph")
    tag = f'"{hashlib.sha256(png).hexdigest()[:24]}"'
    headers = {"etag": tag, "cache-control": "private, max-age=300"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(png, media_type="image/png", headers=headers)


def _style(request: Request) -> Response:
    sheets = (files("consult.render") / "page.css", files("consult.cli.web") / "view.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    return Response(style, media_type="text/css", headers={"cache-control": "private, max-age=300"})


def _icon(request: Request) -> Response:
    """Return the icon, which browsers ask for at this address."""
    icon = (files("consult.cli.web") / "icon.svg").read_bytes()
    return Response(icon, media_type="image/svg+xml", headers={"cache-control": "private, max-age=86400"})


def _mistake(request: Request, error: Exception) -> Response:
    if isinstance(error, UnknownNameError):
        return _html(view_pages.unknown(error), 404)
    return _html(view_pages.failed(str(error)), 503)


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {
        404: f"There is no page '{request.url.path}' here.",
        405: "These pages are read-only; use GET or HEAD.",
    }.get(error.status_code, error.detail)
    page = _html(view_pages.failed(sentence), error.status_code)
    page.headers.update(error.headers or {})
    return page


def _defect(request: Request, error: Exception) -> Response:
    return _html(view_pages.failed("This page failed; the terminal in which consult view runs says why."), 500)
