"""The wire of the devices that reminders go to."""

from __future__ import annotations

from marshmallow import fields

from models.people.device import PUSH_KINDS
from schemas.base import Strict, one_of

SUBSCRIPTION = {
    "description": "Of a browser what `PushSubscription.toJSON()` gives; of an app the registration"
    " token that Firebase Cloud Messaging gave it. A secret: it is kept encrypted.",
    "example": {
        "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "keys": {
            "p256dh": "BIPUL12DLfytvTajnryr2PRdAgXS3HGKiLqndGcJGabyhHheJYlNGCeXl1dn18gSJ1WA",
            "auth": "k8JV6sjdbhAi1n3_LDBLvA",
        },
    },
    "oneOf": [
        {
            "type": "object",
            "required": ["endpoint", "keys"],
            "properties": {
                "endpoint": {"type": "string", "format": "uri"},
                "keys": {
                    "type": "object",
                    "required": ["p256dh", "auth"],
                    "properties": {"p256dh": {"type": "string"}, "auth": {"type": "string"}},
                },
            },
        },
        {"type": "string", "minLength": 20, "maxLength": 4096},
    ],
}


class DeviceIn(Strict):
    """Where a device is reached."""

    kind = one_of(PUSH_KINDS, required=True)
    subscription = fields.Raw(required=True, metadata=SUBSCRIPTION)
