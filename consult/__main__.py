"""`consult` and `python -m consult`."""

import sys


def main() -> None:
    """Run the command line; an interrupt is a sentence from the first import on."""
    try:
        from consult.cli.main import run

        run()
    except KeyboardInterrupt:
        print("consult: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
