"""Run one part, as `python -m benchmarks.speed servers`; each takes `--json FILE` and prints a Markdown table."""

from __future__ import annotations

import argparse

from benchmarks.speed import decoding, servers

PARTS = {"decoding": decoding, "servers": servers}


def main() -> None:
    """Measure a part and print its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    commands = parser.add_subparsers(dest="part", required=True)
    for name, part in PARTS.items():
        part.add_options(commands.add_parser(name, description=part.__doc__))
    asked = parser.parse_args()
    PARTS[asked.part].run(asked)


if __name__ == "__main__":
    main()
