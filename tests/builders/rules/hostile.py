"""Values that raise whenever they are looked at, for rules that nothing may make raise."""

from __future__ import annotations

from typing import Any, NoReturn


class Hostile:
    """Raises in everything that a comparison, a look-up or a walk might call."""

    def _raise(self, *_: Any) -> NoReturn:
        raise RuntimeError

    __eq__ = __hash__ = __iter__ = __len__ = __bool__ = __int__ = _raise
    __gt__ = __ge__ = __lt__ = __le__ = _raise
    __getitem__ = __contains__ = items = keys = __str__ = __repr__ = _raise


class HostileText(str):
    """A word that cannot be compared."""

    __slots__ = ()

    def __eq__(self, other: object) -> NoReturn:
        raise RuntimeError

    __hash__ = str.__hash__
