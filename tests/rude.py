"""A chat server on loopback that is as polite or as rude as a test wants; it remembers all that it was sent."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from consult.agents.models.server.server_probe import INVENT, YES


def completion(text, model="tiny", **more):
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return {"model": model, "choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage, **more}


class Server:
    """Serves until `close`.

    Args:
        answer: Called with handler and body for each chat; gives the text of a polite reply, or a dict to send as it
            is, or None where it has answered itself.
        listed: The ids of the list of models; a callable takes the handler and answers itself.
        sees: Whether pictures cost tokens.
        schemas: Whether a text that answers the greeting keeps to a schema.
        samples: Whether a text that answers the greeting depends on the seed.
    """

    def __init__(self, answer=lambda handler, body: "Yes.", listed=("tiny",), sees=True, schemas=True, samples=True):
        self.answer, self.listed, self.sees, self.schemas, self.samples = answer, listed, sees, schemas, samples
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight, self.most = 0, 0
        self.done = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # headers and body leave at once; else each reply waits 40 ms

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.headers.append(dict(self.headers))
                if callable(outer.listed):
                    return outer.listed(self)
                return say(self, {"object": "list", "data": [{"id": name} for name in outer.listed]})

            def do_POST(self):
                outer.headers.append(dict(self.headers))
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._lock:
                    outer.bodies.append(body)
                    outer.in_flight += 1
                    outer.most = max(outer.most, outer.in_flight)
                try:
                    if outer.done.is_set():
                        self.close_connection = True  # dead, but for the connections that were open
                    else:
                        outer._reply(self, body)
                finally:
                    with outer._lock:
                        outer.in_flight -= 1

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever asked has hung up
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def _reply(self, handler, body):
        answer = self.answer(handler, body)
        if isinstance(answer, str):
            answer = self._greeted(answer, body) if is_probe(body) else answer
            pictures = sum(isinstance(m["content"], list) for m in body["messages"])
            answer = completion(answer, body["model"])
            answer["usage"]["prompt_tokens"] += 16 * pictures * self.sees
        if answer is not None:
            say(handler, answer)

    def _greeted(self, answer, body):
        if "response_format" in body and self.schemas:
            return json.dumps(
                {"choice": body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"][0]}
            )
        return f"Mog {body['seed']} sat on the mat." if last(body) == INVENT and self.samples else answer

    @property
    def base(self):
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    @property
    def asked(self):
        """Bodies of what was asked beyond the greeting."""
        return [body for body in self.bodies if not is_probe(body)]

    def close(self):
        self.done.set()
        self.http.shutdown()
        self.http.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def last(body):
    """Give the text of the last message."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def is_probe(body):
    """Tell whether a request belongs to the greeting."""
    return last(body) in (YES, INVENT) or (last(body).endswith(f"\n{YES}") and body["max_tokens"] <= 64)


def say(handler, data, status=200, headers=(), kind="application/json"):
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


def after_greeting(rude):
    """Be polite to the greeting and rude to whatever is asked then."""

    def answer(handler, body):
        return "Yes." if is_probe(body) else rude(handler, body)

    return answer


# -- ways to be rude, each a function of handler and body ------------------------------------------------------------


def busy(handler, body):
    say(handler, {"error": {"message": "slow down"}}, 429)


def broken(handler, body):
    say(handler, {"error": {"message": "something broke"}}, 500)


def hanging(handler, body):
    time.sleep(8)


def dripping(handler, body):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(80):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def html(handler, body):
    say(handler, b"<!DOCTYPE html><html><title>Sign in</title></html>", kind="text/html")


def truncated(handler, body):
    say(handler, json.dumps(completion("Yes.")).encode()[:-20])


def deep(handler, body):
    say(handler, b"[" * 200_000)


def hung_up(handler, body):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"model": "tiny", "cho')
    handler.close_connection = True


def huge(handler, body):
    say(handler, b'{"choices": "' + b"x" * 30_000_000 + b'"}')


def escaping(handler, body):
    words = "\x1b[2J\x1b]0;owned\x07no\u202e such\nthing\x1b[31m " + "x" * 5000
    say(handler, {"error": {"message": words}}, 400)


def redirecting(handler, body):
    say(handler, {}, 307, [("Location", "http://127.0.0.1:9/v1/chat/completions")])


def nothing_in_it(handler, body):
    say(handler, {"choices": []})


def as_another(handler, body):
    return completion("Yes.", "another")
