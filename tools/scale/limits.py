"""How many patients each part carries: the smallest is where it breaks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.watch.past import MONTH
from tools.scale.figures import Figures

DAYS: Final = 365.25
GB: Final = 1e9
MICRO: Final = 1e6


@dataclass(frozen=True, slots=True)
class Layout:
    """`groups` databases, each with its clinics alone; `machines` of each group, its primary one of
    them; `more` machines belong to no group.
    """

    name: str
    groups: int
    machines: int
    more: int = 0

    @property
    def all_machines(self) -> int:
        """All of them."""
        return self.groups * self.machines + self.more


LAYOUTS: Final = (
    Layout("one", groups=1, machines=1),
    Layout("three", groups=1, machines=3),
    Layout("fifty", groups=16, machines=3, more=2),
)


@dataclass(frozen=True, slots=True)
class Load:
    """What one patient costs: a second of the busiest minute, and on disk."""

    figures: Figures

    @property
    def check_ins_a_second(self) -> float:
        """In the busiest minute."""
        of = self.figures.a
        hour = of("check_ins_a_day") * of("busiest_hour") / 3600
        return hour * of("busiest_minute")

    def cpu_s(self, part: str) -> float:
        """Seconds of CPU for a check-in with its reads; `part`: "web" or "database"."""
        known, reads = self.figures.known, self.figures.a("reads_a_check_in")
        return (known(f"check_in_{part}") + reads * known(f"read_{part}")) / MICRO

    @property
    def bytes_a_day(self) -> float:
        """On disk, with indexes."""
        known, of = self.figures.known, self.figures.a
        staff = of("staff_share")
        read = staff * known("staff_read_bytes") + (1 - staff) * known("patient_read_bytes")
        each = known("check_in_bytes") + of("reads_a_check_in") * read
        return of("check_ins_a_day") * each

    @property
    def log_a_day(self) -> float:
        """Bytes of the write-ahead log, which go to the standbys and to the archive."""
        return self.figures.a("check_ins_a_day") * self.log_a_check_in

    @property
    def log_a_check_in(self) -> float:
        """Bytes, with its reads."""
        known = self.figures.known
        return known("check_in_log") + self.figures.a("reads_a_check_in") * known("read_log")


def disk(load: Load, layout: Layout) -> float:
    """Each machine of a group has all of the group's rows."""
    del layout
    figures = load.figures
    there = figures.machine["disk_gb"] * GB * figures.a("used_disk")
    return float(there / (load.bytes_a_day * DAYS * figures.a("years")))


def audit(load: Load, layout: Layout) -> float:
    """Each of the auditor's runs looks at a day and, twice a day until all is looked at, at a month
    of the past; one that takes longer than its unit allows is ended.
    """
    del layout
    return audited_at_most(load) / load.figures.a("check_ins_a_day") / (1 + MONTH.days)


def audited_at_most(load: Load) -> float:
    """Check-ins that a run gets through, all of them read from the disk."""
    figures = load.figures
    from_disk = figures.known("check_in_bytes") / (figures.a("read_mb_a_second") * MICRO)
    each = figures.known("audited") / MICRO + from_disk
    return figures.settings["whole_run_s"] / each


def connections(load: Load, layout: Layout) -> float:
    """A web process fills one core, and holds its connections to the one primary."""
    del layout
    given = load.figures.settings
    free = given["max_connections"] - given["kept_for_others"]
    cores = free // given["connections_a_process"] * load.figures.a("used_cpu")
    return cores / load.cpu_s("web") / load.check_ins_a_second


def primary(load: Load, layout: Layout) -> float:
    """One machine does all that PostgreSQL does; alone it is the web's as well."""
    cores = load.figures.machine["cores"] * load.figures.a("used_cpu")
    each = load.cpu_s("database") + (load.cpu_s("web") if layout.machines == 1 else 0)
    return float(cores / each / load.check_ins_a_second)


def web(load: Load, layout: Layout) -> float:
    """The cores that the primary leaves."""
    cores = layout.machines * load.figures.machine["cores"] * load.figures.a("used_cpu")
    each = load.cpu_s("database") + load.cpu_s("web")
    return float(cores / each / load.check_ins_a_second)


def commits(load: Load, layout: Layout) -> float | None:
    """Each check-in and each read is one: reads are recorded."""
    del layout
    found = load.figures.of("commits")
    each = 1 + load.figures.a("reads_a_check_in")
    return None if found is None else found / each / load.check_ins_a_second


def pages(load: Load, layout: Layout) -> float | None:
    """By one worker of each machine."""
    found, of = load.figures.of("pages"), load.figures.a
    if found is None:
        return None
    each = of("risky") * of("pages_an_alert") * load.check_ins_a_second
    return found * layout.machines / each


def replay(load: Load, layout: Layout) -> float | None:
    """A standby replays what comes in with one core, however many it has."""
    del layout
    found = load.figures.of("replayed")
    if found is None:
        return None
    each = found / GB * load.log_a_check_in
    return load.figures.a("used_cpu") / each / load.check_ins_a_second


Limit = Callable[[Load, Layout], float | None]
# What breaks, and what one would do then.
LIMITS: Final[Mapping[str, tuple[Limit, str]]] = {
    "disk": (disk, "a larger disk: the only one that grows with the years, not with the evening"),
    "a run of the auditor: a day, and a month of the past": (
        audit,
        "**before that** a longer `TimeoutStartSec`, or parts of the past that are shorter than a"
        " month; a run that is ended looks at nothing, and `/safetyz` turns red",
    ),
    "connections": (connections, "raise `max_connections`; PgBouncer is no help (deploy/README)"),
    "CPU of the primary": (primary, "a larger machine, reports from a standby, then more groups"),
    "CPU of all machines": (web, "more machines for web processes"),
    "commits to disk": (commits, "a disk with a battery; commits that wait for each other share"),
    "replay by a standby, one core": (replay, "more groups of clinics, each with its own log"),
    "pages": (pages, "more workers, on cores of their own (not shown here)"),
}


def patients(load: Load, layout: Layout) -> dict[str, float | None]:
    """Each limit in patients of the whole layout; None: what it needs was not measured yet."""
    found = {name: limit(load, layout) for name, (limit, _) in LIMITS.items()}
    return {name: None if one is None else one * layout.groups for name, one in found.items()}


def bottlenecks(load: Load, layout: Layout) -> list[tuple[str, float]]:
    """Those limits that are known, the lowest first: its name, and at how many patients."""
    known = {name: one for name, one in patients(load, layout).items() if one is not None}
    return sorted(known.items(), key=lambda one: one[1])
