"""The wire of alerts."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields, validate

from models.alerts.alert import CONTACT_OUTCOMES, DISPOSITIONS, SEVERITIES, STATUSES
from models.alerts.notification import CHANNELS, NOTIFICATION_STATES
from models.entries.check_in import CSSRS_LEVELS
from models.treatment import PRODUCTS, ROUTES, VITALS_PHASES
from schemas.base import NOTE_LIMIT, Instant, PageQuery, Strict, answers_to, one_of, text
from schemas.clinicians.patients import EmergencyContactOut
from schemas.phone.check_ins import answers

NOTE_KINDS: Final = ("note", "contact_attempt")


class AlertListQuery(PageQuery):
    """`GET /v1/alerts`; `limit` bounds the resolved ones, never those that still wait."""

    status = one_of(STATUSES)
    severity = one_of(SEVERITIES)
    patient_id = fields.UUID()


class StandingPlanIn(Strict):
    """Spares a stable item 9 of 1 its page: at most 14 days, by a clinician, after a C-SSRS."""

    until = Instant(required=True)
    reason = text(NOTE_LIMIT, required=True)


class ResolveIn(Strict):
    """`POST /v1/alerts/{id}/resolve`."""

    disposition = one_of(DISPOSITIONS, required=True)
    note = text(NOTE_LIMIT)
    standing_plan = fields.Nested(StandingPlanIn)


class NoteIn(Strict):
    """`POST /v1/alerts/{id}/notes`; `outcome` belongs to a contact attempt."""

    id = fields.UUID(metadata={"description": "client-made; the same again answers the same"})
    text = text(NOTE_LIMIT)
    kind = one_of(NOTE_KINDS)
    outcome = one_of(CONTACT_OUTCOMES)


class HandOverIn(Strict):
    """`POST /v1/alerts/{id}/hand-over`: a colleague who may act on it (`may.hand_over_to`)."""

    user_id = fields.UUID(required=True)


class FeedbackIn(Strict):
    """`POST /v1/alerts/{id}/feedback`."""

    useful = fields.Boolean(required=True, truthy={True}, falsy={False})
    note = text(NOTE_LIMIT)


class AlertRowOut(Schema):
    """One alert of the worklist."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True, allow_none=True)
    family = fields.String(required=True)
    rule = fields.String(required=True)
    rule_version = fields.String(required=True)
    severity = one_of(SEVERITIES, required=True)
    status = one_of(STATUSES, required=True)
    triggered_at = Instant(required=True)
    newest_occurrence_at = Instant(required=True)
    occurrence_count = fields.Integer(required=True)
    acknowledged_by = fields.UUID(required=True, allow_none=True)
    acknowledged_by_name = fields.String(allow_none=True)
    acknowledged_at = Instant(required=True, allow_none=True)
    resolved_at = Instant(required=True, allow_none=True)
    next_at = Instant(required=True, allow_none=True)


class AlertEffectOut(Schema):
    """One side effect as reported: a code of the list, its words, and the CTCAE grade."""

    code = fields.String(required=True)
    label = fields.String(required=True)
    grade = fields.Integer(required=True, validate=validate.Range(min=1, max=4))


class AlertVitalsOut(Schema):
    """Pressures in mmHg, heart rate per minute, SpO2 in percent, sedation as MOAA/S (5 awake to 0).

    `phase` is null when a patient sent them.
    """

    phase = one_of(VITALS_PHASES, required=True, allow_none=True)
    systolic = fields.Integer(required=True)
    diastolic = fields.Integer(required=True)
    heart_rate = fields.Integer(required=True, allow_none=True)
    spo2 = fields.Integer(required=True, allow_none=True)
    sedation = fields.Integer(required=True, allow_none=True)
    taken_at = Instant(required=True)


class WordsPartOut(Schema):
    """A piece of what the patient wrote; `matched`: a crisis term was found there."""

    text = fields.String(required=True)
    matched = fields.Boolean(required=True)


class WordsOut(Schema):
    """What the patient wrote with an entry: `text` as it was written, `parts` the same in pieces.

    `reason`: why an entry was amended.
    """

    source = one_of(("help_request", "note", "reason"), required=True)
    entry_id = fields.UUID(required=True)
    at = Instant(required=True)
    text = fields.String(required=True)
    parts = fields.List(fields.Nested(WordsPartOut), required=True)


class RecentDayOut(Schema):
    """One mood day with an answer; `value` null without a complete form."""

    mood_day = fields.Date(required=True)
    value = fields.Integer(required=True, allow_none=True)
    q9_max = fields.Integer(required=True, allow_none=True)


