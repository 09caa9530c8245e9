"""Instants and lengths of time as a person reads them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from services.rules.catalogue import NBSP
from services.rules.mood_days import wall_clock

DAYS_WITHOUT_YEAR = 300


class Clock:
    """Instants as a person reads them."""

    def __init__(self, now: datetime, zone: tzinfo) -> None:
        self.now, self.zone = now, zone

    def at(self, moment: datetime) -> str:
        """`22:05`, with the day when it is another one."""
        local, today = wall_clock(moment, self.zone), self.now.astimezone(self.zone).date()
        if local.date() == today:
            return local.strftime("%H:%M")
        # Within a year the day says enough.
        near = abs(local.date() - today).days < DAYS_WITHOUT_YEAR
        return local.strftime("%a %d %b, %H:%M" if near else "%a %d %b %Y, %H:%M")

    def ago(self, moment: datetime) -> str:
        """`22:05 (12 min ago)`."""
        passed = self.now - moment
        if passed < timedelta(minutes=1):
            return f"{self.at(moment)} (just now)"
        return f"{self.at(moment)} ({span(passed)}{NBSP}ago)"

    def ahead(self, moment: datetime) -> str:
        """`22:05 (in 12 min)`; what is overdue is due now."""
        if moment <= self.now:
            return f"{self.at(moment)} (now)"
        return f"{self.at(moment)} (in {span(moment - self.now)})"


def span(length: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes}{NBSP}min"
    hours = minutes // 60
    return f"{hours}{NBSP}h" if hours < 48 else f"{hours // 24}{NBSP}days"
