"""How does a way of handing out records become a stream?

A shape turns the requests of one way into `Page`s: some records, and up to which moment all is then
handed out. From that alone come the records and the bookmark, so a STATE is true by construction,
whatever the order of the records.
"""

from __future__ import annotations

import copy
import re
from abc import abstractmethod
from collections import ChainMap
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_intercom.api import errors
from tap_intercom.api.bodies import Doubtful, Garbled
from tap_intercom.api.client import Rules
from tap_intercom.api.clock import TOLERANCE
from tap_intercom.api.errors import EndsRun, Gone, IntercomError, NotAvailable
from tap_intercom.api.paginators import RepeatedPage, contradiction, next_request
from tap_intercom.api.retries import BRIEF
from tap_intercom.audit import BEGUN, ENDED
from tap_intercom.records import descriptions, schema, times
from tap_intercom.shapes.derived import derived, singular, snake_case
from tap_intercom.shapes.probes import Glimpse
from tap_intercom.shapes.reach import Reach
from tap_intercom.shapes.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk import Tap
    from typing_extensions import Self

    from tap_intercom.api.bodies import Body, Record
    from tap_intercom.api.paginators import Request
    from tap_intercom.api.retries import Patience
    from tap_intercom.audit import Account
    from tap_intercom.run import Run
    from tap_intercom.shapes.probes import Finding


# How a path ends that leads to all of something, where the one to one of it does not.
WAY_OF_ALL = re.compile("/(search|scroll|list)$")


@dataclass(frozen=True)
class Page:
    """Some records, and the moment up to which all is handed out once these are, if known."""

    records: list[Record]
    up_to: datetime | None = None
    bytes: int = 0  # that were received for it