class RecentOut(Schema):
    """The last 14 mood days of the daily form, ascending; days without an answer are left out."""

    instrument = fields.String(required=True)
    from_ = fields.Date(required=True, data_key="from")
    to = fields.Date(required=True)
    days = fields.List(fields.Nested(RecentDayOut), required=True)


class OtherFactOut(Schema):
    """A fact of the alert beside the gravest: when it was last so, and in how many entries."""

    rule = fields.String(required=True)
    item9 = fields.Integer(required=True, allow_none=True, validate=validate.Range(min=0, max=3))
    cssrs = one_of(CSSRS_LEVELS, required=True, allow_none=True)
    instrument = fields.String(required=True, allow_none=True)
    at = Instant(required=True)
    count = fields.Integer(required=True, validate=validate.Range(min=1))


class SessionBeforeOut(Schema):
    """The last treatment session that has begun."""

    id = fields.UUID(required=True)
    started_at = Instant(required=True)
    product = one_of(PRODUCTS, required=True)
    route = one_of(ROUTES, required=True, allow_none=True)


class NewestCssrsOut(Schema):
    """The C-SSRS that was answered last, whatever it says."""

    check_in_id = fields.UUID(required=True)
    instrument = fields.String(required=True)
    level = one_of(CSSRS_LEVELS, required=True)
    recorded_at = Instant(required=True)
    answers = answers(required=True)


class OtherAlertOut(Schema):
    """Another alert of this patient that nobody has resolved."""

    id = fields.UUID(required=True)
    family = fields.String(required=True)
    rule = fields.String(required=True)
    severity = one_of(SEVERITIES, required=True)
    status = one_of(STATUSES, required=True)
    triggered_at = Instant(required=True)


class EvidenceOut(Schema):
    """What was answered or measured, of the gravest entry. `version`: which version of the form;
    null when it was no form. `findings`: what the rule looked at, of a rule beside the S rules.
    `words`: of up to 20 entries of the alert, those of the gravest first.
    """

    check_in_id = fields.UUID(required=True, allow_none=True)
    rule = fields.String(required=True)
    instrument = fields.String(required=True, allow_none=True)
    item9 = fields.Integer(required=True, allow_none=True, validate=validate.Range(min=0, max=3))
    cssrs = one_of(CSSRS_LEVELS, required=True, allow_none=True)
    recorded_at = Instant(required=True)
    received_at = Instant(required=True)
    answered_at = Instant(required=True)
    age_minutes = fields.Integer(required=True, validate=validate.Range(min=0))
    version = fields.Integer(required=True, allow_none=True)
    answers = answers(required=True, allow_none=True)
    words = fields.List(fields.Nested(WordsOut), required=True)
    others = fields.List(fields.Nested(OtherFactOut), required=True)
    last_session = fields.Nested(SessionBeforeOut, required=True, allow_none=True)
    newest_cssrs = fields.Nested(NewestCssrsOut, required=True, allow_none=True)
    recent = fields.Nested(RecentOut, required=True)
    other_alerts = fields.List(fields.Nested(OtherAlertOut), required=True)
    side_effects_id = fields.UUID(required=True, allow_none=True)
    effects = fields.List(fields.Nested(AlertEffectOut), required=True, allow_none=True)
    vitals = fields.Nested(AlertVitalsOut, required=True, allow_none=True)
    session_id = fields.UUID(required=True, allow_none=True)
    findings = fields.Dict(keys=fields.String(), required=True, allow_none=True)


class AlertPatientOut(Schema):
    """Whom to call, and what time it is there."""

    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    emergency_contact = fields.Nested(EmergencyContactOut, required=True, allow_none=True)
    timezone = fields.String(required=True)
    local_time = fields.String(required=True, metadata={"example": "2026-11-21T23:15:00+01:00"})
    contact_missing = fields.Boolean(
        required=True, metadata={"description": "no number on file can be dialled"}
    )
    clinic_name = fields.String(required=True)
    abroad = fields.Boolean(
        required=True, metadata={"description": "their time zone is not the clinic's"}
    )
    emergency_number = fields.String(
        required=True, allow_none=True, metadata={"description": "of the clinic's country"}
    )
    dial = fields.String(
        required=True, allow_none=True, metadata={"description": "`tel:` address of `phone`"}
    )
    dial_contact = fields.String(
        required=True, allow_none=True, metadata={"description": "of the emergency contact's"}
    )


