"""A record names what differs between two runs, and a comparison says briefly what changed."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import uuid4

import time_machine
from flask import Flask

from tools.recorded_requests.comparing import differences, shown
from tools.recorded_requests.masks import ID, Masks
from tools.recorded_requests.people import open_clinics
from tools.recorded_requests.receivers import Mailbox, Webhook
from tools.recorded_requests.recorder import Recorder, at
from tools.recorded_requests.stories.refusals import wrong_people


def test_a_story_is_kept_without_ids_and_secrets(app: Flask, clean_database: None) -> None:
    webhook = Webhook()
    webhook.start()
    try:
        with time_machine.travel(at(0, 8), tick=False) as clock:
            recorder = Recorder(app, clock, Mailbox(), webhook, lambda _line: None)
            recorder.play(wrong_people(open_clinics(recorder)))
    finally:
        webhook.stop()
    text = json.dumps(recorder.steps)
    assert not ID.search(text)
    assert "eyJ" not in text
    statuses = [step["status"] for step in recorder.steps if step["who"] == "Pam"]
    assert statuses == [201, 201, 200, 409, 200, 200]
    assert recorder.steps[-1]["at"].startswith("2026-03-10T15:00")


def test_an_id_is_named_by_who_saw_it_first() -> None:
    masks, one, other = Masks(), str(uuid4()), str(uuid4())
    masks.know(other, "Ada's 1")
    body = f'{{"id":"{one}","of":"{other}"}}'
    assert masks.known(body) == '{"id":"<id>","of":"<Ada\'s 1>"}'
    assert (
        masks.text(body, "Sam 03-02 14:00") == '{"id":"<id of Sam 03-02 14:00>","of":"<Ada\'s 1>"}'
    )
    assert masks.text(f"/a/{one.upper()}", "elsewhere") == "/a/<id of Sam 03-02 14:00>"
    third = masks.text(f'"id": "{uuid4()}"', "Sam 03-02 14:00")
    assert third == '"id": "<id of Sam 03-02 14:00 #2>"'


def test_secrets_are_masked() -> None:
    masks = Masks()
    for secret in (
        "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
        "AB1CD-EF2GH-JK3LM-NP4QR",
        '"next_cursor":"WyJhIl0"',
        '"signing_secret": "s3cr3t"',
        f'name="csrf" value="{"0f" * 32}"',
    ):
        assert "<" in masks.text(secret, "x"), secret
    assert masks.text('"next_cursor":null', "x") == '"next_cursor":null'


def test_the_hash_of_a_report_is_checked() -> None:
    masks, report = Masks(), {"a": 1, "generated_at": "now"}
    digest = hashlib.sha256(b'{"a":1}').hexdigest()
    right = json.dumps(report | {"content_hash": digest}, separators=(",", ":"))
    assert '"content_hash":"<right>"' in masks.document(right, "x")
    wrong = right.replace('"a":1', '"a":2')
    assert '"content_hash":"<wrong>"' in masks.document(wrong, "x")


def step(what: str, body: Any, **more: Any) -> dict[str, Any]:
    head = {"at": "2026-03-02T14:00:01+00:00", "who": "Ada", "what": what}
    return (
        head | {"status": 200, "body": body if isinstance(body, str) else json.dumps(body)} | more
    )


def test_the_same_steps_do_not_differ() -> None:
    steps = [step("GET /v1/me", {"a": 1}), step("GET /v1/me", {"a": 2})]
    assert differences(steps, steps) == []
    later = [{**one, "at": "2026-03-02T14:00:07+00:00"} for one in steps]
    assert differences(steps, later) == [], "what happened before took longer"
    next_day = [{**one, "at": "2026-03-03T14:00:01+00:00"} for one in steps]
    assert {one.path for one in differences(steps, next_day)} == {"step"}


def test_the_same_change_in_many_answers_is_one_group() -> None:
    before = [step(f"GET /v1/x/<id of {n}>", {"items": [{"words": "she slept"}]}) for n in "abcd"]
    after = [step(f"GET /v1/x/<id of {n}>", {"items": [{"words": "they slept"}]}) for n in "abcd"]
    found = differences(before, after)
    assert {one.path for one in found} == {"body.items[].words"}
    text = shown(found)
    assert text.startswith("4 differences in 1 groups")
    assert "[-she-]{+they+} slept" in text
    assert "… and 1 more" in text


def test_what_is_added_gone_moved_or_of_other_kind_is_distinguished() -> None:
    before = [step("GET /v1/a", {"list": [1, 2, 3], "gone": 1, "kind": 1}), step("GET /v1/b", {})]
    after = [step("GET /v1/a", {"list": [2, 3, 4], "new": 1, "kind": "1"}, status=201)]
    found = {(one.path, one.change) for one in differences(before, after)}
    assert found == {
        ("step", "only before"),
        ("status", "- 200\n+ 201"),
        ("body.list[]", "- 1"),
        ("body.list[]", "+ 4"),
        ("body.gone", "gone, was 1"),
        ("body.new", "new: 1"),
        ("body.kind", "- 1\n+ 1"),
    }


def test_another_order_of_keys_is_a_difference() -> None:
    before, after = [step("GET /", '{"a":1,"b":2}')], [step("GET /", '{"b":2,"a":1}')]
    (found,) = differences(before, after)
    assert found.change.startswith("the same content in another order")
