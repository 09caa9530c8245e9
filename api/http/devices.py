"""Which device is this? A signed cookie for each account that logged in here, or a token's
family.

It opens nothing: a known device only tries passwords at its own expense.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from api.http.auth import read_token, well_formed
from api.settings import Settings
from models.base import new_id
from models.encryption import derive
from services.accounts.guesses.devices import KNOWN_FOR, ClaimedDevice
from services.accounts.letters import DEVICE_PATH, UNDO_PATH
from services.accounts.second_factor.challenges import Site, site_of
from services.accounts.tokens.families import LoggedInBy
from services.exceptions import Unauthenticated

COOKIE: Final = "interlude_device_"
# A browser that several people share has one cookie for each of them.
COOKIES_READ: Final = 8


# Of a user agent: the first that it has, as a person calls it.
BROWSERS: Final = {
    "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox",
    "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMS: Final = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows",
    "CrOS": "ChromeOS", "Macintosh": "Mac", "Linux": "Linux",
}  # fmt: skip
KINDS: Final = {"console": "console", "a": "alert_page"}


def logged_in_by() -> LoggedInBy:
    """Where this request logs in, and coarsely with what: enough to know one's own by, and nothing
    of the browser's own words.
    """
    agent = request.headers.get("User-Agent", "")
    named = [
        next((words for sign, words in table.items() if sign in agent), None)
        for table in (BROWSERS, SYSTEMS)
    ]
    device = " on ".join(words for words in named if words) or None
    return LoggedInBy(KINDS.get(request.path.split("/")[1], "phone"), device)


def claimed_devices() -> list[ClaimedDevice]:
    """What this request claims to come from, as far as our signature is on it."""
    named = [name for name in request.cookies if name.startswith(COOKIE)][:COOKIES_READ]
    found = [_from_cookie(request.cookies[name]) for name in named]
    return [device for device in (*found, _from_token()) if device is not None]


def remember_device(response: Response, user_id: UUID, now: datetime) -> None:
    """This account has logged in here: its device is known for 90 days from now."""
    before = [one.id for one in claimed_devices() if one.user_id == user_id and one.known_at]
    device_id = before[0] if before else new_id()
    settings: Settings = current_app.config["INTERLUDE"]
    response.set_cookie(
        f"{COOKIE}{user_id.hex[:12]}",
        _signer().dumps([str(user_id), str(device_id), int(now.timestamp())]),
        max_age=KNOWN_FOR,
        httponly=True,
        samesite="Lax",
        secure=urlsplit(settings.public_url).scheme == "https",
    )


def link_page() -> str:
    """What the code of a link by mail is put behind; without a public URL only its path. Never the
    host that the request names: whoever asks could choose it.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    return settings.public_url + DEVICE_PATH


def undo_page() -> str:
    """What the code of a link to undo a change of address is put behind, likewise."""
    settings: Settings = current_app.config["INTERLUDE"]
    return settings.public_url + UNDO_PATH


def passkey_site() -> Site | None:
    """Where passkeys are made and asked for; None: they are not offered."""
    settings: Settings = current_app.config["INTERLUDE"]
    return site_of(settings.public_url)


def _from_cookie(value: str) -> ClaimedDevice | None:
    try:
        user_id, device_id, known_at = _signer().loads(value)
    except BadSignature:
        return None
    from_epoch = datetime.fromtimestamp(known_at, UTC)
    return ClaimedDevice(UUID(user_id), UUID(device_id), from_epoch)


def _from_token() -> ClaimedDevice | None:
    """The family of an access or refresh token, expired or not, that came along."""
    for kind in ("refresh", "access"):
        try:
            claims = read_token(kind)
            with well_formed():
                return ClaimedDevice(UUID(claims["sub"]), UUID(claims["family_id"]))
        except Unauthenticated:
            continue
    return None


def _signer() -> URLSafeSerializer:
    settings: Settings = current_app.config["INTERLUDE"]
    secrets = reversed(settings.secrets)  # the last one signs
    return URLSafeSerializer([derive(secret, b"interlude known device") for secret in secrets])
