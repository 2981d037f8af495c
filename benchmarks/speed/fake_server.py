"""A chat server without a model: it plays every role, and each reply follows from the request alone.

Run: python benchmarks/speed/fake_server.py PORT [--mean SECONDS] [--sigma 0.5] [--name fake] [--weights v1]

Latencies are log-normal and follow from the request too, so that two runs wait for the same times. `GET /busy` tells
how many requests there were, the sum of their latencies and when the first one came and the last one left; the requests
of the probe, with which a client finds out what a server supports, are answered at once and not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import random
import threading
import time
from typing import Any

PROBES = ("Say yes.", "Invent a name for a cat and a short rhyme about it.")
LINES = (
    "It itches.",
    "It has been there for three weeks.",
    "I do not know.",
    "It is on my arm, and it burns.",
    "Thank you, doctor.",
    "Where is it?",
    "Does anyone in your family have it?",
    "It looks dry and red.",
)


class FakeServer:
    """Serves on loopback until the process ends, or `close`.

    Args:
        port: The port; 0 for a free one.
        mean: Mean latency in seconds.
        sigma: Standard deviation of the latency's logarithm.
        name: The name of the model.
        weights: Names the weights; another word is another revision.
    """

    def __init__(
        self, port: int = 0, *, mean: float = 0.0, sigma: float = 0.5, name: str = "fake", weights: str = "v1"
    ) -> None:
        self.port, self.mean, self.sigma, self.name, self.weights = port, mean, sigma, name, weights
        self.asked: list[dict[str, Any]] = []
        """Bodies of the requests beyond the probe's."""
        self.work, self.first, self.last = 0.0, 0.0, 0.0
        self.in_flight, self.most = 0, 0

    @property
    def base(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, ready: threading.Event | None = None) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        if ready is not None:
            ready.set()
        async with server:
            await server.serve_forever()

    def __enter__(self) -> FakeServer:
        """Serve in a thread."""
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self.serve(ready))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def close(self) -> None:
        """Stop serving; open connections are cut."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- HTTP ------------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = next((int(line.split(":")[1]) for line in head.split("\r\n") if "content-length" in line), 0)
                body = await reader.readexactly(length)
                content = json.dumps(await self._answered(head.split(" ")[1], body)).encode()
                kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                writer.write(kind + str(len(content)).encode() + b"\r\n\r\n" + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answered(self, path: str, body: bytes) -> Any:
        if path.endswith("/models"):
            return {"object": "list", "data": [{"id": self.name, "root": self.weights, "max_model_len": 32768}]}
        if path.endswith("/busy"):
            return {"requests": len(self.asked), "work": self.work, "first": self.first, "last": self.last}
        asked = json.loads(body)
        words = "\n".join(texts(asked))
        if any(words.endswith(probe) for probe in PROBES):
            return self._completion(asked, words)
        return await self._late(asked, words)

    async def _late(self, asked: dict[str, Any], words: str) -> Any:
        drawn = random.Random(f"latency {seed_of(asked)}")
        seconds = self.mean * drawn.lognormvariate(-(self.sigma**2) / 2, self.sigma)
        began = time.monotonic()
        self.first = self.first or began
        self.asked.append(asked)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await asyncio.sleep(seconds)
            return self._completion(asked, words)
        finally:
            self.in_flight -= 1
            self.last = time.monotonic()
            self.work += self.last - began

    def _completion(self, asked: dict[str, Any], words: str) -> Any:
        text = said(asked)
        pictures = sum(isinstance(message["content"], list) for message in asked["messages"])
        usage = {"prompt_tokens": len(words) // 4 + 16 * pictures, "completion_tokens": math.ceil(len(text) / 4)}
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return {"model": self.name, "choices": [choice], "usage": usage}


# -- what it says ------------------------------------------------------------------------------------------------------


def texts(asked: dict[str, Any]) -> list[str]:
    """Return the texts of a request's messages."""
    contents = [message["content"] for message in asked["messages"]]
    return [content if isinstance(content, str) else content[-1]["text"] for content in contents]


def seed_of(asked: dict[str, Any]) -> str:
    """Return a seed of the request: of its seed and its words."""
    return hashlib.sha256(json.dumps([asked["seed"], texts(asked)]).encode()).hexdigest()


def said(asked: dict[str, Any]) -> str:
    """Return the reply: the schema filled at random, or a line, by the request's seed."""
    rng = random.Random(seed_of(asked))
    if "response_format" in asked:
        return json.dumps(filled(asked["response_format"]["json_schema"]["schema"], rng))
    return " ".join(rng.sample(LINES, 2))


def filled(schema: dict[str, Any], rng: random.Random) -> Any:
    """Return a random value of a JSON schema."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return filled(rng.choice(schema[union]), rng)
    kind = schema.get("type")
    if kind == "object":
        return {name: filled(one, rng) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [filled(schema["items"], rng) for _ in range(schema.get("minItems", 0))]
    numbers = {"integer": 1, "number": 0.5, "boolean": True, "null": None}
    return numbers[kind] if kind in numbers else rng.choice(LINES)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--mean", type=float, default=0.0)
    parser.add_argument("--sigma", type=float, default=0.5)
    parser.add_argument("--name", default="fake")
    parser.add_argument("--weights", default="v1")
    asked = parser.parse_args()
    server = FakeServer(asked.port, mean=asked.mean, sigma=asked.sigma, name=asked.name, weights=asked.weights)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
