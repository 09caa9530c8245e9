"""What is proved of production, in this order."""

from __future__ import annotations

from tests.production import backup_units, guide, restore
from tests.production.failover.part import failovers
from tests.production.part import Part
from tests.production.watching import watching


def all_parts() -> list[Part]:
    """A line for each part."""
    return [
        *guide.parts(),
        restore.part(),
        backup_units.part(),
        Part("watching", watching),
        Part("failover", failovers),
    ]
