"""The wire of the trend report."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from models.alerts.alert import SEVERITIES
from models.entries.check_in import CSSRS_LEVELS
from models.treatment import PHASES, PRODUCTS, ROUTES
from schemas.base import DIRECTIONS, Instant, Strict, one_of

DURATIONS = ("observed", "interval_censored", "censored", "no_effect", "unknown")
RESPONSES = ("observed", "censored", "no_response", "unknown")


def number(**kwargs: object) -> fields.Float:
    """A figure in points, null when there is none."""
    return fields.Float(required=True, allow_none=True, **kwargs)  # type: ignore[arg-type] # marshmallow's keywords


def day(**kwargs: object) -> fields.Date:
    """A mood day, null when there is none."""
    return fields.Date(required=True, allow_none=True, **kwargs)  # type: ignore[arg-type] # marshmallow's keywords


class ReportedDoseOut(Schema):
    """As it was entered."""

    value = fields.Float(required=True)
    unit = fields.String(required=True, allow_none=True)


class IntervalOut(Schema):
    """Days after the session between which the effect was lost while nobody answered."""

    low = fields.Integer(required=True)
    high = fields.Integer(required=True)


class ReportedSessionOut(Schema):
    """One treatment that had started, and what it did. `pre` and `nadir` are levels in points,
    `effect` their difference. Sessions under 48 h apart share their figures.
    """

    id = fields.UUID(required=True)
    started_at = Instant(required=True)
    course_id = fields.UUID(required=True)
    place = fields.Integer(
        required=True, data_key="number", metadata={"description": "its place in the course"}
    )
    product = one_of(PRODUCTS, required=True)
    route = one_of(ROUTES, required=True, allow_none=True)
    dose = fields.Nested(ReportedDoseOut, required=True, allow_none=True)
    pre = number()
    pre_is_floor = fields.Boolean(required=True)
    nadir = number()
    nadir_on = day()
    observed_days = fields.Integer(required=True)
    effect = number()
    shares_window_with = fields.List(fields.UUID(), required=True)
    duration_days = fields.Integer(required=True, allow_none=True)
    duration_status = fields.String(required=True, validate=validate.OneOf(DURATIONS))
    interval = fields.Nested(IntervalOut, required=True, allow_none=True)
    censored_by = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(("next_session", "last_entry"))
    )


class StepOut(Schema):
    """The share that still holds after a day, and who was followed up to it."""

    days = fields.Integer(required=True)
    at_risk = fields.Integer(required=True)
    events = fields.Integer(required=True)
    censored = fields.Integer(required=True)
    survival = fields.Float(required=True)


class MedianIntervalOut(Schema):
    """Where the median lies, over both curves; null for an end that is not reached."""

    percent = fields.Integer(required=True)
    low = fields.Integer(required=True, allow_none=True)
    high = fields.Integer(required=True, allow_none=True)


class EffectDurationOut(Schema):
    """Kaplan-Meier over the sessions (each shared window once), from 3 that were followed on.

    A loss that is known only as an interval counts at its end in `curve` and at its beginning in
    `curve_earliest` (absent in cuts of before).
    """

    n = fields.Integer(required=True)
    events = fields.Integer(required=True)
    censored = fields.Integer(required=True)
    no_effect = fields.Integer(required=True)
    unmeasured = fields.Integer(required=True)
    median_days = fields.Integer(required=True, allow_none=True)
    median_earliest_days = fields.Integer(allow_none=True)
    median_interval = fields.Nested(MedianIntervalOut)
    curve = fields.List(fields.Nested(StepOut), required=True)
    curve_earliest = fields.List(fields.Nested(StepOut))


class OnsetOut(Schema):
    """When relief set in after the first session; hours on the first two days."""

    on = fields.Date(required=True)
    days = fields.Integer(required=True)
    hours = number()


class CourseFiguresOut(Schema):
    """The course that began last; how long the response held after the last induction session."""

    id = fields.UUID(required=True)
    product = one_of(PRODUCTS, required=True)
    phase = one_of(PHASES, required=True)
    started_on = fields.Date(required=True)
    ended_on = day()
    sessions = fields.Integer(required=True)
    last_induction_on = day()
    response_duration_days = fields.Integer(required=True, allow_none=True)
    response_status = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(RESPONSES)
    )


class RelapseOut(Schema):
    """Rule M3: `on` is the first reading of the confirming pair."""

    on = fields.Date(required=True)
    confirmed_on = fields.Date(required=True)
    form = fields.String(required=True)


class TallyOut(Schema):
    """Different side effects, and the worst CTCAE grade."""

    count = fields.Integer(required=True)
    max_grade = fields.Integer(required=True, allow_none=True)


class ResolvedOut(Schema):
    """Gone within 24 hours of the end of the session, of those whose course is known."""

    resolved = fields.Integer(required=True)
    known = fields.Integer(required=True)
    percent = number()


class BurdenOut(TallyOut):
    """The side effects of a session; `session_id` is null for those before any."""

    session_id = fields.UUID(required=True, allow_none=True)
    acute = fields.Nested(TallyOut, required=True)
    persistent = fields.Nested(TallyOut, required=True)
    long_term = fields.Nested(TallyOut, required=True)
    resolved_within_24h = fields.Nested(ResolvedOut, required=True)


BASELINES = ("established", "provisional", "missing")
STATUSES = (
    "baseline_missing",
    "baseline_only",
    "worse",
    "minimal_symptoms",
    "no_response",
    "remission",
    "response",
    "partial_response",
)
RELIABLE_CHANGES = ("none", "possible", "reliable")
LAST_REVISION = 2_147_483_647


class TrendQuery(Strict):
    """`GET /v1/patients/{id}/trend`: `from` and `to` are mood days, both included."""

    instrument = fields.String(load_default="phq9")
    from_day = fields.Date(data_key="from")
    to_day = fields.Date(data_key="to")
    cut = fields.Integer(
        validate=validate.Range(min=0, max=LAST_REVISION),
        metadata={"description": "the report as of this revision of the patient"},
    )


class CutOut(Schema):
    """The revision that the report rests on, and when its newest entry was received."""

    revision = fields.Integer(required=True)
    at = Instant(required=True)


class BaselineOut(Schema):
    """Where the patient started; `on` is the last mood day that it rests on."""

    value = number()
    on = day()
    status = fields.String(required=True, validate=validate.OneOf(BASELINES))


class CurrentOut(Schema):
    """The last day value."""

    value = number()
    on = day()


class ImprovementOut(Schema):
    """Baseline minus current; `percent` is null when the baseline is below 10."""

    points = number()
    percent = number()


class WeekOut(Schema):
    """The mean of the 7 mood days that end on `current.on`, and how many were observed."""

    value = fields.Float(required=True)
    n = fields.Integer(required=True)


class RangeOut(Schema):
    """The lowest and the highest total of a mood day."""

    low = fields.Integer(required=True)
    high = fields.Integer(required=True)


class DayOut(Schema):
    """One mood day with an entry; `value` is null without a complete one."""

    mood_day = fields.Date(required=True)
    value = number()
    q9_max = fields.Integer(required=True, allow_none=True)
    entries = fields.Integer(required=True)
    session_id = fields.UUID(metadata={"description": "the session of this mood day"})
    range = fields.Nested(
        RangeOut, metadata={"description": "from the fourth complete check-in of a day on"}
    )


class AdherenceOut(Schema):
    """Check-ins of this instrument that were due, and how many of these were answered."""

    due = fields.Integer(required=True)
    answered = fields.Integer(required=True)


class OpenedAlertOut(Schema):
    """An alert as it was when it opened."""

    id = fields.UUID(required=True)
    family = fields.String(required=True)
    rule = fields.String(required=True)
    severity = one_of(SEVERITIES, required=True)
    triggered_at = Instant(required=True)


class TrendTestOut(Schema):
    """Mann-Kendall over the days of the slope: `s`, two-sided `p`, where it points."""

    s = fields.Integer(required=True)
    p = fields.Float(required=True)
    direction = fields.String(required=True, validate=validate.OneOf(("falling", "rising", "flat")))


class InstabilityOut(Schema):
    """Over the 14 mood days that end on `current.on`, from 7 observed days: the standard
    deviation and the mean square of the differences between adjacent days.
    """

    sd = fields.Float(required=True)
    mssd = number()
    n = fields.Integer(required=True)


class LevelOut(Schema):
    """The highest level of the C-SSRS of a mood day, and of which form; cuts before the second
    edition of the figures name none.
    """

    on = fields.Date(required=True)
    level = one_of(CSSRS_LEVELS, required=True)
    form = fields.String()


class Item9Out(Schema):
    """The last mood day with item 9 above 0 on any form, counted to the day of the report; null
    says nothing about safety. Cuts before the second edition of the figures know the report's own
    form only, and do not name it.
    """

    last_positive_on = day()
    days_since_positive = fields.Integer(required=True, allow_none=True)
    highest = fields.Integer(required=True, allow_none=True)
    last_positive_form = fields.String(allow_none=True)
    highest_form = fields.String(allow_none=True)
    cssrs = fields.List(fields.Nested(LevelOut), required=True)


class TrendOut(Schema):
    """The report. `content_hash`: SHA-256 of its JSON (keys sorted, no white space, UTF-8)
    without `generated_at` and `content_hash`.
    """

    patient_id = fields.UUID(required=True)
    instrument = fields.String(required=True)
    generated_at = Instant(required=True)
    data_cut = fields.Nested(CutOut, required=True)
    rules_version = fields.String(required=True)
    content_hash = fields.String(required=True)
    timezone = fields.String(required=True)
    validated = fields.Boolean(metadata={"description": "the instrument; absent in cuts of before"})
    direction = one_of(DIRECTIONS, metadata={"description": "absent in cuts of before"})
    baseline = fields.Nested(BaselineOut, required=True)
    current = fields.Nested(CurrentOut, required=True)
    improvement = fields.Nested(ImprovementOut, required=True)
    status = fields.String(required=True, allow_none=True, validate=validate.OneOf(STATUSES))
    reliable_change = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(RELIABLE_CHANGES),
        metadata={"description": "of a phq9: possible from the MCID, reliable beyond its error"},
    )
    slope_per_week = number(
        metadata={"description": "points a week; falling, rising: see `direction`"}
    )
    m7 = fields.Nested(WeekOut, required=True, allow_none=True)
    trend_test = fields.Nested(TrendTestOut, required=True, allow_none=True)
    instability = fields.Nested(InstabilityOut, required=True, allow_none=True)
    item9 = fields.Nested(Item9Out, required=True)
    series = fields.List(fields.Nested(DayOut), required=True)
    sessions = fields.List(fields.Nested(ReportedSessionOut), required=True)
    effect_duration = fields.Nested(EffectDurationOut, required=True)
    onset = fields.Nested(OnsetOut, required=True, allow_none=True)
    course = fields.Nested(CourseFiguresOut, required=True, allow_none=True)
    relapse = fields.Nested(RelapseOut, required=True, allow_none=True)
    relapses = fields.List(
        fields.Nested(RelapseOut), metadata={"description": "all; the first leads"}
    )
    adherence = fields.Nested(AdherenceOut, required=True)
    side_effects = fields.List(fields.Nested(BurdenOut), required=True)
    alerts = fields.List(fields.Nested(OpenedAlertOut), required=True)


class DifferenceQuery(Strict):
    """Two revisions of the patient; the second is the current one by default."""

    instrument = fields.String(load_default="phq9")
    from_cut = fields.Integer(required=True, validate=validate.Range(min=0, max=LAST_REVISION))
    to_cut = fields.Integer(load_default=None, validate=validate.Range(min=0, max=LAST_REVISION))


class FieldChangeOut(Schema):
    """A field of the report by its path (`current.value`, `series[2026-03-01].value`), with
    what it says in each; null where a report does not have it.
    """

    path = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class EntryChangeOut(Schema):
    """An entry that made the difference: `id` of the form, course, session ... whatever its
    version; `revision` is the one that it counts from.
    """

    kind = fields.String(required=True)
    id = fields.UUID(required=True)
    change = fields.String(required=True, validate=validate.OneOf(("added", "changed", "removed")))
    version = fields.Integer(required=True)
    revision = fields.Integer(required=True)


class DifferenceOut(Schema):
    """What changed in the report of an instrument between two cuts."""

    patient_id = fields.UUID(required=True)
    instrument = fields.String(required=True)
    before = fields.Nested(CutOut, required=True)
    after = fields.Nested(CutOut, required=True)
    # `fields` is marshmallow's own name in a schema.
    changed = fields.List(fields.Nested(FieldChangeOut), required=True, data_key="fields")
    entries = fields.List(fields.Nested(EntryChangeOut), required=True)
