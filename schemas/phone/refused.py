"""Why an entry of a phone was refused."""

from __future__ import annotations

from schemas.base import OneOfKinds, one_of
from schemas.phone.check_ins import CheckInOut, HelpRequestOut
from schemas.phone.side_effects import SideEffectsOut
from schemas.problems import STORED, ProblemSchema, ValidationProblem


def stored() -> OneOfKinds:
    """Of an id that a phone made, which is one of all kinds together."""
    kinds = (CheckInOut, SideEffectsOut, HelpRequestOut)
    return OneOfKinds(*kinds, metadata={"description": STORED})


class EntryConflictProblem(ProblemSchema):
    """The id was sent before with other content."""

    stored = stored()


class EntryProblem(ValidationProblem):
    """Why one entry of a sync was refused."""

    code = one_of(
        (
            "validation_failed", "content_conflict", "id_taken", "not_found", "not_followed",
            "forbidden", "internal_error", "unavailable",
        ),
        required=True,
    )  # fmt: skip
    stored = stored()
