"""`consult` and `python -m consult`."""

import os
import sys


def main() -> None:
    """Run the command line; print one sentence on an interrupt, even during the first import."""
    try:
        # Read when torch is loaded. Threads that spin while they wait make a consultation seven times slower as soon as
        # another program needs the core.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from consult.cli.main import run

        run()
    except KeyboardInterrupt:
        print("consult: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
