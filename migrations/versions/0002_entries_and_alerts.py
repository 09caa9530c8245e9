"""Entries of patients, decisions, alerts and the outbox; and counts over all clinics.

Why: an answer, what was decided about it and the page that follows are written together.
The worker serves all clinics and reads no answer and no note.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from migrations.tables import (
    DoorFunction,
    Table,
    create_door_functions,
    create_tables,
    drop_door_functions,
    drop_tables,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    # Every id that a client made, in the whole database, with its first answer: a request that
    # comes again gets that answer and is stored once.
    Table(
        "record_ids",
        app="SELECT, INSERT, UPDATE",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid",
            "kind": "text NOT NULL",
            "content_digest": "bytea NOT NULL",
            "first_answer": "bytea",  # encrypted
            "received_at": "timestamptz NOT NULL",
        },
        unique=("id",),
        refers={"patient_id": "patients"},
        checks={
            "kind": (
                "kind IN ('check_in', 'amendment', 'help_request', 'patient', 'alert_note',"
                " 'side_effects', 'side_effects_amendment', 'course', 'session', 'vitals',"
                " 'screening', 'session_decision', 'concomitant_treatment')"
            ),
        },
        indexes={"ix_record_ids_clinic_id_patient_id": "(clinic_id, patient_id)"},
    ),
    # One version of one form. The worker reads none: not even a score.
    Table(
        "check_ins",
        app="SELECT, INSERT, UPDATE",
        columns={
            "patient_id": "uuid NOT NULL",
            "id": "uuid NOT NULL",
            "root_id": "uuid NOT NULL",
            "version": "smallint NOT NULL",
            "superseded": "boolean NOT NULL DEFAULT false",
            "superseded_revision": "integer",
            "instrument": "text NOT NULL",
            "instrument_version": "text NOT NULL",
            "mood_day": "date NOT NULL",
            "recorded_at": "timestamptz NOT NULL",
            "answered_at": "timestamptz NOT NULL",
            "received_at": "timestamptz NOT NULL",
            "timezone": "text",
            "zone": "text NOT NULL",
            "total": "smallint",
            "band": "text",
            "complete": "boolean NOT NULL",
            "answered": "smallint NOT NULL",
            "prorated_total": "smallint",
            "q9": "smallint",
            "q9_highest": "smallint",
            "q9_unknown": "boolean NOT NULL DEFAULT false",
            "cssrs_level": "text",
            "flags": "text[] NOT NULL",
            "counts_in_trend": "boolean NOT NULL DEFAULT true",
            "counts_from_revision": "integer",
            "entered_by": "uuid",
            "family_id": "uuid",
            "revision": "integer NOT NULL",
        },
        key="patient_id, id",
        refers={"entered_by": "users", "family_id": "token_families", "patient_id": "patients"},
        checks={
            "cssrs_level": "cssrs_level IN ('none', 'low', 'moderate', 'high', 'unknown')",
            "total_only_when_complete": "(total IS NULL) OR complete",
            "q9_range": "q9 BETWEEN 0 AND 3",
            "q9_highest_range": "q9_highest BETWEEN 0 AND 3",
            "total_range": "total BETWEEN 0 AND 80",
            "counts": "version >= 1 AND answered >= 0",
        },
        indexes={
            "ix_check_ins_newest": "(clinic_id, patient_id, recorded_at, id)",
            "ix_check_ins_series": (
                "(clinic_id, patient_id, instrument, mood_day)"
                " INCLUDE (total, q9_highest, superseded, counts_in_trend)"
            ),
            "uq_check_ins_versions": "(clinic_id, patient_id, root_id, version)",
        },
    ),
    # What the patient answered and wrote.
    Table(
        "check_in_contents",
        app="SELECT, INSERT, UPDATE",
        columns={
            "patient_id": "uuid NOT NULL",
            "check_in_id": "uuid NOT NULL",
            "answers": "jsonb NOT NULL",
            "note": "bytea",  # encrypted
            "reason": "bytea",  # encrypted
            "client_total": "integer",
        },
        key="patient_id, check_in_id",
        refers={"patient_id": "patients"},
    ),
    # A patient asked for help now.
    Table(
        "help_requests",
        app="SELECT, INSERT",
        columns={
            "patient_id": "uuid NOT NULL",
            "id": "uuid NOT NULL",
            "recorded_at": "timestamptz NOT NULL",
            "received_at": "timestamptz NOT NULL",
            "flags": "text[] NOT NULL",
            "note": "bytea",  # encrypted
            "revision": "integer NOT NULL",
        },
        key="patient_id, id",
        refers={"patient_id": "patients"},
    ),
    # What the rules decided about an entry, yes and no alike; never changed.
    Table(
        "decisions",
        app="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "entry_id": "uuid NOT NULL",
            "rule_version": "text NOT NULL",
            "by": "text NOT NULL",
            "tier": "text",
            "decided": "jsonb NOT NULL",
            "decided_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        refers={"patient_id": "patients"},
        checks={
            "by": "by IN ('rules', 'fallback', 'replay')",
            "tier": "tier IN ('critical', 'high', 'medium', 'low')",
        },
        indexes={"ix_decisions_entry": "(clinic_id, patient_id, entry_id)"},
    ),
    # Something that a person must answer. One is open for a patient and family: a second reason
    # joins the first. The door counts alerts and cannot read whose they are.
    Table(
        "alerts",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT, INSERT, UPDATE",
        door="SELECT (clinic_id, id, family, severity, ladder_severity, status, triggered_at, next_at)",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid",
            "family": "text NOT NULL",
            "rule": "text NOT NULL",
            "rule_version": "text NOT NULL",
            "severity": "text NOT NULL",
            "status": "text NOT NULL DEFAULT 'triggered'",
            "triggered_at": "timestamptz NOT NULL",
            "newest_occurrence_at": "timestamptz NOT NULL",
            "occurrence_count": "integer NOT NULL DEFAULT 1",
            "page_severity": "text",
            "ladder_severity": "text NOT NULL",
            "page_round": "integer NOT NULL DEFAULT 0",
            "page_step": "smallint NOT NULL DEFAULT '0'",
            "round_started_at": "timestamptz",
            "next_at": "timestamptz",
            "acknowledged_by": "uuid",
            "acknowledged_at": "timestamptz",
            "ack_expires_at": "timestamptz",
            "contact_due_at": "timestamptz",
            "resolved_at": "timestamptz",
            "revision": "integer",
        },
        refers={"acknowledged_by": "users", "patient_id": "patients", "clinic_id": "clinics"},
        checks={
            "rules_failed_has_no_patient": "(family = 'rules_failed') = (patient_id IS NULL)",
            "acknowledged_has_an_end": "(status = 'acknowledged') = (ack_expires_at IS NOT NULL)",
            "resolved_has_time": "(status = 'resolved') = (resolved_at IS NOT NULL)",
            "ladder_severity": "ladder_severity IN ('critical', 'high', 'medium', 'low')",
            "page_severity": "page_severity IN ('critical', 'high')",
            "severity": "severity IN ('critical', 'high', 'medium', 'low')",
            "status": "status IN ('triggered', 'acknowledged', 'resolved')",
        },
        indexes={
            "ix_alerts_clinic_id_triggered_at": "(clinic_id, triggered_at, id)",
            "ix_alerts_due": "(next_at) WHERE next_at IS NOT NULL",
            "ix_alerts_patient": "(clinic_id, patient_id, triggered_at)",
            "uq_alerts_one_open_a_family": (
                "(clinic_id, patient_id, family)"
                " WHERE status <> 'resolved' AND patient_id IS NOT NULL"
            ),
            "uq_alerts_one_open_without_patient": (
                "(clinic_id, family, rule_version)"
                " WHERE status <> 'resolved' AND patient_id IS NULL"
            ),
        },
    ),
    # One reason for an alert. A C-SSRS may change its tier; the worker only adds.
    Table(
        "alert_occurrences",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "entry_id": "uuid",
            "rule": "text NOT NULL",
            "source": "text NOT NULL",
            "at": "timestamptz NOT NULL",
            "received_at": "timestamptz NOT NULL",
            "item9": "smallint",
            "cssrs": "text",
            "first_tier": "text NOT NULL",
            "tier": "text NOT NULL",
            "revision": "integer NOT NULL",
        },
        refers={"alert_id": "alerts", "patient_id": "patients"},
        checks={
            "first_tier": "first_tier IN ('critical', 'high', 'medium', 'low')",
            "tier": "tier IN ('critical', 'high', 'medium', 'low')",
            "item9_range": "item9 BETWEEN 0 AND 3",
        },
        indexes={"ix_alert_occurrences_alert": "(clinic_id, alert_id, received_at)"},
    ),
    # The timeline of an alert: only added to, by either.
    Table(
        "alert_events",
        app="SELECT, INSERT",
        worker="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "at": "timestamptz NOT NULL",
            "kind": "text NOT NULL",
            "actor_id": "uuid",
            "detail": "jsonb NOT NULL DEFAULT '{}'::jsonb",
        },
        refers={"actor_id": "users", "alert_id": "alerts"},
        indexes={"ix_alert_events_alert": "(clinic_id, alert_id, at)"},
    ),
    # What staff wrote; the worker may not read it.
    Table(
        "alert_notes",
        app="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "at": "timestamptz NOT NULL",
            "author_id": "uuid NOT NULL",
            "kind": "text NOT NULL",
            "outcome": "text",
            "text": "bytea",  # encrypted
        },
        refers={"alert_id": "alerts", "author_id": "users"},
        checks={
            "attempt_outcome": "(kind = 'contact_attempt') = (outcome IS NOT NULL)",
            "kind": "kind IN ('note', 'contact_attempt')",
            "outcome": "outcome IN ('reached', 'no_answer', 'message_left')",
        },
        indexes={"ix_alert_notes_alert": "(clinic_id, alert_id, at)"},
    ),
    # How an alert ended, and by whom.
    Table(
        "alert_resolutions",
        app="SELECT, INSERT",
        columns={
            "alert_id": "uuid NOT NULL",
            "at": "timestamptz NOT NULL",
            "by": "uuid NOT NULL",
            "disposition": "text NOT NULL",
            "note": "bytea",  # encrypted
            "content_digest": "bytea NOT NULL",
        },
        key="alert_id",
        refers={"alert_id": "alerts", "by": "users"},
        checks={
            "disposition": (
                "disposition IN ('safe_plan_made', 'emergency_services', 'handed_over_in_person',"
                " 'treatment_changed', 'appointment_made', 'watchful_waiting', 'false_alarm',"
                " 'other')"
            ),
        },
    ),
    # Whether an alert was useful: one answer a person.
    Table(
        "alert_feedback",
        app="SELECT, INSERT, UPDATE",
        columns={
            "alert_id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "at": "timestamptz NOT NULL",
            "useful": "boolean NOT NULL",
            "note": "bytea",  # encrypted
        },
        key="alert_id, user_id",
        refers={"alert_id": "alerts", "user_id": "users"},
    ),
    # A clinician's plan that spares a stable item 9 of 1 its page.
    Table(
        "standing_plans",
        app="SELECT, INSERT, UPDATE",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "check_in_id": "uuid NOT NULL",
            "set_by": "uuid NOT NULL",
            "set_at": "timestamptz NOT NULL",
            "until_at": "timestamptz NOT NULL",
            "reason": "bytea NOT NULL",  # encrypted
            "recorded_ones": "integer NOT NULL DEFAULT 0",
            "ended_at": "timestamptz",
            "ended_because": "text",
        },
        refers={"alert_id": "alerts", "patient_id": "patients", "set_by": "users"},
        checks={"until_after_set": "until_at > set_at"},
        indexes={
            "uq_standing_plans_one_a_patient": "(clinic_id, patient_id) WHERE ended_at IS NULL"
        },
    ),
    # An entry for which the rules raised, to be decided again.
    Table(
        "rules_failures",
        app="SELECT, INSERT, UPDATE",
        columns={
            "patient_id": "uuid NOT NULL",
            "entry_id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "rule_version": "text NOT NULL",
            "failed_at": "timestamptz NOT NULL",
            "replayed_at": "timestamptz",
        },
        key="patient_id, entry_id",
        refers={"alert_id": "alerts", "patient_id": "patients"},
    ),
    # A refused request in which danger was found. Its digest stays when the body goes.
    Table(
        "unreadable_bodies",
        app="SELECT, INSERT, UPDATE",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "body_digest": "bytea NOT NULL",
            "body": "bytea",  # encrypted
            "answer": "bytea",  # encrypted
            "answer_status": "integer NOT NULL",
            "received_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        refers={"alert_id": "alerts", "patient_id": "patients"},
        indexes={"uq_unreadable_bodies_digest": "(clinic_id, patient_id, body_digest)"},
    ),
    # The clinic's chain of those who are paged. The worker needs their addresses.
    Table(
        "contacts",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "position": "smallint NOT NULL",
            "channel": "text NOT NULL",
            "address": "bytea NOT NULL",  # encrypted
            "signing_secret": "bytea",  # encrypted
            "user_id": "uuid",
            "last_resort": "boolean NOT NULL DEFAULT false",
            "active": "boolean NOT NULL DEFAULT true",
            "created_at": "timestamptz NOT NULL",
        },
        refers={"user_id": "users", "clinic_id": "clinics"},
        checks={"channel": "channel IN ('email', 'webhook')"},
        indexes={
            "uq_contacts_one_last_resort": "(clinic_id) WHERE last_resort",
            "uq_contacts_position": "(clinic_id, position)",
        },
    ),
    # Pages, morning mails and letters on their way. The door counts them and cannot read their
    # recipients; the API cannot read the code that a letter carries.
    Table(
        "notifications",
        app="SELECT (clinic_id, id, kind, alert_id, page_round, page_step, contact_id, user_id,"
        " channel, severity, state, attempts, created_at, due_at, lease_until, lease_token, sent_at,"
        " expires_at), INSERT, UPDATE",
        worker="SELECT, INSERT, UPDATE",
        door="SELECT (clinic_id, alert_id, kind, page_round, severity, state, attempts,"
        " created_at, due_at)",
        columns={
            "id": "uuid NOT NULL",
            "kind": "text NOT NULL",
            "alert_id": "uuid",
            "page_round": "integer NOT NULL",
            "page_step": "smallint NOT NULL",
            "contact_id": "uuid",
            "user_id": "uuid",
            "channel": "text NOT NULL",
            "severity": "text",
            "state": "text NOT NULL DEFAULT 'pending'",
            "attempts": "integer NOT NULL DEFAULT 0",
            "created_at": "timestamptz NOT NULL",
            "due_at": "timestamptz NOT NULL",
            "lease_until": "timestamptz",
            "lease_token": "uuid",
            "sent_at": "timestamptz",
            "expires_at": "timestamptz",
            "sealed_code": "bytea",  # encrypted
        },
        refers={"alert_id": "alerts", "contact_id": "contacts", "user_id": "users"},
        checks={
            "page_has_alert": "(kind = 'page') = (alert_id IS NOT NULL)",
            "sending_has_a_lease": "(state = 'sending') = (lease_until IS NOT NULL)",
            "channel": "channel IN ('email', 'webhook')",
            "kind": "kind IN ('page', 'digest', 'letter')",
            "severity": "severity IN ('critical', 'high', 'medium', 'low')",
            "state": (
                "state IN ('pending', 'sending', 'sent', 'delivered', 'failed_temporarily',"
                " 'failed_permanently')"
            ),
            "one_recipient": "num_nonnulls(contact_id, user_id) = 1",
            "letter_is_no_alert": "(kind = 'letter') = (severity IS NULL)",
            "letter_expires": "(kind = 'letter') = (expires_at IS NOT NULL)",
            "letter_goes_to_an_account": (
                "kind <> 'letter' OR (user_id IS NOT NULL AND channel = 'email')"
            ),
            "code_kept_until_sent": (
                "(kind = 'letter' AND state IN ('pending', 'sending', 'failed_temporarily'))"
                " = (sealed_code IS NOT NULL)"
            ),
        },
        indexes={
            "ix_notifications_due": "(due_at) WHERE state IN ('pending', 'sending', 'failed_temporarily')",
            "uq_notifications_page": "(clinic_id, alert_id, page_round, page_step, contact_id)",
        },
    ),
    # The alerts that a morning mail carries: written by the worker.
    Table(
        "digest_alerts",
        app="SELECT",
        worker="SELECT, INSERT",
        columns={
            "notification_id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
        },
        key="notification_id, alert_id",
        refers={"alert_id": "alerts", "notification_id": "notifications"},
        indexes={"ix_digest_alerts_alert_id": "(alert_id)"},
    ),
    # Every try at delivery: written by the worker, read by staff.
    Table(
        "notification_attempts",
        app="SELECT",
        worker="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "notification_id": "uuid NOT NULL",
            "at": "timestamptz NOT NULL",
            "outcome": "text NOT NULL",
        },
        refers={"notification_id": "notifications"},
        indexes={"ix_notification_attempts_notification": "(clinic_id, notification_id, at)"},
    ),
)

# `/safetyz` and `/metrics` tell whether every page of the whole service got out: counts and
# instants by severity, and nothing else. Letters are no pages.
#
# A page waits from when it was made; a morning mail that nobody has tried yet from when it is due.
# One that failed for good counts until somebody acknowledges, or a page of the same or a later
# round of that alert was sent.
UNSENT = """
SELECT n.severity, count(*), min(n.since) FROM (
  SELECT w.severity,
    CASE WHEN w.kind = 'digest' AND w.attempts = 0 THEN w.due_at ELSE w.created_at END AS since
  FROM public.notifications w
  WHERE w.kind <> 'letter' AND w.state IN ('pending', 'sending', 'failed_temporarily')
  UNION ALL
  SELECT f.severity, f.created_at
  FROM public.alerts a
  JOIN public.notifications f ON f.clinic_id = a.clinic_id AND f.alert_id = a.id
  WHERE a.status <> 'resolved' AND a.status = 'triggered' AND f.state = 'failed_permanently'
  AND NOT EXISTS (
    SELECT FROM public.notifications s
    WHERE s.clinic_id = f.clinic_id AND s.alert_id = f.alert_id
    AND s.page_round >= f.page_round AND s.state IN ('sent', 'delivered')
  )
) n WHERE n.since <= as_of GROUP BY n.severity
"""
ALERTS = """
SELECT a.severity, a.family, a.status, count(*), min(a.triggered_at),
  min(a.next_at) FILTER (WHERE a.ladder_severity = 'critical')
