"""Where the tools print for whoever looks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rich.console import Console


class Terminal(Console):
    """A terminal that is closed, a pipe without a reader or a full disk stops nothing."""

    def print(self, *objects: Any, **style: Any) -> None:
        """Print, if somebody takes it."""
        with suppress(OSError):
            super().print(*objects, **style)

    def on_broken_pipe(self) -> None:
        """Print nothing more: the library would end the process."""
        self.quiet = True
