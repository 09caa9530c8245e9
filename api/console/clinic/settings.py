"""The clinic's settings, and the crisis card as its patients see it."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from api.browser.forms import checked, lines_of, nested
from api.browser.once import seen_by_form, there_is_now
from api.browser.session import reader
from api.console.clinic.minutes import minutes_text, seconds_of
from api.console.clinic.severities import MEANS, whom_each_pages
from api.console.shell import back_to, page, shows, takes
from api.http.auth import now
from schemas.clinic import DAYS, ClinicIn
from services.access import Action
from services.clinic.card_preview import preview_card
from services.clinic.settings import change_clinic, get_clinic
from services.exceptions import ChangedMeanwhile, Invalid
from services.rules.languages.texts import TEXTS
from services.seen import name_of

CLINIC: Final = ClinicIn()
TEXT_FIELDS: Final = ("name", "timezone", "country", "phone", "monitoring_text", "language")
NEEDED: Final = ("name", "timezone", "country")
EMPTIED: Final = ("phone", "monitoring_text", "language")
LATE: Final = 409
PACES: Final = ("next_after_s", "ack_expires_s")


@shows("/clinic/settings", Action.CHANGE_CLINIC)
def show_settings() -> Response:
    """All that an administrator sets."""
    return _settings({})


@takes("/clinic/settings", Action.CHANGE_CLINIC)
def post_settings() -> Response:
    """Set them."""
    try:
        change_clinic(reader().actor, checked(CLINIC, _sent()), now(), seen_by_form())
    except Invalid as error:
        return _settings(error.errors, 422)
    except ChangedMeanwhile:
        return _settings({}, 409)
    return back_to("/clinic/settings?saved=1")


@shows("/clinic/card", Action.READ_CLINIC)
def show_card() -> Response:
    """The card, in a language of the texts."""
    preview = preview_card(reader().actor, request.args.get("language"), now())
    return page("clinic/card.html", preview=preview, card=preview.card)


def _sent() -> dict[str, Any]:
    sent = dict.fromkeys(NEEDED, "") | nested(*TEXT_FIELDS)
    sent |= {name: None for name in EMPTIED if name not in sent}
    sent["country"] = sent["country"].upper()
    return sent | {
        "staffed": [_hours(line) for line in lines_of("staffed")],
        "holidays": lines_of("holidays"),
        "ladder": {tier: _pace(tier) for tier in ("critical", "high")},
    }


def _pace(tier: str) -> dict[str, Any]:
    """Minutes to seconds; what is no number is refused by the schema."""
    found = {name: request.form.get(f"{tier}.{name}", "").strip() for name in PACES}
    known = {name: (seconds_of(text), text) for name, text in found.items() if text}
    return {name: text if length is None else length for name, (length, text) in known.items()}


def _hours(line: str) -> dict[str, Any]:
    """`mon-fri 08:00-18:00`, `sat, sun 10:00-12:00`; raises `Invalid`."""
    days, _, hours = line.lower().strip().rpartition(" ")
    begins, _, ends = hours.replace("–", "-").partition("-")
    return {"days": _days(days.replace("–", "-"), line), "from": begins, "to": ends}


def _days(text: str, line: str) -> list[str]:
    found: list[str] = []
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise Invalid({"staffed": [f"Cannot be read: {line[:40]}"]})
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += DAYS[start : end + 1] if start <= end else (*DAYS[start:], *DAYS[: end + 1])
    return list(dict.fromkeys(found))


def hours_in_words(staffed: list[dict[str, Any]]) -> str:
    """As they are typed, a line for each."""
    return "\n".join(
        f"{', '.join(each['days'])} {each['from']}-{each['to']}".replace(
            "mon, tue, wed, thu, fri ", "mon-fri "
        )
        for each in staffed
    )


def _settings(errors: dict[str, Any], status: int = 200) -> Response:
    clinic = get_clinic(reader().actor, now())
    values: dict[str, str] = {name: clinic[name] or "" for name in TEXT_FIELDS} | {
        "staffed": hours_in_words(clinic["staffed"]),
        "holidays": "\n".join(str(day) for day in clinic["holidays"]),
        **{
            f"{tier}.{name}": minutes_text(pace[name])
            for tier, pace in clinic["ladder"].items()
            for name in PACES
        },
    }
    if status == LATE:
        errors = there_is_now(request.form, values)
    # What was typed stays when it was refused.
    values |= request.form.to_dict() if errors else {}
    return page(
        "clinic/settings.html",
        status,
        means=MEANS,
        whom=whom_each_pages(),
        values=values,
        seen=name_of(clinic) if status in (200, LATE) else seen_by_form(),
        errors=errors,
        languages=[(texts.language, texts.name) for texts in TEXTS.values()],
        saved=request.args.get("saved") == "1",
    )
