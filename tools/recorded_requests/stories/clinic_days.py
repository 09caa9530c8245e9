"""The worker's rounds, what staff do each day, and the page of an alert."""

from __future__ import annotations

import re
from typing import Any, Final

from tools.own_service import PASSWORD
from tools.recorded_requests.people import World, document
from tools.recorded_requests.recorder import Caller, Story, at

LAST_DAY: Final = 48
TOKEN: Final = re.compile(r'name="csrf" value="([^"]+)"')
ORIGIN: Final = "http://localhost"
DISPOSITIONS: Final = ("safe_plan_made", "treatment_changed", "emergency_services")


def worker(world: World) -> Story:
    """Three passes a day; 13:05 UTC is after eight in the morning in New York."""
    for day in range(LAST_DAY):
        for hour, minute in ((2, 0), (13, 5), (20, 0)):
            yield at(day, hour, minute)
            world.recorder.worker()


def staff(world: World) -> Story:
    """Each afternoon: the worklist, what is new on it, and an end to what is two days old."""
    shown: dict[str, int] = {}
    for day in range(3, LAST_DAY):
        yield at(day, 15, 30)
        sam = world.sam
        listed = document(sam.get("/v1/alerts"))["items"]
        waiting = [one for one in listed if one["status"] != "resolved"]
        for one in waiting:
            if one["id"] not in shown:
                shown[one["id"]] = day
                sam.get(f"/v1/alerts/{one['id']}")
                read_page(world, one["id"])
            elif one["patient_id"] not in world.kept and day - shown[one["id"]] >= 2:
                act_on(world, one, day)
        if day % 7 == 0:
            for query in ("", "?sort=silence", "?sort=trend", "?sort=name&limit=3"):
                sam.get(f"/v1/patients{query}")
            sam.get("/v1/patients", Accept="text/html")
            world.admin.get("/v1/patients")
            world.olly.get("/v1/patients")


def act_on(world: World, alert: dict[str, Any], day: int) -> None:
    """One of several ways to handle an alert, in turn."""
    sam, path = world.sam, alert["id"]
    if alert["status"] == "triggered" and day % 3:
        sam.act(path, "acknowledge")
        outcome = ("reached", "no_answer", "message_left")[day % 3]
        sam.act(path, "notes", {"kind": "contact_attempt", "outcome": outcome, "text": "called"})
        return
    sam.act(path, "resolve", {"disposition": DISPOSITIONS[day % 3], "note": "seen"})


def read_page(world: World, alert: str) -> None:
    """The alert's page for somebody who is logged in on it."""
    client = world.page_client
    path = f"/a/{alert}"
    answer = world.browser.send("GET", path, client=client)
    if "log-in" in answer.get_data(as_text=True):
        token = TOKEN.findall(answer.get_data(as_text=True))[0]
        send_form(
            world.browser,
            client,
            f"{path}/log-in",
            token,
            email="sam@staff.test",
            password=PASSWORD,
        )
        world.browser.send("GET", path, client=client)


def send_form(
    browser: Caller, client: Any, path: str, token: str, origin: str = ORIGIN, **fields: str
) -> Any:
    """A form of the page; the secret in it is not kept."""
    answer = client.post(path, data={"csrf": token, **fields}, headers={"Origin": origin})
    sent = {name: value for name, value in fields.items() if name != "password"}
    browser.recorder.answered(browser.name, f"POST {path}", sent, answer)
    return answer


def page(world: World) -> Story:
    """Everything that can be done on the page of an alert, and what is refused there."""
    yield at(10, 12)
    sam, recorder = world.sam, world.recorder
    pia = sam.patient("Pia", phone="+1 555 0140", address="2 Side St")
    world.kept.add(pia.id)
    pia.check_in("phq9-daily", {"q1": 3, "q9": 3}, note="<b>I took pills</b>")
    recorder.worker()
    alert = sam.risk_of(pia)
    path, browser = f"/a/{alert['id']}", Caller(recorder, "Browser")
    client = recorder.app.test_client()
    shown = browser.send("GET", path, client=client).get_data(as_text=True)
    token = TOKEN.findall(shown)[0]
    log_in = {"email": "tia@staff.test", "password": PASSWORD}
    send_form(browser, client, f"{path}/log-in", "wrong", **log_in)
    send_form(browser, client, f"{path}/log-in", token, origin="http://evil.test", **log_in)
    send_form(browser, client, f"{path}/log-in", token, **{**log_in, "password": "wrong one"})
    send_form(browser, client, f"{path}/log-in", token, email="tia@staff.test")
    send_form(browser, client, f"{path}/log-in", token, **log_in)
    shown = browser.send("GET", path, client=client).get_data(as_text=True)
    token = TOKEN.findall(shown)[0]
    send_form(browser, client, f"{path}/acknowledge", token)
    send_form(browser, client, f"{path}/note", token, text="called the ward <script>")
    send_form(browser, client, f"{path}/note", token, text="")
    send_form(browser, client, f"{path}/contact", token, outcome="no_answer")
    send_form(browser, client, f"{path}/contact", token, outcome="maybe")
    send_form(browser, client, f"{path}/resolve", token, disposition="other")
    browser.send("GET", path, client=client)
    send_form(browser, client, f"{path}/resolve", token, disposition="safe_plan_made", note="ok")
    browser.send("GET", path, client=client)
    for odd in ("/a/nonsense", f"/a/{world.clinic}", f"{path}/resolve", f"{path}/x", "/a/", "/"):
        browser.send("GET", odd, client=client)
    send_form(browser, client, f"{path}/log-out", token)
    browser.send("GET", path, client=client)


STORIES: Final = (worker, staff, page)
