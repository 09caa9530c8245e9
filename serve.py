"""Serves the API: `python -m serve` with Granian's options, which `api.front.command` prints.

The program is loaded once, here, and the processes that answer are forked from this one: what they
have in common is in memory once, and one that takes the place of another need not load it again.
Nothing is open at the fork: no connection, no thread.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module


def load() -> None:
    """Load what every process of the API needs."""
    # All of it stays: looking for garbage meanwhile takes a third of the time and finds none.
    gc.disable()
    # structlog would load rich for tracebacks in colour, which no log of ours has.
    sys.modules["rich"] = None  # type: ignore[assignment] # so it is not there
    import_module("structlog")
    del sys.modules["rich"]
    import_module("granian.cli")
    app = import_module("wsgi").app
    with app.app_context():
        for engine in import_module("models.database").db.engines.values():
            engine.dispose()


if __name__ == "__main__":
    load()
    sys.exit(import_module("granian.cli").entrypoint())
