"""Where the time of a call goes: functions that are named in a module are timed from outside."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from types import ModuleType
from typing import Any
from unittest.mock import patch

Named = tuple[ModuleType, str]


class Parts:
    """Milliseconds of each part, call by call."""

    def __init__(self) -> None:
        self.now: dict[str, float] = defaultdict(float)
        self.calls: list[dict[str, float]] = []

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with its time added to a part."""

        def timed(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                self.now[part] += 1000 * (time.perf_counter() - began)

        return timed

    def end_call(self, whole_ms: float) -> None:
        """Keep what was counted; what no part took is the rest."""
        named = dict(self.now)
        self.calls.append(named | {"the rest": whole_ms - sum(named.values())})
        self.now.clear()

    def medians(self) -> dict[str, float]:
        """The median of each part over all calls, in ms."""
        names = {name: None for call in self.calls for name in call}
        return {name: median(call.get(name, 0.0) for call in self.calls) for name in names}


def split(
    call: Callable[[], object], times: int, named: dict[str, Sequence[Named]]
) -> dict[str, float]:
    """The median milliseconds of each part of a call, and of the rest."""
    parts = Parts()
    with _timed(parts, named):
        for number in range(times + 1):
            began = time.perf_counter()
            call()
            parts.end_call(1000 * (time.perf_counter() - began))
            if number == 0:
                parts.calls.clear()
    return parts.medians()


def in_words(found: dict[str, float]) -> str:
    """All parts in one line."""
    return ", ".join(f"{name} {taken:.2f}" for name, taken in found.items()) + " ms"


@contextmanager
def _timed(parts: Parts, named: dict[str, Sequence[Named]]) -> Iterator[None]:
    with ExitStack() as stack:
        for part, functions in named.items():
            for module, name in functions:
                wrapped = parts.around(part, getattr(module, name))
                stack.enter_context(patch.object(module, name, wrapped))
        yield
