"""`consult` and `python -m consult`."""

import os
import sys


def main() -> None:
    """Run the command line; print one sentence on an interrupt, even during the first import."""
    _open_streams()
    try:
        # Read when torch is loaded. Threads that spin while they wait make a consultation seven times slower as soon as
        # another program needs the core.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from consult.cli.main import run

        run()
    except KeyboardInterrupt:
        print("consult: interrupted", file=sys.stderr)
        sys.exit(130)


def _open_streams() -> None:
    """Open the standard streams that are closed; else the next file, such as a store, would become one of them."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
