"""Who is in a care team: the rows, for use cases that have a transaction open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session, aliased

from models import CareTeamMember, User
from services.exceptions import Invalid


def members_of(session: Session, patient_id: UUID) -> list[UUID]:
    """The team's members, in a fixed order."""
    return list(
        session.scalars(
            select(CareTeamMember.user_id)
            .where(CareTeamMember.patient_id == patient_id)
            .order_by(CareTeamMember.user_id)
        )
    )


def set_care_team(
    session: Session,
    clinic_id: UUID,
    patient_id: UUID,
    user_ids: Iterable[UUID],
    field: str = "care_team",
) -> None:
    """Write the members of a team that has none; raises what `check_members` raises."""
    wanted = check_members(session, user_ids, field)
    if not wanted:
        return
    session.execute(
        insert(CareTeamMember),
        [{"clinic_id": clinic_id, "patient_id": patient_id, "user_id": one} for one in wanted],
    )


def check_members(
    session: Session, user_ids: Iterable[UUID], field: str = "care_team"
) -> Sequence[UUID]:
    """The people of a team to be, each once, who stay active until the transaction ends.

    Accounts are locked before a patient's status row, as whoever deactivates one does. Raises
    `Invalid`, naming the request's `field`, unless all are active staff of the clinic and at
    least one of them is a clinician.
    """
    wanted = sorted(set(user_ids))
    if not wanted:
        return wanted
    found = session.execute(
        select(User.roles)
        .where(User.id.in_(wanted), User.active, ~User.roles.contains(["patient"]))
        .order_by(User.id)
        .with_for_update(read=True)
    ).all()
    if len(found) != len(wanted):
        raise Invalid({field: ["Every member must be active staff of this clinic."]})
    if not any("clinician" in row.roles for row in found):
        raise Invalid({field: ["A care team needs a clinician."]})
    return wanted


def empty_abandoned_teams(session: Session, user_id: UUID) -> None:
    """After somebody stopped being an active clinician: empty the teams that have none left.

    For the transaction that deactivates the account or takes the role away.
    """
    theirs = select(CareTeamMember.patient_id).where(CareTeamMember.user_id == user_id)
    other = aliased(CareTeamMember)
    session.execute(
        delete(CareTeamMember).where(
            CareTeamMember.patient_id.in_(theirs.scalar_subquery()),
            ~exists().where(
                other.patient_id == CareTeamMember.patient_id,
                other.user_id == User.id,
                User.active,
                User.roles.contains(["clinician"]),
            ),
        )
    )
