"""The outcomes as a chart: shares by group, and how long responses lasted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.reports.cohort.outcomes import Outcomes
from services.reports.pictures.captions import made_words
from services.reports.pictures.cohort import cohort_svg
from services.reports.pictures.survival import Reference
from services.rules.cohort.document import CAUTION, PUBLISHED_OF, all_figures, published_marks
from services.rules.cohort.figures import GroupFigures
from services.rules.wire import instant

# Distinguished by colour and dashes, a reader follows no more curves than this.
MOST_GROUPS: Final = 6


def outcomes_svg(outcomes: Outcomes) -> str:
    """The whole phases first, then the largest of their products by route, as SVG."""
    thresholds = outcomes.cohort.thresholds
    window = thresholds.window
    every = all_figures(outcomes.cohort)
    groups = shown_groups(every)
    left_out = _parts(every)[len(_parts(groups)) :]
    notes = [CAUTION, PUBLISHED_OF]
    if any(found.small for found in groups):
        few = thresholds.shown.small_group
        notes.append(f"small: fewer than {few} outcomes; missing: everybody without one by now.")
    if left_out:
        notes.append(f"{len(left_out)} smaller groups are in the table (JSON, CSV).")
    made = made_words(thresholds.version, outcomes.at)
    notes.append(f"Data cut: {instant(outcomes.as_of)}  ·  {made}")
    chosen = [f"{name}: {value}" for name, value in outcomes.filters().items() if value]
    return cohort_svg(
        [(_label(found), found) for found in groups],
        title=f"Outcomes {window.first_day}-{window.last_day} days after a course",
        under=", ".join(chosen) or "all courses",
        references=[
            Reference(days, percent / 100, f"McInnes 2022, {days} days")
            for days, percent in published_marks(thresholds)
        ],
        notes=notes,
    )


def shown_groups(groups: Sequence[GroupFigures]) -> list[GroupFigures]:
    """The groups of the chart: phases, then products by route, most courses first."""
    phases = [found for found in groups if found.group.by == "phase"]
    return [*phases, *_parts(groups)][:MOST_GROUPS]


def _parts(groups: Sequence[GroupFigures]) -> list[GroupFigures]:
    parts = [found for found in groups if found.group.by == "product_route"]
    return sorted(parts, key=lambda found: -found.tally.courses)


def _label(found: GroupFigures) -> str:
    group = found.group
    label = ", ".join(word for word in (group.phase, group.product, group.route) if word)
    return f"{label} (small)" if found.small else label
