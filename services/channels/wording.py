"""What a mail about alerts says: how urgent, which alert of which clinic, what happens if nobody
acts; nothing about whom.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from services.channels.base import AlertNotice, Page, alert_url, short_id

PAGED: Final = ("critical", "high")
ACT: Final = {"triggered": "open and acknowledge", "acknowledged": "somebody has taken it"}
ENDED: Final = {"acknowledged": "is taken", "resolved": "is resolved"}
STATE: Final = {"triggered": "Nobody has taken it.", "acknowledged": "Somebody has taken it."}
NOTHING_TO_DO: Final = {
    "acknowledged": "Somebody else has taken it. There is nothing for you to do now.",
    "resolved": "Somebody has resolved it. There is nothing for you to do.",
}
DRILL: Final = "DRILL: this is about nobody. Answer it as a real one: the times are measured."
LINKED: Final = "The link asks you to log in. Opening it changes nothing."
UNLINKED: Final = (
    "This server does not know its own address, so there is no link: log in where you always do,"
    " and look for the alert by its number."
)


def subject(page: Page) -> str:
    """`CRITICAL alert 1A2B3C4D, Hill Clinic: open and acknowledge`, `Stand down: …`, or `3 medium
    alerts to look at, Hill Clinic`; always one line.
    """
    count, notice = len(page.alerts), page.alerts[0]
    if page.kind == "stand_down":
        words = f"Stand down: {_name(page, notice)} {ENDED[notice.status]}"
    elif page.kind == "page" and page.severity in PAGED:
        words = f"{_name(page, notice)}: {ACT[notice.status]}"
    else:
        alerts = "alert" if count == 1 else "alerts"
        words = f"{count} {page.severity} {alerts} to look at, {page.clinic}"
    return " ".join(f"[Interlude] {'DRILL: ' if page.drill else ''}{words}".split())


def short(page: Page, public_url: str) -> str:
    """The same where there is little room: the subject and the link."""
    url = alert_url(public_url, page.alerts[0].alert_id)
    return " ".join(filter(None, (subject(page), url)))


def body(page: Page, public_url: str, now: datetime) -> str:
    """The facts, the link that opens more after log-in, who is paged next and when. Instants on the
    clinic's clock.
    """
    parts = {"page": _page, "digest": _digest, "stand_down": _stand_down}[page.kind]
    lines = [*parts(page, public_url, now), f"Times are in {page.zone}."]
    if page.drill:
        lines.insert(0, DRILL)
    if page.kind != "stand_down":
        lines.append(LINKED if public_url else UNLINKED)
    return "\n".join(lines)


def _page(page: Page, public_url: str, now: datetime) -> Iterator[str]:
    (notice,) = page.alerts
    yield _name(page, notice)
    yield f"Opened {clock(notice.triggered_at, now, page.zone)}. {STATE[notice.status]}"
    yield from _link(public_url, notice)
    yield ""
    if page.next_page is not None:
        unless = "you do nothing" if notice.status == "triggered" else "nobody follows up"
        when = clock(page.next_page.at, now, page.zone)
        yield f"If {unless}, {page.next_page.target} is paged at {when}."
    if page.why:
        yield from ("You are the last resort:", *page.why)
    yield ""


def _digest(page: Page, public_url: str, now: datetime) -> Iterator[str]:
    for notice in page.alerts:
        since = clock(notice.triggered_at, now, page.zone)
        yield f"{notice.severity} alert {short_id(notice.alert_id)}, {notice.status}, since {since}"
        yield from (*_link(public_url, notice), "")


def _stand_down(page: Page, public_url: str, now: datetime) -> Iterator[str]:
    (notice,) = page.alerts
    yield f"{_name(page, notice)} {ENDED[notice.status]}."
    yield NOTHING_TO_DO[notice.status]
    if page.next_page is not None:
        yield f"If nobody follows up, it pages again at {clock(page.next_page.at, now, page.zone)}."
    yield from (*_link(public_url, notice), "")


def _link(public_url: str, notice: AlertNotice) -> Iterator[str]:
    """Where the facts are, when we know our own address."""
    url = alert_url(public_url, notice.alert_id)
    if url is not None:
        yield url


def _name(page: Page, notice: AlertNotice) -> str:
    severity = notice.severity if page.kind == "stand_down" else page.severity
    return f"{severity.upper()} alert {short_id(notice.alert_id)}, {page.clinic}"


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`22:05`, with the day when it is another one than that of `now`."""
    local = moment.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return local.strftime("%H:%M" if same_day else "%a %d %b, %H:%M")
