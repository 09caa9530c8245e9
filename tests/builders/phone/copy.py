"""A phone that keeps a copy of a patient's entries by what it is told of changes."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.builders.calls import made
from tests.builders.world import Person

Copy = dict[tuple[str, str], Any]
LISTS = {
    "check_in": "/v1/check-ins",
    "side_effects": "/v1/side-effects",
    "help_request": "/v1/help-requests",
}


class Phone:
    """Keeps a copy by what has changed, and remembers all that it was told."""

    def __init__(self, client: FlaskClient, person: Person, limit: int = 50) -> None:
        self.client, self.person, self.limit = client, person, limit
        self.cursor: str | None = None
        self.copy: Copy = {}
        self.received: list[tuple[str, str]] = []

    def page(self) -> list[dict[str, Any]]:
        """Ask once, and apply what comes."""
        asked = f"/v1/changes?limit={self.limit}"
        if self.cursor is not None:
            asked += f"&cursor={self.cursor}"
        answer = made(self.client.get(asked, headers=self.person.headers), 200)
        self.cursor = answer["next_cursor"]
        for one in answer["items"]:
            key = (one["kind"], one["id"])
            self.received.append((one["op"], one["id"]))
            if one["op"] == "delete":
                # Perhaps of one that was amended before this phone had read that far.
                self.copy.pop(key, None)
            else:
                assert one["record"]["id"] == one["id"]
                self.copy[key] = one["record"]
        items: list[dict[str, Any]] = answer["items"]
        return items

    def catch_up(self) -> list[tuple[str, str]]:
        """Ask until nothing comes; what came."""
        already = len(self.received)
        while self.page():
            pass
        return self.received[already:]


def listed(client: FlaskClient, person: Person) -> Copy:
    """What the database shows."""
    return {
        (kind, one["id"]): one
        for kind, path in LISTS.items()
        for one in made(client.get(f"{path}?limit=500", headers=person.headers), 200)["items"]
    }


def same(copy: Copy, shown: Copy) -> bool:
    """Equal but for the card, which is as of now."""

    def without_card(all_of: Copy) -> Copy:
        return {key: one | {"safety": one["safety"] is None} for key, one in all_of.items()}

    return without_card(copy) == without_card(shown)
