"""The service on one node: two web processes, workers, auditors and the sealer, each to be killed.

Whoever ends is started again at once, as by systemd.
"""

from __future__ import annotations

import http.client
import sys
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

import orjson
import psutil

from api.embedded.urls import DatabaseUrls
from api.front.command import serve_command
from api.play.phones import Wire
from tests.fixtures.running import free_port, served, wait_until
from tests.production.lab.service import ShippedService
from tools.child import Child

WORKERS: Final = 3
AUDITORS: Final = 2
UP_WITHIN_S: Final = 180.0
AUDITS_EVERY_S: Final = 1
# A worker that dies each few seconds: what it was sending is not waited for half a minute.
LEASE_S: Final = 5
CONNECTED: Final = """
SELECT DISTINCT application_name AS name FROM pg_stat_activity
WHERE usename LIKE 'interlude%%' AND backend_type = 'client backend'
"""


class KilledService(ShippedService):
    """`web_urls`: where the web processes listen, each on a port of its own, as in `deploy/`."""

    # It replays its log after each kill, beside whatever else the machine does.
    database_within_s = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        ports = (self.port, free_port())
        self.web_urls = {
            f"web {place}": f"http://127.0.0.1:{port}" for place, port in enumerate(ports, start=1)
        }
        self.units = {
            f"web {place}": self._serve(port) for place, port in enumerate(ports, start=1)
        }
        every = ["flask", "alerts", "audit", "--every", str(AUDITS_EVERY_S)]
        self.units |= {f"worker {n}": ["flask", "alerts", "work"] for n in range(1, 1 + WORKERS)}
        self.units |= {f"auditor {n}": every for n in range(1, 1 + AUDITORS)}
        self.units["sealer"] = ["flask", "audit", "seal"]
        words = [sys.executable, "-m", "tests.production.kills.preloaded", str(self.folder)]
        self._api = Child("units", words, self.environ(), print)

    def environ(self) -> dict[str, str]:
        """As it ships, but for the lease."""
        return super().environ() | {"INTERLUDE_LEASE_S": str(LEASE_S)}

    def start(self) -> None:
        """Returns when everybody is at work."""
        (self.folder / "units.json").write_bytes(orjson.dumps(self.units))
        self._api.start()
        wait_until(self.all_are_at_work, "everybody is at work", UP_WITHIN_S)

    def all_are_at_work(self) -> bool:
        """Nobody is missing."""
        return self.at_work().keys() == self.units.keys()

    def at_work(self) -> dict[str, int]:
        """The process of each unit that works: it answers, or has come to the database."""
        processes = {name: self._process(name) for name in self.units}
        connected = {row.name for row in self.rows(CONNECTED)}
        return {
            name: pid
            for name, pid in processes.items()
            if pid
            and (self._answers(name) if name in self.web_urls else f"{name} {pid}" in connected)
        }

    def _process(self, name: str) -> int:
        """The one that does the work: of a web service the one that its first has forked."""
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            first = psutil.Process(int((self.folder / f"{name}.pid").read_text()))
            if name not in self.web_urls:
                return first.pid if first.status() != psutil.STATUS_ZOMBIE else 0
            living = [p for p in first.children() if p.status() != psutil.STATUS_ZOMBIE]
            return living[-1].pid if living else 0
        return 0

    def _answers(self, name: str) -> bool:
        wire = Wire(self.web_urls[name], tries=1)
        try:
            return wire.send("GET", "/readyz", {}).status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            wire.close()

    def _serve(self, port: int) -> list[str]:
        words = serve_command(self.settings, 1)
        words[words.index("--port") + 1] = str(port)
        return words[words.index("serve") :]


def killed_service(urls: DatabaseUrls, folder: Path) -> AbstractContextManager[KilledService]:
    """A service on a migrated database, for the length of a block."""
    folder.mkdir()
    return served(KilledService, urls, folder)
