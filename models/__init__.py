"""Tables and constraints only. Importing this package registers every table."""

from models.account import Invitation, LoginDelay, TokenFamily, TokenPair, User
from models.alert import (
    Alert,
    AlertEvent,
    AlertFeedback,
    AlertNote,
    AlertOccurrence,
    AlertResolution,
    RulesFailure,
)
from models.audit import AuditEntry, AuditHead
from models.base import Base
from models.check_in import (
    CheckIn,
    CheckInContent,
    Decision,
    HelpRequest,
    RecordId,
    UnreadableBody,
)
from models.clinic import Clinic
from models.notification import Contact, DigestAlert, Notification, NotificationAttempt
from models.password_reset import PasswordReset, PasswordResetRequest
from models.patient import (
    CareTeamMember,
    Patient,
    PatientPause,
    PatientStatus,
    StandingPlan,
)

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertFeedback",
    "AlertNote",
    "AlertOccurrence",
    "AlertResolution",
    "AuditEntry",
    "AuditHead",
    "Base",
    "CareTeamMember",
    "CheckIn",
    "CheckInContent",
    "Clinic",
    "Contact",
    "Decision",
    "DigestAlert",
    "HelpRequest",
    "Invitation",
    "LoginDelay",
    "Notification",
    "NotificationAttempt",
    "PasswordReset",
    "PasswordResetRequest",
    "Patient",
    "PatientPause",
    "PatientStatus",
    "RecordId",
    "RulesFailure",
    "StandingPlan",
    "TokenFamily",
    "TokenPair",
    "UnreadableBody",
    "User",
]
