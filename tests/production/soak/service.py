"""All that a machine of the service runs, and the process that each of it began with."""

from __future__ import annotations

from typing import Final

from tests.fixtures.running import BIN
from tests.production.lab.service import ShippedService
from tools.child import Child

BESIDE: Final = {"reminders": ("reminders", "work"), "sealer": ("audit", "seal")}


class SoakedService(ShippedService):
    """Web, workers and auditor, and also what sends reminders and seals the audit."""

    def start(self) -> None:
        super().start()
        for name, words in BESIDE.items():
            command = [str(BIN / "flask"), "--app", "wsgi", *words]
            child = Child(name, command, self.environ(), print)
            child.start()
            self.children.append(child)

    def first_processes(self) -> dict[str, int]:
        """Of each that runs: "web", "worker 1", "auditor" and so on; raises `AssertionError` when
        one has ended.
        """
        if ended := self.ended():
            raise AssertionError(f"ended by itself: {', '.join(ended)}")
        named = {"web": self._api} | {child.name: child for child in self.children}
        return {name: child.process.pid for name, child in named.items() if child.process}
