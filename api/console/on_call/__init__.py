"""On call: who is on now, the calendar, overrides, how one is reached, and drills."""

from __future__ import annotations

from api.console.on_call import (  # noqa: F401 -- they add their routes
    contact,
    drills,
    links,
    overrides,
    rota,
    schedules,
    swaps,
)
