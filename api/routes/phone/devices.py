"""The devices that a patient's reminders go to."""

from __future__ import annotations

from typing import Any

from flask import current_app

from api.http.auth import current_actor, now
from api.http.bodies import Routes
from api.settings import Settings
from schemas.phone.devices import DeviceIn
from services.phone.devices import put_device, remove_device

routes = Routes("devices", __name__, description="Devices that reminders go to")
ONE = "/v1/me/devices/<string:device_id>"


@routes.writes(ONE, DeviceIn, status=204, method="PUT")
def put_own_device(body: dict[str, Any], device_id: str) -> None:
    """Let reminders go to this device: `device_id` is the app's own name for it. Say it again when
    the subscription changes. Patients only.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    put_device(current_actor(), device_id, **body, push_services=settings.push_services, now=now())


@routes.writes(ONE, status=204, method="DELETE")
def delete_own_device(device_id: str) -> None:
    """Let no more reminders go there; logging out does the same."""
    remove_device(current_actor(), device_id, now())
