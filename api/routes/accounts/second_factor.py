"""The own second factor: an authenticator app, and recovery codes."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.second_factor import (
    BothProofsIn,
    RecoveryCodesOut,
    TotpBegunOut,
    TotpConfirmIn,
    TotpOut,
)
from services.accounts.second_factor.enrolment import (
    begin_totp,
    confirm_totp,
    get_factor,
    remove_totp,
    renew_recovery_codes,
)
from services.accounts.second_factor.proof import Proof

routes = Routes("second_factor", __name__, description="The own second factor")


@routes.reads("/v1/me/totp", TotpOut)
def get_own_totp() -> Response:
    """Whether an authenticator app is asked for when I log in."""
    return json_answer(get_factor(current_actor(), now()))


@routes.writes("/v1/me/totp", BothProofsIn, TotpBegunOut, status=201)
def post_totp(body: dict[str, Any]) -> Response:
    """Begin with an authenticator app: nothing is asked for until its first code was sent."""
    return json_answer(begin_totp(current_actor(), Proof(**body), now()), 201)


@routes.writes("/v1/me/totp/confirm", TotpConfirmIn, RecoveryCodesOut)
def post_totp_confirm(body: dict[str, Any]) -> Response:
    """Its first code: it is asked for from now on, and every other device is logged out."""
    codes = confirm_totp(current_actor(), body["code"], now())
    return json_answer({"recovery_codes": codes})


@routes.writes("/v1/me/totp", BothProofsIn, status=204, method="DELETE")
def delete_totp(body: dict[str, Any]) -> None:
    """Ask for the password alone again; every other device is logged out."""
    remove_totp(current_actor(), Proof(**body), now())


@routes.writes("/v1/me/totp/recovery-codes", BothProofsIn, RecoveryCodesOut)
def post_recovery_codes(body: dict[str, Any]) -> Response:
    """Ten new recovery codes; the earlier ones are over."""
    codes = renew_recovery_codes(current_actor(), Proof(**body), now())
    return json_answer({"recovery_codes": codes})
