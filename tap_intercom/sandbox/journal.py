"""What has the sandbox been asked? Every request, counted by endpoint and listed in order."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

import msgspec

KEPT = 50_000


@dataclass(slots=True)
class Entry:
    """One request. `status` stays None while it is open, and when it ended without an answer.

    `misfortune` says whether the token brought another answer than would have come without it.
    """

    method: str
    path: str
    template: str
    query: dict[str, str]
    raw: bytes
    label: str
    version: str | None
    status: int | None = None
    records: int = 0
    misfortune: bool = False

    def shown(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": _decoded(self.raw),
            "version": self.version,
            "status": self.status,
            "records": self.records,
            "token": self.label,
            "misfortune": self.misfortune,
        }


def _decoded(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError:
        return raw.decode(errors="replace")


class Journal:
    """The requests since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything but what is in flight."""
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.endpoints: dict[tuple[str, str], Counter[str]] = {}
        self.served: Counter[tuple[str, str]] = Counter()
        self.misfortunes = 0
        self.most_in_flight = self.in_flight = getattr(self, "in_flight", 0)

    def arrived(self, entry: Entry) -> None:
        """Note a request that has come in."""
        self.entries.append(entry)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def dealt(self, entry: Entry) -> None:
        """Note a request that goes wrong, or is answered otherwise, because of its token."""
        entry.misfortune = True
        self.misfortunes += 1

    def ended(self, entry: Entry) -> None:
        """Note how it went."""
        self.in_flight -= 1
        key = (entry.method, entry.template)
        status = "none" if entry.status is None else str(entry.status)
        self.endpoints.setdefault(key, Counter())[status] += 1
        self.served[key] += entry.records

    def stats(self) -> dict[str, Any]:
        """Everything counted, busiest endpoint first."""
        rows: list[dict[str, Any]] = [
            {
                "method": method,
                "path": template,
                "count": sum(statuses.values()),
                "statuses": dict(statuses),
                "records": self.served[method, template],
            }
            for (method, template), statuses in self.endpoints.items()
        ]
        rows.sort(key=lambda row: -row["count"])
        return {
            "requests": sum(row["count"] for row in rows),
            "records": sum(row["records"] for row in rows),
            "rate_limited": sum(row["statuses"].get("429", 0) for row in rows),
            "misfortunes": self.misfortunes,
            "in_flight": self.in_flight,
            "max_in_flight": self.most_in_flight,
            "endpoints": rows,
        }

    def log(self) -> list[dict[str, Any]]:
        """The requests in the order in which they came, as far back as kept."""
        return [entry.shown() for entry in self.entries]
