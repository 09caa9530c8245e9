"""Who may what: the contract's table, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.exceptions import EnrolFirst, Forbidden


class Scope(StrEnum):
    """How far a role reaches."""

    OWN = "own"
    IN_VIEW = "in view"
    ALERTED = "patients with an open alert, or one resolved in the last 7 days"
    CLINIC = "whole clinic"
    CLINIC_WITHOUT_CLINICAL = "whole clinic, without clinical content"
    PAGED_FOR = "alerts for which this person was paged"
    WITHOUT_PATIENT = "alerts without a patient"


class Action(StrEnum):
    """What somebody wants to do."""

    WRITE_ENTRIES = "check-ins, side effects: write"
    ASK_FOR_HELP = "help requests, sync: write"
    READ_ENTRIES = "check-ins, side effects, trend: read"
    READ_HELP_REQUESTS = "help requests: read, as their alerts are"
    READ_PATIENTS = "patients: read"
    BREAK_GLASS = "patients out of view: see one for an hour"
    READ_CONSENTS = "consents: read"
    CONSENT = "consents: accept, withdraw"
    MANAGE_PATIENTS = "patients: create, care team, status"
    READ_TREATMENT = "courses, sessions: read"
    MANAGE_TREATMENT = "courses, sessions: write"
    READ_COHORT = "cohort"
    READ_ALERTS = "alerts: read"
    ACT_ON_ALERTS = "acknowledge, hand over, notes, feedback"
    RESOLVE_ALERTS = "resolve"
    SET_PLANS = "standing plans: set"
    READ_CLINIC = "clinic, users, contacts, on-call configuration: read"
    CHANGE_CLINIC = "clinic, users, contacts, on-call configuration: change"
    WRITE_OVERRIDES = "on call: overrides of a schedule"
    READ_AUDIT = "audit: read"
    EXPORT_PATIENTS = "patients: all that there is about one, to take along"
    ERASE_PATIENTS = "patients: ask for their erasure, confirm it"
    INVITE_PATIENTS = "invitations of patients"
    INVITE_STAFF = "invitations of any role"
    OWN_ACCOUNT = "own account"
    OWN_FACTOR = "own second factor"
    OWN_METHODS = "own contact methods"
    OWN_DEVICES = "own devices that reminders go to"
    READ_METHODS = "contact methods of others: read"
    CHANGE_METHODS = "contact methods of others: change"


# action: (patient, clinician, on_call, admin); None is 403
TABLE: Final[dict[Action, tuple[Scope | None, Scope | None, Scope | None, Scope | None]]] = {
    Action.WRITE_ENTRIES: (Scope.OWN, Scope.IN_VIEW, None, None),
    Action.ASK_FOR_HELP: (Scope.OWN, None, None, None),
    Action.READ_ENTRIES: (Scope.OWN, Scope.IN_VIEW, Scope.ALERTED, None),
    Action.READ_HELP_REQUESTS: (Scope.OWN, Scope.IN_VIEW, Scope.CLINIC, None),
    Action.READ_PATIENTS: (None, Scope.IN_VIEW, Scope.ALERTED, Scope.CLINIC_WITHOUT_CLINICAL),
    Action.BREAK_GLASS: (None, Scope.CLINIC, Scope.CLINIC, None),
    Action.READ_CONSENTS: (
        Scope.OWN,
        Scope.IN_VIEW,
        Scope.ALERTED,
        Scope.CLINIC_WITHOUT_CLINICAL,
    ),
    Action.CONSENT: (Scope.OWN, Scope.IN_VIEW, None, Scope.CLINIC_WITHOUT_CLINICAL),
    Action.MANAGE_PATIENTS: (None, Scope.IN_VIEW, None, Scope.CLINIC_WITHOUT_CLINICAL),
    Action.READ_TREATMENT: (None, Scope.IN_VIEW, Scope.ALERTED, None),
    Action.MANAGE_TREATMENT: (None, Scope.IN_VIEW, None, None),
    # Counts over the whole clinic, about nobody: the admin may see them too.
    Action.READ_COHORT: (None, Scope.CLINIC, None, Scope.CLINIC),
    Action.READ_ALERTS: (None, Scope.IN_VIEW, Scope.CLINIC, Scope.CLINIC_WITHOUT_CLINICAL),
    Action.ACT_ON_ALERTS: (None, Scope.IN_VIEW, Scope.CLINIC, Scope.PAGED_FOR),
    Action.RESOLVE_ALERTS: (None, Scope.IN_VIEW, Scope.CLINIC, Scope.WITHOUT_PATIENT),
    Action.SET_PLANS: (None, Scope.IN_VIEW, None, None),
    Action.READ_CLINIC: (None, Scope.CLINIC, Scope.CLINIC, Scope.CLINIC),
    Action.CHANGE_CLINIC: (None, None, None, Scope.CLINIC),
    Action.WRITE_OVERRIDES: (None, Scope.OWN, Scope.OWN, Scope.CLINIC),
    Action.READ_AUDIT: (None, None, None, Scope.CLINIC),
    Action.EXPORT_PATIENTS: (Scope.OWN, Scope.IN_VIEW, None, None),
    Action.ERASE_PATIENTS: (None, None, None, Scope.CLINIC),
    Action.INVITE_PATIENTS: (None, Scope.CLINIC, None, Scope.CLINIC),
    Action.INVITE_STAFF: (None, None, None, Scope.CLINIC),
    Action.OWN_ACCOUNT: (Scope.OWN, Scope.OWN, Scope.OWN, Scope.OWN),
    Action.OWN_FACTOR: (None, Scope.OWN, Scope.OWN, Scope.OWN),
    Action.OWN_METHODS: (None, Scope.OWN, Scope.OWN, Scope.OWN),
    Action.OWN_DEVICES: (Scope.OWN, None, None, None),
    Action.READ_METHODS: (None, None, None, Scope.CLINIC),
    Action.CHANGE_METHODS: (None, None, None, Scope.CLINIC),
}
# What a break-glass hour does not open: a care team, a status, a consent, a plan that spares pages,
# a phone or a file would outlast it.
OUTLASTS_A_GRANT: Final = frozenset(
    {Action.MANAGE_PATIENTS, Action.CONSENT, Action.SET_PLANS, Action.EXPORT_PATIENTS}
)
# What staff do until they have the second factor that their clinic asks for. Alerts are among it:
# whoever has the password alone could enrol a factor as well, and a patient must not wait for that.
WHILE_ENROLLING: Final = frozenset(
    {
        Action.OWN_ACCOUNT,
        Action.OWN_FACTOR,
        Action.READ_ALERTS,
        Action.ACT_ON_ALERTS,
        Action.RESOLVE_ALERTS,
    }
)
ROLE_COLUMNS: Final = ("patient", "clinician", "on_call", "admin")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the verified access token says; the database confirms it before anything is
    done.

    `token_expired`: a genuine patient token past its 15 minutes, taken on crisis routes only.
    `accepts`: tags of the languages that the request asks for, the most wanted first.
    `must_enrol`: staff who may do `WHILE_ENROLLING` alone.
    """

    user_id: UUID
    clinic_id: UUID
    roles: frozenset[str]
    epoch: int
    family_id: UUID
    pair_id: UUID
    patient_id: UUID | None = None
    token_expired: bool = False
    accepts: tuple[str, ...] = ()
    must_enrol: bool = False

    def own_patient_id(self) -> UUID:
        """The patient whose record is the actor's own; raises `Forbidden` for staff."""
        if self.patient_id is None:
            raise Forbidden
        return self.patient_id


def reaches(actor: Actor, action: Action) -> bool:
    """Does any of the actor's roles do this at all?"""
    try:
        scopes(actor, action)
    except Forbidden:
        return False
    return True


def scopes(actor: Actor, action: Action) -> frozenset[Scope]:
    """How far the actor's roles reach together; raises `Forbidden` when none of them reaches at
    all, and `EnrolFirst` where a second factor comes first.
    """
    row = dict(zip(ROLE_COLUMNS, TABLE[action], strict=True))
    found = frozenset(scope for role in actor.roles if (scope := row.get(role)) is not None)
    if not found:
        raise Forbidden
    if actor.must_enrol and action not in WHILE_ENROLLING:
        raise EnrolFirst
    return found
