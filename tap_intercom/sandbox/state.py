"""What does the server remember from one request to the next?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from .clock import Clock
from .grants import Grants
from .holdings import Holdings
from .jobs import Jobs
from .journal import Journal
from .limits import RateLimit
from .meanwhile import Meanwhile
from .passing import advance
from .records.world import World
from .scrolls import Scrolls
from .views import Views
from .workspace import Workspace

DEFAULT_CLOCK = "2026-06-01T12:00:00Z"


@dataclass(frozen=True)
class Options:
    """What can be chosen when a sandbox is started."""

    size: int = 300
    seed: int = 1
    rate_limit: int = 10_000
    rate_window: int = 10
    live_headers: bool = False
    latency_ms: float = 0.0
    clock: str = DEFAULT_CLOCK
    advance: int = 0
    timezone: str = "America/Los_Angeles"
    scroll_expiry: float = 60.0
    hang: float = 60.0
    pause: float = 60.0
    search_lag: float = 0.0
    elsewhere: str = "https://elsewhere.example.com"

    @classmethod
    def of(cls, **chosen: Any) -> Options:
        """Take what was chosen by name."""
        return cls(**chosen)

    def start(self) -> int:
        """The instant at which the clock starts."""
        instant = datetime.fromisoformat(self.clock.replace("Z", "+00:00"))
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=timezone.utc)
        return int(instant.timestamp())


@dataclass
class State:
    """The workspace, the clock, and everything counted."""

    options: Options
    journal: Journal = field(default_factory=Journal)
    calls: Counter[tuple[str, ...]] = field(default_factory=Counter)
    notes: dict[tuple[str, ...], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Build the workspace and let the first time pass."""
        options = self.options
        self.clock = Clock(options.start())
        world = World(options.seed, options.size, self.clock.start, options.timezone)
        self.holdings = Holdings(world, self.clock, options.search_lag)
        self.workspace = Workspace(self.holdings)
        self.meanwhile = Meanwhile(self.workspace)
        self.limits = RateLimit(options.rate_limit, options.rate_window, live=options.live_headers)
        self.scrolls = Scrolls(options.scroll_expiry)
        self.jobs = Jobs()
        self.grants = Grants(self.clock)
        self.views = Views()
        if options.advance:
            advance(self.workspace, options.advance)

    def prepare(self) -> None:
        """Sort what is searched most, so that no first request has to wait for it."""
        for table in ("contacts", "conversations", "tickets"):
            self.holdings.table(table).sorted_by("updated_at")

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the workspace."""
        return ZoneInfo(self.options.timezone)

    def once(self, *name: str) -> bool:
        """Tell whether this is the first time that this is asked."""
        self.calls[name] += 1
        return self.calls[name] == 1
