"""What providers tell us later; each call is signed, and without its signature changes nothing."""

from __future__ import annotations

from urllib.parse import parse_qsl
from uuid import UUID

from flask import current_app, request

from api.http.auth import now, public
from api.http.bodies import Routes, raw_body
from api.settings import Settings
from services.alerts.delivery.receipts import put_down
from services.channels.sms import read_report
from services.exceptions import Forbidden

routes = Routes("callbacks", __name__, description="For providers: what became of a message")


@routes.writes("/v1/callbacks/sms/<uuid:clinic_id>/<uuid:notification_id>", status=204)
@routes.alt_response(403, "FORBIDDEN")
@public
def post_sms_report(clinic_id: UUID, notification_id: UUID) -> None:
    """What became of a text message, in Twilio's form and with its `X-Twilio-Signature`."""
    settings: Settings = current_app.config["INTERLUDE"]
    fields = dict(parse_qsl(raw_body().decode("utf-8", "replace"), keep_blank_values=True))
    signature = request.headers.get("X-Twilio-Signature", "")
    url = f"{settings.public_url}{request.path}"
    if settings.sms is None or not settings.sms.is_signed(url, fields, signature):
        raise Forbidden
    report = read_report(fields.get("MessageStatus"), fields.get("ErrorCode"))
    if report is not None:
        put_down(clinic_id, notification_id, fields.get("MessageSid"), report, now())
