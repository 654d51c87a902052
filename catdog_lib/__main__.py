"""``python -m catdog_lib`` is the ``catdog`` command."""

from catdog_lib.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
