"""The refusals that a proxy gives by itself on a crisis route, as files for it to send.

No clinic is known to a proxy, and nothing that was sent can be searched: so each is the problem
document that the service itself would give, with the generic card of a country in a language.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from api.http.problems import FRAMEWORK, TABLE, document
from services.exceptions import RateLimited, Unavailable
from services.rules.cards.crisis import generic_card
from services.rules.cards.lines import LINES
from services.rules.languages.texts import TEXTS
from services.rules.languages.wording import wording

# Status -> what the document says, and whether anything reached the database: False only where
# nothing was passed on to a process of ours, None where nobody knows.
_REFUSALS: Final[dict[int, tuple[str, str, str, bool | None]]] = {
    413: (*FRAMEWORK[413], False),
    429: (*TABLE[RateLimited][1:], RateLimited.detail, False),
    500: ("internal_error", "Internal error", "We do not know whether this arrived.", None),
    502: (*TABLE[Unavailable][1:], "No process of the service answered.", None),
    503: (*TABLE[Unavailable][1:], "Too much is asked of the service right now.", False),
    504: (*TABLE[Unavailable][1:], "The service did not answer in time.", None),
}
STATUSES: Final = tuple(_REFUSALS)
# Where no country is named: the directory of lines, and no number.
NO_COUNTRY: Final = "any"
# For routes on which nobody answers a question about danger.
PLAIN: Final = "plain"


def refusal(status: int, country: str, language: str) -> bytes:
    """The document of a status of `STATUSES`, in JSON, with the card of an ISO 3166 country.

    A file may lie for years: every number on it says when it was last checked. The card is that of
    a crisis, since nobody has read what was sent.
    """
    card = generic_card(
        committed=_REFUSALS[status][3],
        level="crisis",
        country="" if country == NO_COUNTRY else country,
        wording=wording(language, {}),
    )
    return _written(status, safety=card)


def files() -> Iterator[tuple[Path, bytes]]:
    """Every file by its path, `<country>/<language>/<status>.json`; in `plain/` without a card."""
    for status in STATUSES:
        yield Path(PLAIN, f"{status}.json"), _written(status)
        for country in countries():
            for language in TEXTS:
                path = Path(country, language, f"{status}.json")
                yield path, refusal(status, country, language)


def countries() -> tuple[str, ...]:
    """Those of which a number is known, and `any`."""
    return (NO_COUNTRY, *sorted({*LINES.countries, *LINES.emergency_only}))


def outdated(folder: Path) -> list[Path]:
    """Paths of the files in a folder that are missing, or not those of this version."""
    return [path for path, content in files() if _content(folder / path) != content]


def write(folder: Path) -> int:
    """Write all of them, for everybody to read; how many.

    Each appears complete or not at all: a proxy may be sending the old one.
    """
    count = 0
    for path, content in files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".new")
        fresh.write_bytes(content)
        fresh.chmod(0o644)
        fresh.replace(target)
        count += 1
    return count


def _written(status: int, **extra: object) -> bytes:
    code, title, detail, _ = _REFUSALS[status]
    return orjson.dumps(document(status, code, title, detail, **extra))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
