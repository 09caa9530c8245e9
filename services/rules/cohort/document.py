"""The cohort outcomes as JSON and as rows of a table, with the words that say what they mean.

Every number is rounded once, here: to the nearest double, or an integer when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from services.rules.cohort.course import FATES
from services.rules.cohort.figures import GroupFigures, Share, SurvivalMark, Sustained, figures_of
from services.rules.cohort.numbers import CohortThresholds
from services.rules.cohort.tally import SHARES, Cohort
from services.rules.wire import Json, number, step

CAUTION = "Self-selected completers; not a patient's expected chance."
SMALL_GROUPS = (
    "Groups with few outcomes are marked `small` and not hidden: whoever may see this page may see"
    " each of these patients or the whole clinic's numbers already, and nothing leaves the clinic."
)
PUBLISHED_OF = (
    "McInnes 2022 (PMID 35027209): IV ketamine in routine care; lay beside it an induction of"
    " ketamine by iv on the same schedule (group 'strict')."
)


def definitions(thresholds: CohortThresholds) -> Mapping[str, str]:
    """How each figure is made; the numbers are those of the thresholds in use."""
    window, strict, marks = thresholds.window, thresholds.strict, thresholds.sustained
    change, keep_days = thresholds.measures.change, thresholds.measures.baseline.keep_days
    return {
        "unit": "A course with at least one session; cancelled and planned sessions do not count."
        " `from` and `to` bound the mood day of its last session. A patient with two courses"
        " counts twice; `patients` counts them once.",
        "baseline": "The two-week PHQ-9 before the course (status `established`); a course within"
        f" {keep_days} days of another keeps its baseline. Else"
        " `baseline_missing`.",
        "outcome": f"The last complete two-week PHQ-9 {window.first_day}-{window.last_day} mood"
        " days after the last session and before any further session; forms entered late count on"
        " their day.",
        "pending": f"Not yet {window.last_day} days since the last session, or more are planned in"
        " the course: early answers would stand for all.",
        "retreated": "Another session, of any course, came before such a form.",
        "missing": "No such form, and no further session within the window.",
        "n": "Courses with a baseline and an outcome. courses = n + pending + baseline_missing +"
        " retreated + missing; percentages are of those observed, nothing is imputed.",
        "response": f"At least {change.response_percent} % below a baseline of at least"
        f" {change.percent_from_baseline}, among `n` of these (`below_limit`: lower baselines).",
        "remission": f"Below {change.remission_below}, among the same.",
        "worsened": "Any rise above the baseline, among all with an outcome.",
        "worsened_reliably": f"A rise of at least {change.reliable_points}, among all with an"
        " outcome.",
        "item9_lower": "Item 9 lower than at baseline, among those with item 9 >= 1 there; item 9"
        " is the highest of the day.",
        "item9_zero": "Item 9 of 0, among those with item 9 >= 1 at baseline.",
        "item9_higher": "Item 9 higher than at baseline, among all with both.",
        "interval": f"{thresholds.shown.interval_percent} % Wilson score interval; courses are"
        " taken as independent.",
        "sustained": "Kaplan-Meier from the first response reading (at most"
        f" {window.last_day} days after the last session) to the loss of the response (rule M3),"
        " censored at the last form before any further session and after"
        f" {marks.horizon_days} days. Who is treated again because it wears off is censored, so"
        " the curve may flatter. Shares are null once nobody is observed.",
        "maintenance": "Counted likewise from the last session of the maintenance course; the"
        " published table is about induction.",
        "strict": f"Inductions of {strict.min_sessions}-{strict.max_sessions} sessions in"
        f" {strict.min_days}-{strict.max_days} days, as published.",
        "route": "`mixed`: the sessions of the course differ; `none`: a treatment without a route.",
    }


Cell = str | int | float | bool | None

WITHOUT_OUTCOME = tuple(fate for fate in FATES if fate != "counted")


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
    table = thresholds.published
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
            {"days": days, "percent": percent} for days, percent in published_marks(thresholds)
        ],
    }


def published_marks(thresholds: CohortThresholds) -> tuple[tuple[int, float], ...]:
    """Return the published shares still responding: (days, percent)."""
    table, marks = thresholds.published, thresholds.sustained
    return (
        (marks.first_mark_days, table.sustained_first_mark),
        (marks.second_mark_days, table.sustained_second_mark),
    )


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
    return {
        "by": group.by,
        "phase": group.phase,
        "product": group.product,
        "route": group.route,
        "patients": tally.patients,
        "courses": tally.courses,
        "strict": tally.strict,
        "n": found.n,
        **{fate: tally.fates[fate] for fate in WITHOUT_OUTCOME},
        "small": found.small,
        "below_limit": found.n - found.shares["response"].n,
        "baseline_mean": number(found.baseline_mean),
        "outcome_mean": number(found.outcome_mean),
    }


def _share(share: Share) -> dict[str, Cell]:
    return {
        "count": share.count,
        "n": share.n,
        "percent": number(share.percent),
        "low": share.low,
        "high": share.high,
    }


def _sustained(found: Sustained) -> Json:
    return {
        "n": found.n,
        "lost": found.lost,
        "censored": found.censored,
        "marks": [_mark(one) for one in found.marks],
        "steps": [step(one) for one in found.curve],
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


def _mark(mark: SurvivalMark) -> Json:
    return {"days": mark.days, "percent": _percent(mark.share), "at_risk": mark.at_risk}


def _percent(share: Fraction | None) -> int | float | None:
    return None if share is None else number(100 * share)
