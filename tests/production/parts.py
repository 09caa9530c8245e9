"""What is proved of production, in this order."""

from __future__ import annotations

from tests.production import guide, restore
from tests.production.failover.part import failovers
from tests.production.growth import growing
from tests.production.kills.part import kills
from tests.production.nodes import part as nodes
from tests.production.part import Part
from tests.production.soak.part import soak
from tests.production.units import part as units
from tests.production.upgrade import upgrading
from tests.production.watching.part import watching
from tests.production.workers import workers


def all_parts() -> list[Part]:
    """A line for each part."""
    return [
        *guide.parts(),
        restore.part(),
        nodes.part(),
        units.part(),
        Part("watching", watching),
        Part("failover", failovers),
        Part("workers", workers),
        Part("kills", kills),
        Part("upgrade", upgrading),
        Part("soak", soak),
        Part("growth", growing),
    ]
