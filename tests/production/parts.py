"""Every part of `make prove-production`, in the order in which they run."""

from __future__ import annotations

from tests.production import guide
from tests.production.part import Part


def all_parts() -> list[Part]:
    """A line for each part."""
    return [*guide.parts()]
