"""Run one part, as `python -m benchmarks.speed servers`; each takes `--json FILE` and prints a Markdown table."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

PARTS = {
    "decoding": "a run against a loop and against stock batches",
    "sampling": "one step of sampling beside transformers' own",
    "servers": "how busy a run keeps servers",
    "replicas": "several copies of a model against one process",
    "outside": "everything that is not a model, a turn",
    "memory": "growth of memory with the number of consultations",
    "first": "time to the first transcript",
    "report": "a report of very many consultations",
    "training": "a GRPO step against bare TRL's",
    "growth": "time a turn over cases, turns, panel and vocabulary, as a plot",
}


def main() -> None:
    """Measure a part and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    commands = parser.add_subparsers(dest="part", required=True)
    # Only the part that is asked for is imported: some import training libraries.
    asked_for = next((word for word in sys.argv[1:] if word in PARTS), None)
    for name, what in PARTS.items():
        part = import_module(f"benchmarks.speed.{name}") if name == asked_for else None
        command = commands.add_parser(name, help=what, description=part.__doc__ if part else what)
        if part is not None:
            part.add_options(command)
    asked = parser.parse_args()
    import_module(f"benchmarks.speed.{asked.part}").run(asked)


if __name__ == "__main__":
    main()
