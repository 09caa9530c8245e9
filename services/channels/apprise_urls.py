"""Which services an administrator may enter by an Apprise URL, and what such a URL may say.

A service is here when it is one HTTP request to one receiver, and a test talks to a double of it by
the provider's own documents. An option is here when it changes neither what is said nor to whom nor
when: not a delay, a link, a file, a mail, another receiver, or less care with TLS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

# `(?P<host>…)` is where the page goes; without it the service has an address of its own.
HOST: Final = r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]+))(?::[0-9]{1,5})?"
LOGIN: Final = r"(?:[A-Za-z0-9._~-]+(?::[A-Za-z0-9._~-]*)?@)?"
PATH: Final = r"(?:/[A-Za-z0-9._~-]+)*"


@dataclass(frozen=True, slots=True)
class Service:
    """`plugin`: module and class in Apprise; `rest`: what stands behind `://`, up to a `?`;
    `options`: what may stand behind that, by name; `html`: it reads signs as markup.
    """

    plugin: tuple[str, str]
    rest: str
    options: Mapping[str, str] = field(default_factory=dict)
    html: bool = False


NTFY: Final = Service(
    ("ntfy", "NotifyNtfy"),
    rf"{LOGIN}{HOST}/[A-Za-z0-9_-]{{1,64}}/?",
    {"priority": "max|high|default|low|min"},
)
GOTIFY: Final = Service(
    ("gotify", "NotifyGotify"),
    rf"{HOST}{PATH}/[A-Za-z0-9._-]+/?",
    {"priority": "emergency|high|normal|moderate|low"},
)
JSON: Final = Service(("custom_json", "NotifyJSON"), rf"{LOGIN}{HOST}{PATH}/?")
MATTERMOST: Final = Service(
    ("mattermost", "NotifyMattermost"), rf"{HOST}{PATH}/[A-Za-z0-9]{{8,}}/?"
)
SERVICES: Final[Mapping[str, Service]] = {
    "ntfy": NTFY,
    "ntfys": NTFY,
    "gotify": GOTIFY,
    "gotifys": GOTIFY,
    "json": JSON,
    "jsons": JSON,
    "mmost": MATTERMOST,
    "mmosts": MATTERMOST,
    "slack": Service(("slack", "NotifySlack"), "T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}/?"),
    "pover": Service(
        ("pushover", "NotifyPushover"),
        "[A-Za-z0-9]{30}@[A-Za-z0-9]{30}(?:/[A-Za-z0-9_-]{1,25})?/?",
        {"priority": "emergency|high|normal|moderate|low", "sound": "[a-z]{1,12}"},
    ),
    "tgram": Service(
        ("telegram", "NotifyTelegram"),
        r"(?:bot)?[0-9]+:[A-Za-z0-9_-]{30,}/-?[0-9]{1,32}/?",
        html=True,
    ),
}


@dataclass(frozen=True, slots=True)
class AppriseUrl:
    """One that may be entered. `text`: as it is stored, a secret; `host`: None where the service
    has an address of its own.
    """

    scheme: str
    text: str = field(repr=False)
    host: str | None = field(repr=False)

    @property
    def shown(self) -> str:
        """The scheme and a mask."""
        return f"{self.scheme}://…"

    @property
    def service(self) -> Service:
        """Its row."""
        return SERVICES[self.scheme]


def read_apprise_url(typed: str) -> AppriseUrl:
    """Raises `ValueError` for a scheme, a form or an option that is not in the table."""
    scheme, found, rest = typed.partition("://")
    scheme, service = scheme.lower(), SERVICES.get(scheme.lower())
    if service is None or not found:
        raise ValueError("not a service that is known")
    place, asked, query = rest.partition("?")
    form = re.fullmatch(service.rest, place, re.ASCII)
    if form is None:
        raise ValueError("not the form of this service's address")
    options = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if asked else []
    if len(dict(options)) < len(options):
        raise ValueError("an option twice")
    for name, value in options:
        if name not in service.options or not re.fullmatch(service.options[name], value, re.ASCII):
            raise ValueError("an option that may not stand here")
    parts = form.groupdict()
    return AppriseUrl(scheme, f"{scheme}://{rest}", parts.get("host") or parts.get("six"))
