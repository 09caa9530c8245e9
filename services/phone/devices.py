"""The devices that a patient's reminders go to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import PushedDevice
from models.base import new_id
from models.encryption import keyring
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.channels.webpush import read_subscription
from services.exceptions import Invalid

# More than anybody carries; the ones put longest ago make room.
MOST_DEVICES: Final = 10
LONGEST_ID: Final = 200
NOT_ONE: Final = {
    "webpush": "Not a browser's subscription to a push service that is known.",
    "fcm": "Not a registration token of Firebase Cloud Messaging.",
}


def put_device(
    actor: Actor,
    device_id: str,
    kind: str,
    subscription: Any,
    push_services: Collection[str],
    now: datetime,
) -> None:
    """From now on reminders go to this device too, in place of what it said before.

    `subscription`: of a browser as its `toJSON()` gives it, of an app its FCM registration token.
    `push_services`: origins that the operator allows beside the known ones. Raises `Forbidden` for
    staff and `Invalid`, which never echoes it: a secret.
    """
    scopes(actor, Action.OWN_DEVICES)
    if len(device_id) > LONGEST_ID:
        raise Invalid({"device_id": [f"Longer than {LONGEST_ID} characters."]})
    address = _read(kind, subscription, push_services)
    row = {
        "clinic_id": actor.clinic_id,
        "id": new_id(),
        "user_id": actor.user_id,
        "family_id": actor.family_id,
        "device_digest": _device_digest(device_id),
        "kind": kind,
        "subscription": address,
        "subscription_digest": keyring.digest(address.encode(), "devices.subscription"),
        "put_at": now,
    }
    with acting(actor, now) as session:
        # A browser that another account was logged in to is this one's now.
        session.execute(
            delete(PushedDevice).where(
                or_(
                    PushedDevice.subscription_digest == row["subscription_digest"],
                    (PushedDevice.user_id == actor.user_id)
                    & (PushedDevice.device_digest == row["device_digest"]),
                )
            )
        )
        # Of two that put the same at once, both mean this.
        session.execute(
            insert(PushedDevice).values(sealed(PushedDevice, row)).on_conflict_do_nothing()
        )
        _make_room(session, actor)
        audit.record(session, actor.user_id, "device_put", now, object_id=actor.family_id)


def remove_device(actor: Actor, device_id: str, now: datetime) -> None:
    """No reminders go there any more; nothing happens when none did. Raises `Forbidden`."""
    scopes(actor, Action.OWN_DEVICES)
    with acting(actor, now) as session:
        session.execute(
            delete(PushedDevice).where(
                PushedDevice.user_id == actor.user_id,
                PushedDevice.device_digest == _device_digest(device_id),
            )
        )
        audit.record(session, actor.user_id, "device_removed", now, object_id=actor.family_id)


def _read(kind: str, subscription: Any, push_services: Collection[str]) -> str:
    """As it is stored."""
    try:
        if kind == "webpush":
            return read_subscription(orjson.dumps(subscription).decode(), push_services).text()
        if not isinstance(subscription, str) or not _is_token(subscription):
            raise ValueError("not a token")
    except ValueError as error:
        raise Invalid({"subscription": [NOT_ONE[kind]]}) from error
    return subscription


def _is_token(text: str) -> bool:
    return 20 <= len(text) <= 4096 and text.isascii() and text.isprintable() and " " not in text


def _device_digest(device_id: str) -> bytes:
    return keyring.digest(device_id.encode(), "devices.device")


def _make_room(session: Session, actor: Actor) -> None:
    newest = (
        select(PushedDevice.id)
        .where(PushedDevice.user_id == actor.user_id)
        .order_by(PushedDevice.put_at.desc(), PushedDevice.id.desc())
        .limit(MOST_DEVICES)
    )
    session.execute(
        delete(PushedDevice).where(
            PushedDevice.user_id == actor.user_id, PushedDevice.id.not_in(newest)
        )
    )
