"""Apprise's own modules, of which only those of `apprise_urls` are ever imported, and which reach
the network through us alone.

Their `requests` is replaced by `Transport`: the address that is looked at is the one that is
connected to, redirects, proxies and `.netrc` are not followed, TLS is always verified, the answer
is bounded and in time as with every other channel, and nothing leaves but in `hand_over`.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import import_module
from typing import Any, Final

import requests
from apprise import AppriseAsset, NotifyFormat, NotifyType
from apprise.common import PersistentStoreMode
from apprise.plugins.base import NotifyBase

from services.channels.apprise_urls import AppriseUrl
from services.channels.base import ChannelError
from services.channels.exchange import Caller
from services.channels.webhook import TRY_AGAIN

# What it logs names topics, hosts and tokens; what came of a page is told by us.
logging.getLogger("apprise").disabled = True
# No picture from elsewhere, nothing on disk, no thread of its own.
ASSET: Final = AppriseAsset(
    app_id="Interlude",
    app_desc="Interlude",
    image_url_mask="",
    image_path_mask=False,
    storage_mode=PersistentStoreMode.MEMORY,
    async_mode=False,
    http_redirects=False,
    allow_templates=False,
    pgp_autogen=False,
    pem_autogen=False,
)


@dataclass
class _Sending:
    """One page on its way; it is one request, so that what is said of that is true of the page."""

    caller: Caller
    asked: int = 0

    def exchange(self, prepared: requests.PreparedRequest) -> requests.Response:
        self.asked += 1
        if self.asked > 1:
            raise ChannelError("apprise_bad_address", permanent=True)
        method, url, body = prepared.method or "", prepared.url or "", prepared.body
        content = body.encode() if isinstance(body, str) else body
        if not isinstance(content, bytes):
            raise AssertionError("a plug-in has something to say, and says it at once")
        headers = {name: str(value) for name, value in prepared.headers.items()}
        answer = self.caller.exchange(method, url, headers, content)
        if not 200 <= answer.status < 300:
            permanent = 300 <= answer.status < 500 and answer.status not in TRY_AGAIN
            raise ChannelError(f"apprise_{answer.status}", permanent=permanent)
        response = requests.Response()
        response.status_code, response.url = answer.status, url
        response._content = answer.body
        return response


_sending: ContextVar[_Sending] = ContextVar("call")


class Transport:
    """What plugins use of `requests`."""

    codes = requests.codes
    exceptions = requests.exceptions
    RequestException = requests.RequestException

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        data: Any = None,
        json: Any = None,
        headers: Any = None,
        auth: Any = None,
        **_ours: object,
    ) -> requests.Response:
        """Time limits, certificates and redirects are ours to say."""
        asked = requests.Request(
            method, url, headers, data=data, params=params, auth=auth, json=json
        )
        return _sending.get().exchange(asked.prepare())

    def post(self, url: str, data: Any = None, json: Any = None, **given: Any) -> requests.Response:
        """The same, by POST."""
        return self.request("POST", url, data=data, json=json, **given)


@cache
def load(module_name: str, class_name: str) -> type[NotifyBase]:
    """A plug-in, with our transport in it."""
    module = import_module(f"apprise.plugins.{module_name}")
    vars(module)["requests"] = Transport()
    plugin: type[NotifyBase] = getattr(module, class_name)
    return plugin


def hand_over(url: AppriseUrl, text: str, caller: Caller) -> None:
    """One request to one receiver, which has taken it when this returns. Raises `ChannelError`."""
    notifier = _notifier(url)
    call = _Sending(caller)
    token = _sending.set(call)
    try:
        taken = notifier.notify(**_written(url, text), notify_type=NotifyType.WARNING)
    finally:
        _sending.reset(token)
    if not taken or not call.asked:
        raise ChannelError("apprise_refused")


def _written(url: AppriseUrl, text: str) -> dict[str, Any]:
    """Every sign of the text as it is, whatever the service takes for markup."""
    if url.service.html:
        return {"body": escape(text, quote=False), "body_format": NotifyFormat.HTML}
    return {"body": text, "body_format": NotifyFormat.TEXT}


def _notifier(url: AppriseUrl) -> NotifyBase:
    plugin = load(*url.service.plugin)
    try:
        return plugin(**(plugin.parse_url(url.text) or {}), asset=ASSET)
    except TypeError as error:  # what Apprise raises for a URL that it cannot use
        raise ChannelError("apprise_bad_address", permanent=True) from error
