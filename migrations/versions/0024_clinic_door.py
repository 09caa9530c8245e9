"""Show the application a clinic's rows only for a proof that SQL alone cannot make.

Why: the clinic was a free setting and the list of clinics a free question, so that one statement
of a stranger's, once the application sent it, read every clinic.

Not safe beside the previous version, whose processes prove nothing and would see no rows: stop
them first.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

from migrations.tables import (
    DoorFunction,
    create_door_functions,
    drop_door_functions,
    drop_entered_clinic,
    entered_clinic,
    own_clinic_policies,
)

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

QUERY = "SELECT c.id FROM public.clinics c {}ORDER BY c.id"
LIST = DoorFunction("door_clinics()", "interlude_app", "clinic_id uuid", QUERY.format(""))
# Who has entered no clinic but their list.
PROVED_LIST = DoorFunction(
    "door_clinics()",
    "interlude_app",
    "clinic_id uuid",
    QUERY.format("WHERE public.entered_clinic() = '00000000-0000-0000-0000-000000000000'::uuid "),
)


def upgrade() -> None:
    """Make the door and its keys, then let every policy ask it."""
    entered_clinic()
    own_clinic_policies()
    drop_door_functions((LIST,))
    create_door_functions((PROVED_LIST,))


def downgrade() -> None:
    """The clinic is a free setting again."""
    drop_door_functions((PROVED_LIST,))
    create_door_functions((LIST,))
    own_clinic_policies(proved=False)
    drop_entered_clinic()