class OccurrenceOut(Schema):
    """One entry that the alert rests on."""

    at = Instant(required=True)
    rule = fields.String(required=True)
    check_in_id = fields.UUID(required=True, allow_none=True)


class EscalationOut(Schema):
    """`target`: who hears of it at `next_at` if nothing happens, by a neutral name."""

    step = fields.Integer(required=True)
    next_at = Instant(required=True, allow_none=True)
    target = fields.String(required=True, allow_none=True)


class KeptPlanOut(Schema):
    """The standing plan that was set with the resolve."""

    until = Instant(required=True)
    reason = fields.String(required=True)
    recorded_ones = fields.Integer(required=True)
    ended_at = Instant(required=True, allow_none=True)
    ended_because = fields.String(required=True, allow_none=True)


class ResolutionOut(Schema):
    """How it ended."""

    at = Instant(required=True)
    by = fields.UUID(required=True)
    by_name = fields.String(required=True)
    disposition = one_of(DISPOSITIONS, required=True)
    note = fields.String(required=True, allow_none=True)
    standing_plan = fields.Nested(KeptPlanOut, required=True, allow_none=True)


class EventOut(Schema):
    """One line of the timeline; a note has `text`, a contact attempt `outcome`, a hand-over
    whom it went to.
    """

    at = Instant(required=True)
    kind = fields.String(required=True)
    by = fields.UUID(required=True, allow_none=True)
    by_name = fields.String(required=True, allow_none=True)
    detail = fields.Dict(required=True)
    outcome = one_of(CONTACT_OUTCOMES, allow_none=True)
    text = fields.String(allow_none=True)
    to_name = fields.String(allow_none=True)


class AttemptOut(Schema):
    """One try at delivery."""

    at = Instant(required=True)
    outcome = fields.String(required=True)


class NotificationOut(Schema):
    """One page, morning mail or stand-down; `contact` is a neutral name, never an address."""

    id = fields.UUID(required=True)
    kind = one_of(("page", "digest", "stand_down"), required=True)
    channel = one_of(CHANNELS, required=True)
    contact = fields.String(required=True)
    state = one_of(NOTIFICATION_STATES, required=True)
    queued_at = Instant(required=True)
    attempts = fields.List(fields.Nested(AttemptOut), required=True)


class UnreadableOut(Schema):
    """A refused request in which danger was found, as text: show it escaped."""

    received_at = Instant(required=True)
    body = fields.String(required=True)


class ColleagueOut(Schema):
    """Somebody who may act on the alert and can be reached."""

    user_id = fields.UUID(required=True)
    name = fields.String(required=True)


class MayOut(Schema):
    """What the reader may do with it."""

    act = fields.Boolean(required=True)
    resolve = fields.Boolean(required=True)
    dispositions = fields.List(one_of(DISPOSITIONS), required=True)
    hand_over_to = fields.List(fields.Nested(ColleagueOut), required=True)
    standing_plan = fields.Boolean(
        required=True, metadata={"description": "Set one with the resolve, on its conditions."}
    )


class AlertOut(AlertRowOut):
    """One alert. `patient` and `evidence` are left out for those who may not act on it.
    `unreadable`: of family `unreadable_risk`.
    """

    paged_as = one_of(
        SEVERITIES,
        required=True,
        allow_none=True,
        metadata={"description": "the highest severity it was paged at"},
    )
    ack_expires_at = Instant(required=True, allow_none=True)
    contact_due_at = Instant(required=True, allow_none=True)
    evidence = fields.Nested(EvidenceOut, allow_none=True)
    patient = fields.Nested(AlertPatientOut, allow_none=True)
    occurrences = fields.List(fields.Nested(OccurrenceOut), required=True)
    escalation = fields.Nested(EscalationOut, required=True)
    resolution = fields.Nested(ResolutionOut, required=True, allow_none=True)
    timeline = fields.List(fields.Nested(EventOut), required=True)
    notifications = fields.List(fields.Nested(NotificationOut), required=True)
    unreadable = fields.List(fields.Nested(UnreadableOut))
    may = fields.Nested(MayOut, required=True)


class NoteOut(Schema):
    """A note as it was kept, and the alert after it."""

    id = fields.UUID(required=True)
    at = Instant(required=True)
    by = fields.UUID(required=True)
    kind = one_of(NOTE_KINDS, required=True)
    outcome = one_of(CONTACT_OUTCOMES, required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    alert = fields.Nested(AlertRowOut, required=True)


@answers_to(FeedbackIn)
class FeedbackOut(Schema):
    """The answer that counts."""

    at = Instant(required=True)
