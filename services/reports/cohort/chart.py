"""The outcomes as a chart: shares by group, and how long responses lasted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.reports.cohort.outcomes import Outcomes
from services.reports.pictures.cohort import cohort_svg
from services.reports.pictures.survival import Reference

# Told apart by colour and dashes, a reader follows no more curves than this.
MOST_GROUPS: Final = 6
TITLE: Final = "Outcomes 14-31 days after a course"


def outcomes_svg(outcomes: Outcomes, title: str = TITLE) -> str:
    """The whole phases first, then the largest of their products by route, as SVG."""
    document = outcomes.document()
    groups = shown_groups(document["groups"])
    left_out = sum(group["by"] == "product_route" for group in document["groups"]) - sum(
        group["by"] == "product_route" for group in groups
    )
    notes = [document["caution"], document["published"]["of"]]
    if any(group["small"] for group in groups):
        few = outcomes.cohort.thresholds.shown.small_group
        notes.append(f"small: fewer than {few} outcomes; missing: everybody without one by now.")
    if left_out:
        notes.append(f"{left_out} smaller groups are in the table (JSON, CSV).")
    return cohort_svg(
        [_drawn(group) for group in groups],
        title=title,
        under=_filters(document["filters"]),
        references=[
            Reference(mark["days"], mark["percent"] / 100, f"McInnes 2022, {mark['days']} days")
            for mark in document["published"]["sustained"]
        ],
        notes=notes,
    )


def shown_groups(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The groups of the chart: phases, then products by route, most courses first."""
    phases = [group for group in groups if group["by"] == "phase"]
    parts = [group for group in groups if group["by"] == "product_route"]
    parts.sort(key=lambda group: -group["courses"])
    return [*phases, *parts][:MOST_GROUPS]


def _drawn(group: Mapping[str, Any]) -> dict[str, Any]:
    words = [group["phase"], group["product"], group["route"]]
    label = ", ".join(word for word in words if word is not None)
    return {
        "label": f"{label} (small)" if group["small"] else label,
        "n": group["n"],
        "missing": group["missing"] + group["baseline_missing"] + group["retreated"],
        "response": group["response"],
        "remission": group["remission"],
        "worsened": group["worsened"],
        "more_item9": group["item9_higher"],
        "curve": group["sustained"]["steps"],
    }


def _filters(asked: Mapping[str, Any]) -> str:
    """What was asked, in a line."""
    chosen = [f"{name}: {value}" for name, value in asked.items() if value]
    return ", ".join(chosen) or "all courses"
