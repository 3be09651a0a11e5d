"""What is being exported? Jobs that take a few looks to be done, and leave a file.

Of content, a workspace has one job at a time, and of reports five. A job is done when it has been
looked at a few times; whoever is refused a new one has looked at those that are under way. A file
is there for two days.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from .exchange import Refusal
from .records.dice import DAY, mixed

LOOKS = 2
KEPT = 2 * DAY


@dataclass(frozen=True)
class Kind:
    """What is exported: where it is to be had, how many jobs at once, and how one says it is done.

    `called` is what the refusal of one job too many calls them.
    """

    path: str
    at_once: int
    done: str
    called: str


CONTENT = Kind("content/data", 1, "completed", "message data")
REPORT = Kind("reporting_data", 5, "complete", "reporting dataset")


@dataclass
class Job:
    """One export: of a report, its dataset and columns are named."""

    kind: Kind
    name: str
    after: int
    before: int
    dataset: str = ""
    columns: tuple[str, ...] = ()
    looks: int = 0
    done_at: float | None = None

    def look(self, now: float) -> None:
        """Note that somebody wanted to know how far it is."""
        self.looks += 1
        if self.looks > LOOKS and self.done_at is None:
            self.done_at = now

    @property
    def status(self) -> str:
        """How far it is."""
        if self.done_at is None:
            return "pending" if self.looks <= 1 else "in_progress"
        return self.kind.done

    def shown(self) -> bytes:
        """Tell of it."""
        there = self.done_at is not None
        url = f"https://api.intercom.io/download/{self.kind.path}/{self.name}"
        return msgspec.json.encode(
            {
                "job_identifier": self.name,
                "status": self.status,
                "download_url": url if there else "",
                "download_expires_at": str(int(self.done_at + KEPT)) if self.done_at else "",
            }
        )


@dataclass
class Jobs:
    """All jobs of a workspace."""

    jobs: dict[str, Job] = field(default_factory=dict)

    def add(self, job: Job, now: float) -> Job:
        """Begin a job, if there is room for it."""
        under_way = [
            one for one in self.jobs.values() if one.done_at is None and one.kind is job.kind
        ]
        if len(under_way) >= job.kind.at_once:
            for one in under_way:
                one.look(now)
            raise busy(job.kind)
        self.jobs[job.name] = job
        return job

    def found(self, kind: Kind, name: str) -> Job:
        """Find a job of a kind."""
        job = self.jobs.get(name)
        if job is None or job.kind is not kind:
            raise missing(name)
        return job

    def number(self) -> str:
        """Name the next job."""
        return f"{mixed(len(self.jobs), 91):016x}"


def busy(kind: Kind) -> Refusal:
    """Build the refusal of one job too many."""
    message = f"Exceeded rate limit of {kind.at_once} pending {kind.called} export jobs"
    return Refusal(429, "rate_limit_exceeded", message)


def missing(name: str) -> Refusal:
    """Build the refusal of a job that is not there, or whose file no longer is."""
    return Refusal(404, "not_found", f"Export job not found for identifier: {name}")
