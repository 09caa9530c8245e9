"""Tables and constraints only. Importing this package registers every table."""

from __future__ import annotations

from models.alerts.alert import (
    Alert,
    AlertEvent,
    AlertFeedback,
    AlertNote,
    AlertOccurrence,
    AlertResolution,
    RulesFailure,
)
from models.alerts.contact_method import ContactMethod
from models.alerts.notification import (
    Contact,
    DigestAlert,
    Notification,
    NotificationAttempt,
    ProviderReport,
)
from models.audit import AuditDetail, AuditEntry, AuditKey
from models.base import Base
from models.entries.check_in import (
    CheckIn,
    CheckInContent,
    HelpRequest,
    RecordId,
    StoredDecision,
    UnreadableBody,
)
from models.entries.side_effect import SideEffectReport
from models.key_fingerprint import KeyFingerprint
from models.on_call.drill import Drill
from models.on_call.foresight import ChainCheck
from models.on_call.policy import OnCallPolicy
from models.on_call.schedule import (
    CalendarLink,
    OnCallOverride,
    OnCallRotation,
    OnCallSchedule,
)
from models.operations import ApiLife, Probe, WatchRun, WorkerHeartbeat
from models.people.account import Invitation, LoginDelay, TokenFamily, TokenPair, User
from models.people.clinic import Clinic
from models.people.consent import Consent
from models.people.device import PushedDevice, ReminderPlan, SentReminder
from models.people.email_change import EmailChange
from models.people.erasure import Erasure
from models.people.export import PatientExport
from models.people.oidc import OidcIdentity, OidcProvider, OidcSignIn
from models.people.password_reset import PasswordReset, PasswordResetRequest
from models.people.patient import (
    CareTeamMember,
    Patient,
    PatientPause,
    PatientStatus,
    SearchPart,
    StoredPlan,
)
from models.people.second_factor import Passkey, PasskeyChallenge, RecoveryCode, TotpFactor
from models.people.view_grant import ViewGrant
from models.sealing import sealed
from models.treatment import (
    ConcomitantTreatment,
    CourseVersion,
    KeptOutcomes,
    SessionDecision,
    SessionFollowUp,
    StoredScreening,
    StoredVitals,
    TreatmentCourse,
    TreatmentSession,
    TreatmentSessionVersion,
)

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertFeedback",
    "AlertNote",
    "AlertOccurrence",
    "AlertResolution",
    "ApiLife",
    "AuditDetail",
    "AuditEntry",
    "AuditKey",
    "Base",
    "CalendarLink",
    "CareTeamMember",
    "ChainCheck",
    "CheckIn",
    "CheckInContent",
    "Clinic",
    "ConcomitantTreatment",
    "Consent",
    "Contact",
    "ContactMethod",
    "CourseVersion",
    "DigestAlert",
    "Drill",
    "EmailChange",
    "Erasure",
    "HelpRequest",
    "Invitation",
    "KeptOutcomes",
    "KeyFingerprint",
    "LoginDelay",
    "Notification",
    "NotificationAttempt",
    "OidcIdentity",
    "OidcProvider",
    "OidcSignIn",
    "OnCallOverride",
    "OnCallPolicy",
    "OnCallRotation",
    "OnCallSchedule",
    "Passkey",
    "PasskeyChallenge",
    "PasswordReset",
    "PasswordResetRequest",
    "Patient",
    "PatientExport",
    "PatientPause",
    "PatientStatus",
    "Probe",
    "ProviderReport",
    "PushedDevice",
    "RecordId",
    "RecoveryCode",
    "ReminderPlan",
    "RulesFailure",
    "SearchPart",
    "SentReminder",
    "SessionDecision",
    "SessionFollowUp",
    "SideEffectReport",
    "StoredDecision",
    "StoredPlan",
    "StoredScreening",
    "StoredVitals",
    "TokenFamily",
    "TokenPair",
    "TotpFactor",
    "TreatmentCourse",
    "TreatmentSession",
    "TreatmentSessionVersion",
    "UnreadableBody",
    "User",
    "ViewGrant",
    "WatchRun",
    "WorkerHeartbeat",
    "sealed",
]
