"""The outcomes of a clinic in the forms that they are read in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from services.access import Actor
from services.reports.cohort.chart import outcomes_svg
from services.reports.cohort.outcomes import Asked, Outcomes, get_outcomes
from services.reports.cohort.table import groups_csv

# By media type, the name of the file; anything else is the document.
FILES: Final = {"text/csv": "cohort.csv", "image/svg+xml": "cohort.svg"}
_DRAWN: Final[Mapping[str, Callable[[Outcomes], str]]] = {
    "text/csv": groups_csv,
    "image/svg+xml": outcomes_svg,
}


def get_outcomes_in(actor: Actor, media_type: str, asked: Asked, now: datetime) -> Any:
    """The outcomes as a table or a chart, else the document. Raises what `get_outcomes` raises."""
    outcomes = get_outcomes(actor, asked, now)
    drawn = _DRAWN.get(media_type)
    return outcomes.document() if drawn is None else drawn(outcomes)
