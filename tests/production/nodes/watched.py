"""What the rules ask of three nodes, their Patroni and etcd have, under these names."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final
from urllib.request import urlopen

from tests.deploy.watching import of_three_nodes, rules, selectors
from tests.fixtures.running import wait_until
from tests.production.lab.three_nodes import ThreeNodes
from tests.proofs.seen import Seen, verdict

SAMPLE: Final = re.compile(r"(?m)^(\w+)(?:\{.*\})? (\S+)$")
ASKED_WITHIN_S: Final = 10.0
WHOLE_WITHIN_S: Final = 60.0


def metrics_are_there(lab: ThreeNodes) -> Seen:
    """Of nodes that are whole: each has each metric, and one is the synchronous standby."""
    asked = {
        name
        for rule in rules().values()
        for name, labels in selectors(rule["expr"])
        if of_three_nodes((name, labels)) and name != "up"
    }
    # Patroni tells of streaming only while it knows PostgreSQL's version: not of one that starts.
    with suppress(AssertionError):
        wait_until(lambda: not _lacking(lab, asked), "all metrics are there", WHOLE_WITHIN_S)
    return verdict(
        "Patroni and etcd have what Prometheus asks of three nodes",
        f"{len(lab.nodes)} nodes, {len(asked)} metrics",
        "each has each; one is the synchronous standby",
        _lacking(lab, asked),
    )


def _lacking(lab: ThreeNodes, asked: set[str]) -> list[str]:
    found = [dict(SAMPLE.findall(node.ask("/metrics"))) for node in lab.nodes]
    for samples, node in zip(found, lab.nodes, strict=True):
        url = f"http://{node.machine.address}:2379/metrics"
        with urlopen(url, timeout=ASKED_WITHIN_S) as answer:
            samples.update(SAMPLE.findall(answer.read().decode()))
    lacking = sorted({name for name in asked for samples in found if name not in samples})
    synchronous = sum(float(samples.get("patroni_sync_standby", 0)) for samples in found)
    return [
        *(f"no {name}" for name in lacking),
        *[f"{synchronous:g} synchronous standbys"] * (synchronous != 1),
    ]
