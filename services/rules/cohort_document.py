"""The cohort outcomes as JSON and as rows of a table.

Every number is rounded once, here: to the nearest double, or an integer when it is whole.
"""

from collections.abc import Iterator
from fractions import Fraction

from services.rules.cohort import FATES
from services.rules.cohort_figures import GroupFigures, Mark, Share, Sustained, figures_of
from services.rules.cohort_tally import Cohort
from services.rules.cohort_thresholds import CohortThresholds
from services.rules.cohort_words import CAUTION, PUBLISHED_OF, SMALL_GROUPS, definitions
from services.rules.kaplan_meier import Step
from services.rules.statistics import Exact, as_number

Json = dict[str, object]
Cell = str | int | float | bool | None

WITHOUT_OUTCOME = tuple(fate for fate in FATES if fate != "counted")
SHARES = (
    "response",
    "remission",
    "worsened",
    "worsened_reliably",
    "item9_lower",
    "item9_zero",
    "item9_higher",
)


def cohort_document(cohort: Cohort) -> Json:
    """Return the fields of the cohort JSON that come from the courses and the rule set."""
    return {
        "rules_version": cohort.thresholds.version,
        "caution": CAUTION,
        "small_groups": SMALL_GROUPS,
        "definitions": dict(definitions(cohort.thresholds)),
        "published": published(cohort.thresholds),
        "groups": [group_json(found) for found in all_figures(cohort)],
    }


def all_figures(cohort: Cohort) -> list[GroupFigures]:
    """Return the figures of every group, in a fixed order."""
    return [figures_of(group, tally, cohort.thresholds) for group, tally in cohort.groups()]


def published(thresholds: CohortThresholds) -> Json:
    """Return the published table, percentages 0-100."""
    table, marks = thresholds.published, thresholds.sustained
    return {
        "of": PUBLISHED_OF,
        "n": table.people,
        "people_treated": table.people_treated,
        "response": table.response,
        "remission": table.remission,
        "item9_lower": table.item9_lower,
        "worsened": table.worsened,
        "item9_higher": table.item9_higher,
        "sustained": [
            {"days": marks.first_mark_days, "percent": table.sustained_first_mark},
            {"days": marks.second_mark_days, "percent": table.sustained_second_mark},
        ],
    }


def group_json(found: GroupFigures) -> Json:
    """Return one group; `n` courses have an outcome."""
    return {
        **_cells(found),
        **{name: _share(found.shares[name]) for name in SHARES},
        "sustained": _sustained(found.sustained),
    }


def table_rows(cohort: Cohort) -> Iterator[dict[str, Cell]]:
    """Yield one flat row per group, every row with the same columns; percentages 0-100."""
    for found in all_figures(cohort):
        row = _cells(found)
        for name in SHARES:
            row |= {f"{name}_{key}": cell for key, cell in _share(found.shares[name]).items()}
        yield row | _sustained_cells(found.sustained) | {"caution": CAUTION}


def _cells(found: GroupFigures) -> dict[str, Cell]:
    tally, group = found.tally, found.group
    n = tally.fates.get("counted", 0)
    return {
        "by": group.by,
        "phase": group.phase,
        "product": group.product,
        "route": group.route,
        "patients": tally.patients,
        "courses": tally.courses,
        "strict": tally.strict,
        "n": n,
        **{fate: tally.fates.get(fate, 0) for fate in WITHOUT_OUTCOME},
        "small": found.small,
        "below_limit": n - tally.judged,
        "baseline_mean": _number(found.baseline_mean),
        "outcome_mean": _number(found.outcome_mean),
    }


def _share(share: Share) -> dict[str, Cell]:
    return {
        "count": share.count,
        "n": share.n,
        "percent": _number(share.percent),
        "low": share.low,
        "high": share.high,
    }


def _sustained(found: Sustained) -> Json:
    return {
        "n": found.n,
        "lost": found.lost,
        "censored": found.censored,
        "marks": [_mark(one) for one in found.marks],
        "steps": [_step(one) for one in found.curve],
    }


def _sustained_cells(found: Sustained) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        "sustained_n": found.n,
        "sustained_lost": found.lost,
        "sustained_censored": found.censored,
    }
    for one in found.marks:
        cells[f"sustained_{one.days}_days_percent"] = _percent(one.share)
        cells[f"sustained_{one.days}_days_at_risk"] = one.at_risk
    return cells


def _mark(mark: Mark) -> Json:
    return {"days": mark.days, "percent": _percent(mark.share), "at_risk": mark.at_risk}


def _step(step: Step) -> Json:
    return {
        "days": step.days,
        "at_risk": step.at_risk,
        "events": step.events,
        "censored": step.censored,
        "survival": as_number(step.survival),
    }


def _percent(share: Fraction | None) -> int | float | None:
    return None if share is None else as_number(100 * share)


def _number(value: Exact | None) -> int | float | None:
    return None if value is None else as_number(value)
