"""Being paged in this browser: the list's one script, its service worker, and the forms; and the
script of a log-in that asks for a passkey.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from flask import Response, current_app, request

from api.browser.forms import known, loaded
from api.browser.once import SENT_BEFORE, sent_form_id
from api.browser.passkeys import SCRIPT
from api.browser.session import ALERT_PAGE, below, reader, settings
from api.http.auth import now, public
from api.page.rendering import answer, message
from api.page.views import page
from schemas.contact_methods import MethodCodeIn
from services.contact_methods.listing import list_own
from services.contact_methods.own import add_method, verify
from services.exceptions import ContentConflict, Invalid, MethodCodeInvalid, NotFound, RateLimited

HERE: Final = Path(__file__).parent
SCRIPTS: Final = {
    "passkeys.js": f'"use strict";\n{SCRIPT}\n'.encode(),
    **{name: (HERE / name).read_bytes() for name in ("push.js", "worker.js")},
}
CODE: Final = MethodCodeIn()
DONE: Final = "You are paged in this browser from now on, after what you added before."
WRONG: Final = "The code was wrong, used or too old."


@page.get("/a/push.js")
@public
def get_push_script() -> Response:
    """The script of the list."""
    return script("push.js")


@page.get("/a/passkeys.js")
@public
def get_passkey_script() -> Response:
    """The script of a log-in that asks for a passkey."""
    return script("passkeys.js")


@page.get("/a/worker.js")
@public
def get_worker_script() -> Response:
    """The service worker, which may look after `/a` itself."""
    response = script("worker.js")
    response.headers["Service-Worker-Allowed"] = below(ALERT_PAGE)
    return response


@page.post("/a/push")
@public
def post_browser() -> Response:
    """Add this browser to the reader's contact methods; a code is pushed to it."""
    actor, kinds, services = reader().actor, settings().method_kinds, settings().push_services
    subscription = request.form.get("subscription", "")
    try:
        form_id = sent_form_id()
        made = add_method(actor, "webpush", subscription, kinds, now(), services, form_id)
    except Invalid as error:
        words = " ".join(each for found in error.errors.values() for each in found)
        return message(422, "This browser cannot be paged", words)
    except ContentConflict:
        return message(409, "Please try again", f"{SENT_BEFORE} Open the list again.")
    except RateLimited:
        return message(429, "Too many tries", "Try again in an hour.")
    return answer("push.html", method_id=made["id"])


@page.post("/a/push/code")
@public
def post_browser_code() -> Response:
    """The code that was pushed: from then on pages go there."""
    method_id = known(request.form.get("method_id", ""))
    try:
        verify(reader().actor, method_id, loaded(CODE, "code")["code"], now())
    except (Invalid, MethodCodeInvalid):
        # The same form again, perhaps: it is proved by the first press.
        if _is_proved(method_id):
            return message(409, "Proved already", DONE)
        return answer("push.html", 422, method_id=method_id, problem=WRONG)
    except NotFound:
        return message(404, "Nothing here", "This browser was taken away again.")
    return message(200, "Done", DONE)


def _is_proved(method_id: UUID) -> bool:
    own = list_own(reader().actor, now())["items"]
    return any(each["id"] == method_id and each["verified_at"] for each in own)


def script(name: str) -> Response:
    """One of ours, as it stands."""
    response: Response = current_app.response_class(SCRIPTS[name], mimetype="text/javascript")
    return response