class Shape(Reader):
    """A way of handing out records. Subclasses say which pages there are within a reach."""

    # What Intercom calls it, in the plural and in the singular.
    name: str = derived(lambda cls: snake_case(cls.__name__))
    noun: ClassVar[str] = derived(lambda cls: singular(cls.name))
    path: ClassVar[str] = derived(lambda cls: f"/{cls.name}")
    # Where one of it is asked for by its id.
    one: ClassVar[str] = derived(lambda cls: WAY_OF_ALL.sub("", cls.path) + "/{id}")
    params: ClassVar[Mapping[str, Any]] = {}
    # Parameters that an older version than this one would refuse.
    params_since: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    # What to tick in the Developer Hub for it, and since when the API has it.
    permission: ClassVar[str] = "the permission for it"
    min_version: ClassVar[str] = "2.0"
    # What is done about failures.
    verdicts: ClassVar[errors.Table] = errors.VERDICTS

    # Intercom gives at most this many rows of a parent, the newest.
    cap: ClassVar[int | None] = None

    # The name of the schema in `schemas.json`.
    component: ClassVar[str] = derived(
        lambda cls: cls.noun if cls.noun in schema.facts() else cls.name
    )
    # The stream that defines the custom attributes of this one's records, and that whose records
    # this one's rows hang on.
    defined_by: ClassVar[type[Shape] | None] = None
    of: ClassVar[type[Shape] | None] = None

    # Whether a first request that is sent before the stream's turn stands however much changes
    # meanwhile. Of others, pages may have shifted when their turn comes much later.
    keeps_place: ClassVar[bool] = False
    # How many parents a probe asks about, where it asks about any.
    probed: int = 1
    # Whether its pages are read once a run, whoever wants them.
    is_shared: ClassVar[bool] = False

    def __init__(
        self,
        tap: Tap,
        run: Run,
        account: Account | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Declare the schema of the stream's component, each column with its description.

        What is read for another stream is noted in that one's account.
        """
        self.run = run
        self.account = run.audit.account(self.name) if account is None else account
        self.patience = patience or run.patience
        owners = descriptions.owners_of(self.name, self.component)
        noun = self.noun.replace("_", " ")
        told = descriptions.described(self.declared_schema(tap), owners, noun)
        super().__init__(tap=tap, schema=told, name=self.name)

    def declared_schema(self, tap: Tap) -> dict[str, Any]:
        """Build the JSON Schema of the stream's records.

        Raises:
            IntercomError: The definitions of custom attributes cannot be asked for. Without the
                permission there are none.
            LoginError, StoreError: There is no token to ask with.
        """
        declared = schema.stream_schema(self.component)
        if self.defined_by and tap.config.get("custom_attributes") == "typed":
            defining = self.defined_by(tap, self.run, patience=BRIEF)
            definitions = self.run.once(defining.name, defining.all_records)
            if typed := schema.custom_properties(definitions):
                declared["properties"]["custom_attributes"]["properties"] = typed
        return declared

    def all_records(self) -> list[Record]:
        """Read all records at once, before the run; none without the permission."""
        self.run.token.obtain()
        try:
            pages = list(self.pages(self.reach().whole()))
        except NotAvailable as error:
            self.logger.warning("Custom attributes stay untyped: %s", error.problem)
            return []
        return [record for page in pages for record in page.records]

    @abstractmethod
    def pages(self, reach: Reach) -> Iterator[Page]:
        """Yield all pages with what is within reach."""

    def opening(self, reach: Reach) -> Request | None:  # noqa: ARG002  others need it
        """Give the first request; None if it cannot be asked before the stream's turn."""
        return None

    def begin(self) -> bool:
        """Begin what goes on while other streams are read; say whether there is any such thing."""
        return False

    @property
    def is_unfinished(self) -> bool:
        """Say whether more is to be read of it in the same run, when others have been read."""
        return False

    def opens(self, reach: Reach) -> tuple[Request | None, Rules]:
        """Give the first request, and its rules: of the stream that is read first."""
        return self.opening(reach), self.rules

    @abstractmethod
    def probe(self, parent: Finding | None) -> Glimpse:
        """Make one request, and say what it tells.

        Raises:
            NotAsked: There is nothing to ask with.
        """

    def first_page(self, request: Request) -> Glimpse:
        """Ask for a page, and read from it how many records and pages there are."""
        body = self.fetch(request)
        rows = self.dig(body)
        total = self.said(body)
        if next_request(request, body) is None:
            return Glimpse(len(rows) if total is None else total, 1, sample=rows)
        return Glimpse(total, ceil(total / len(rows)) if total and rows else None, sample=rows)

    @property
    def rules(self) -> Rules:
        """For whom requests are sent, and what is done about their failures."""
        return Rules(
            self.name,
            self.permission,
            self.account,
            self.verdicts,
            self.patience,
            check=self.check,
        )

    def check(self, request: Request, body: Body) -> None:
        """See whether a page holds what was asked for.

        Raises:
            Garbled: It does not.
            Doubtful: It contradicts itself, in what it says of the next one, or of how many records
                there are.
        """
        records = self.dig(body)
        problem = contradiction(request, body)
        counted = self.said(body) or 0
        if not problem and not records and counted > request.before:
            has_next = next_request(request, body) is not None
            problem = None if has_next else f"counts {counted} records, and has none of them"
        if problem:
            msg = f"A page of Intercom's answer {problem}."
            raise Doubtful(msg)

    def fetch(self, request: Request, rules: Rules | None = None) -> Body:
        """Send a request, unless it was sent before, and give back the body of its answer."""
        return self.run.ask(request, rules or self.rules, keeps_place=self.keeps_place)

    def ask(self, request: Request) -> Body:
        """Send a request, whatever was sent before, and give back the body of its answer."""
        return self.run.client.send(request, self.rules)

    @property
    def query(self) -> dict[str, Any]:
        """The query parameters that the API version in use knows."""
        has = self.run.client.address.has
        newer = (params for since, params in self.params_since.items() if has(since))
        return dict(ChainMap(*map(dict, newer), dict(self.params)))

    @property
    def is_available(self) -> bool:
        """Say whether the API version in use has the stream."""
        return self.run.client.address.has(self.min_version)

    def but(self, **others: Any) -> Self:
        """Give the same stream, but for some attributes."""
        same = copy.copy(self)
        vars(same).update(others)
        return same

    def reach(self, *, is_first: bool = False) -> Reach:
        """Say from when to when to read: since the bookmark, or in a first run `start_date`."""
        bookmark = None if is_first else times.known(self.bookmark)
        start, end = (times.known(self.config.get(name)) for name in ("start_date", "end_date"))
        known = None if self.holds_less else bookmark
        first = times.known(self.made_with.get("start_date"))
        is_gap = bookmark and start and bookmark < start and not (first and first >= start)
        reach = Reach(
            since=max(filter(None, [known, start]), default=None),
            end=end,
            started_at=self.run.started_at,
            lookback=timedelta(seconds=self.config["lookback_seconds"]),
            is_trial=self.is_trial,
            gap_from=bookmark if is_gap else None,
        )
        return reach if self.is_incremental else reach.whole()

    @override
    def get_records(self, context: object = None) -> Iterator[Record]:
        if not self.is_available:
            self.account.left_out = f"needs api_version {self.min_version} or newer."
            return
        reach = self.reach()
        if reach.is_to_come:
            self._wait_for(reach)
            return
        self.tell_settings(reach)
        self.account.progress = BEGUN
        try:
            yield from self._handed_out(reach)
            self.account.progress = ENDED
        except EndsRun:
            raise
        except (IntercomError, RepeatedPage, Garbled, RecursionError) as error:
            self._ends_early(error)
        if not self.is_unfinished:
            self.account.tell_missing(self.logger, self.of.name if self.of else None, self.cap)

    def _wait_for(self, reach: Reach) -> None:
        """Say that nothing is read, as all that is wanted is yet to come; the bookmark stays."""
        now, bookmark = self.run.started_at, times.known(self.bookmark)
        if bookmark and bookmark - now > TOLERANCE:
            self.fail(
                f"The bookmark is yet to come: {self.bookmark}, while it is {times.text(now)} at"
                " Intercom. Nothing is read, and it stays: correct it in the state, or remove it."
            )
        elif bookmark and bookmark > now:
            # Intercom has many servers, and runs may follow each other at once.
            self.logger.warning("Nothing is read: the bookmark is yet to come, %s.", self.bookmark)
            self.account.progress = ENDED
        else:
            start = reach.since and times.text(reach.since)
            self.account.left_out = (
                f"start_date is yet to come: {start}, while it is {times.text(now)} at Intercom."
            )

    def _ends_early(self, error: Exception) -> None:
        """Note why the stream ends here; the others go on, and its bookmark stays.

        Raises:
            TokenRefused: It is the token.
        """
        if isinstance(error, NotAvailable):
            self.run.check_token(self.rules)
        if isinstance(error, (NotAvailable, Gone)):
            # For good reason, and it is not to be taken as empty.
            self.account.left_out = error.problem
            return
        self.fail(self.words_of(error))

    def words_of(self, error: Exception) -> str:
        """Say in words what went wrong."""
        if isinstance(error, RecursionError):
            return "A record is nested too deeply to be read. Please report this."
        if isinstance(error, RepeatedPage):
            error = self.lost()
        return str(getattr(error, "problem", error))

    def fail(self, problem: str) -> None:
        """Note that not all of the stream could be read, and the first reason for it."""
        self.account.failed = self.account.failed or problem
        self.logger.error("%s", problem)

    def _handed_out(self, reach: Reach) -> Iterator[Record]:
        """Yield the records of all pages, and move the bookmark after each page."""
        for page in self.pages(reach):
            self.extracted(datetime.now(times.UTC))
            yield from page.records
            self.account.records += len(page.records)
            if page.up_to is not None and self.is_incremental and not reach.gap_from:
                self.checkpoint(min(page.up_to, reach.settled, self.run.certain - reach.lookback))
            del page  # before the next one is decoded, which then has the processor's cache
            self.message_writer.flush()  # a slow page must not hold back the one before

    def lost(self) -> IntercomError:
        """Say that pages go round in circles."""
        return IntercomError(
            self.name,
            "Intercom's pages go round in circles and get no further. What was read is kept; run"
            " again later, or with a smaller page_size.",
        )