FROM public.alerts a GROUP BY a.severity, a.family, a.status
"""
OPEN_ALERTS = ALERTS.replace(" GROUP BY", " WHERE a.status <> 'resolved' GROUP BY")
PAGES = (
    "SELECT n.severity, n.state, count(*) FROM public.notifications n"
    " WHERE n.kind <> 'letter' GROUP BY 1, 2"
)

READERS = "interlude_app, interlude_worker, interlude_auditor"
ALERT_COUNTS = (
    "severity text, family text, status text, alerts bigint, oldest_at timestamptz,"
    " critical_step_due_at timestamptz"
)
DOOR_FUNCTIONS = (
    DoorFunction(
        "door_unsent(as_of timestamptz)",
        READERS,
        returns="severity text, pages bigint, oldest_at timestamptz",
        query=UNSENT,
    ),
    DoorFunction("door_open_alerts()", READERS, returns=ALERT_COUNTS, query=OPEN_ALERTS),
    DoorFunction("door_alerts()", READERS, returns=ALERT_COUNTS, query=ALERTS),
    DoorFunction(
        "door_pages()", READERS, returns="severity text, state text, pages bigint", query=PAGES
    ),
)


def upgrade() -> None:
    """Make the tables, then what counts their rows."""
    create_tables(TABLES)
    create_door_functions(DOOR_FUNCTIONS)


def downgrade() -> None:
    """Drop all of it, with every entry and every alert."""
    drop_door_functions(DOOR_FUNCTIONS)
    drop_tables(TABLES)
