"""In which few ways does Intercom hand out records?

Each shape turns the requests of one way into `Page`s: some records, and up to which moment all is
then handed out. From that alone come the records and the bookmark, so a STATE is true by
construction, whatever the order of the records.

    Singleton   one object
    List        pages of a list, whole, or newest first as far as the bookmark
    Windows     a list that Intercom filters by time, a month at a time
    Search      what changed between the bookmark and the start of the run, oldest first
    Scroll      the companies: one scroll at a time, read to its end before anything else
    Explode     rows that lie inside a parent's records, without a further call
    FanOut      rows that cost one call per parent, several at once, in the parents' order
    Feed        rows that every parent gathers, read of each as far as the bookmark
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from abc import abstractmethod
from collections import ChainMap
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import msgspec
from requests import RequestException, codes
from singer_sdk.exceptions import RetriableAPIError
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_intercom import schema, times
from tap_intercom.audit import BEGUN, ENDED
from tap_intercom.client import (
    Answer,
    Connection,
    Gone,
    IntercomError,
    IntercomStream,
    NotAvailable,
    ScrollLost,
    TokenRefused,
    status_of,
)
from tap_intercom.concurrency import ahead, ordered_growth, ordered_map
from tap_intercom.messages import PlainRecords
from tap_intercom.paginators import RepeatedPage, Request, Trail, next_request, walk
from tap_intercom.transfer import TooLarge, TooSlow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from requests import Response
    from singer_sdk import Tap

    from tap_intercom.paginators import Body

    Record = dict[str, Any]

FRESH_SECONDS = 5.0

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

# What other taps keep in a bookmark.
CURSORS = frozenset({"updated_at", "created_at"})

# Nothing in Intercom is older than Intercom.
INTERCOM_BEGAN = datetime(2011, 1, 1, tzinfo=times.UTC)


@dataclass(frozen=True)
class Page:
    """Some records, and the moment up to which all is handed out once these are, if known."""

    records: list[Record]
    up_to: datetime | None = None
    bytes: int = 0  # that were received for it


class Shape(PlainRecords, IntercomStream):
    """A way of handing out records. Subclasses say which pages there are since a moment."""

    name: str = ""
    path: str = ""
    noun: ClassVar[str]
    # Where the records are in an answer: a dotted path, or several with a bar between, of which the
    # first that is there counts; empty for the answer itself.
    records: ClassVar[str] = "data"
    # The name of records that are no objects.
    bare: ClassVar[str] = "value"
    params: ClassVar[Mapping[str, Any]] = {}
    # The stream that defines the custom attributes of this one's records.
    defined_by: ClassVar[type[Shape] | None] = None
    # Where an answer says how many records there are, as a dotted path; beside them, unless told.
    total: ClassVar[str] = ""
    # Intercom gives at most this many rows of a parent, the newest.
    cap: ClassVar[int | None] = None
    # Parameters that an older version than this one would refuse.
    params_since: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    replication_key: str | None = None

    @abstractmethod
    def pages(self, since: datetime | None) -> Iterator[Page]:
        """Yield all pages with what changed at or after a moment, or with everything."""

    @override
    def declared_schema(self, tap: Tap) -> dict[str, Any]:
        declared = super().declared_schema(tap)
        if self.defined_by and tap.config.get("custom_attributes") == "typed":
            typed = schema.custom_properties(self.definitions(self.defined_by, tap))
            declared["properties"]["custom_attributes"]["properties"] = typed
        return declared

    def definitions(self, defining: type[Shape], tap: Tap) -> list[Record]:
        """Ask Intercom, once a run, for the definitions of custom attributes.

        Raises:
            IntercomError: It cannot be reached. Without the permission there are none.
            LoginError, StoreError: There is no token to ask with.
        """
        known = self.connection.definitions
        if defining.name not in known:
            stream = defining(tap, self.connection)
            stream.max_tries = 3
            self.authenticator.obtain()
            try:
                pages = list(stream.pages(None))
            except NotAvailable as error:
                stream.logger.warning("Custom attributes stay untyped: %s", error.problem)
                pages = []
            known[defining.name] = [row for page in pages for row in page.records]
        return known[defining.name]

    # The first request, which a run may send for all streams before it reads one after the other

    def opening(self, since: datetime | None) -> Request | None:  # noqa: ARG002  others need it
        """Ask for what changed since a moment; None if that cannot be asked beforehand."""
        return None

    def opens(self, since: datetime | None) -> tuple[Shape, Request | None]:
        """Say which stream sends the first request, and what it asks."""
        return self, self.opening(since)

    # Whether what was asked beforehand goes on where it ended, however much changes meanwhile. Of
    # others, pages may have shifted when their turn comes much later: they are asked again then.
    keeps_place: ClassVar[bool] = False
    has_begun = False

    def begin(self, request: Request) -> tuple[Body, float]:
        """Ask beforehand; give the answer, and when it came, in seconds of a steady clock."""
        return self.exchange(request)[0], time.monotonic()

    @override
    def fetch(self, request: Request) -> Body:
        begun = None if self.has_begun else self.connection.begun.get(repr(request))
        self.has_begun = True
        if begun is not None:
            answer, came_at = begun.result()
            is_fresh = time.monotonic() - came_at < FRESH_SECONDS
            if self.keeps_place or is_fresh or next_request(request, answer) is None:
                # Records are made to fit in place, so each reader gets its own.
                return json.loads(json.dumps(answer))
        return super().fetch(request)

    # Whether it is read by a child that wants the rows of all its records.
    is_read_for_all = False

    @override
    def get_records(self, context: object = None) -> Iterator[Record]:
        if not self.is_available:
            self.leave_out(f"needs api_version {self.min_version} or newer.")
            return
        since = self.since()
        if since is not None and since > self.connection.started_at:
            # The bookmark stays: what is before it may be wanted when the mistake is mended.
            self.logger.warning(
                "Nothing is read: start_date or bookmark is yet to come, %s.", since
            )
            self.account.progress = ENDED
            return
        self.account.progress = BEGUN
        try:
            for page in self.pages(since):
                self.extracted(datetime.now(times.UTC))
                yield from page.records
                self.account.records += len(page.records)
                self.checkpoint(page.up_to)
                del page  # before the next one is decoded, which then has the processor's cache
                self.message_writer.flush()  # a slow page must not hold back the one before
        except NotAvailable as error:
            self.check_token()
            self.leave_out(error.problem)
            return
        except Gone as error:
            self.leave_out(error.problem)
            return
        except RepeatedPage:
            raise self.lost() from None
        except RecursionError as error:
            problem = "A record is nested too deeply to be read. Please report this."
            raise IntercomError(self.name, problem) from error
        self.account.progress = ENDED
        self.tell_missing()
        self.activate_version()

    def check_token(self) -> tuple[Body, Mapping[str, str]]:
        """Ask who the token belongs to; any token may.

        Raises:
            TokenRefused: Nobody: the token is wrong, or has been revoked.
        """
        try:
            return self.exchange(Request("/me"))
        except NotAvailable as error:
            if error.answer is None or error.answer.status != codes.unauthorized:
                raise
            problem = f"{error.answer} {self.authenticator.advice}"
            raise TokenRefused(self.name, problem) from error

    def in_advance(self, bodies: Iterator[Body]) -> Iterator[Body]:
        """Read each page while the one before is worked on; a dry run wants no more than one."""
        return ahead(bodies) if self.ABORT_AT_RECORD_COUNT is None else bodies

    @property
    def is_available(self) -> bool:
        """Say whether the API version in use has the stream."""
        return self.connection.has(self.min_version)

    def leave_out(self, reason: str) -> None:
        """Note that the stream ended early, for good reason, and is not to be taken as empty."""
        self.account.left_out = reason

    def lost(self) -> IntercomError:
        """Say that pages go round in circles."""
        return IntercomError(
            self.name,
            "Intercom's pages go round in circles and get no further. What was read is kept; run"
            " again later, or with a smaller page_size.",
        )

    def said(self, body: Body) -> Any:
        """Read from an answer how many records there are, if it says so."""
        beside = (path.rpartition(".")[0] for path in self.records.split("|"))
        paths = self.total or "|".join(f"{path}.total_count".lstrip(".") for path in beside)
        return at(paths, body)

    def tell_missing(self) -> None:
        """Say once where Intercom gave less than it counts."""
        for name, (read, said) in self.account.short.items():
            self.logger.warning("Intercom counts %d %s, and gave %d.", said, name, read)

    @property
    def query(self) -> dict[str, Any]:
        """The query parameters that the API version in use knows."""
        newer = (
            params for since, params in self.params_since.items() if self.connection.has(since)
        )
        return dict(ChainMap(*map(dict, newer), dict(self.params)))

    @override
    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Leave it to `activate_version`, after the last record.

        The SDK would send it before the first, and a run that fails would leave a target without
        the rows of the run before.
        """

    def activate_version(self) -> None:
        """Tell the target that what it has not been given in this run is no longer there."""
        if self._stream_version is not None:
            super()._write_activate_version_message(self._stream_version)

    # From when, until when, and how far we are

    def since(self) -> datetime | None:
        """Say from when on records are wanted: bookmark or `start_date`; None for all."""
        if not self.is_incremental:
            return None
        bookmark = self.tap_state.get("bookmarks", {}).get(self.name, {})
        known = (bookmark.get("replication_key_value"), self.config.get("start_date"))
        return max(map(times.parse, filter(None, known)), default=None)

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        return max(value, start_date_value, key=times.parse)

    @classmethod
    def adopted(cls, bookmark: Any) -> dict[str, Any]:
        """Read a bookmark, ours or one that another tap for Intercom wrote.

        Of several times the earliest holds: whatever each meant, nothing before it is missing.

        Raises:
            ValueError: It is not a time.
        """
        own = bookmark.get("replication_key_value") if isinstance(bookmark, dict) else bookmark
        moments = map(times.parse, filter(None, [own] if own else _cursors(bookmark)))
        value = min(moments, default=None) if cls.replication_key else None
        if value is None:
            return {}
        return {
            "replication_key": cls.replication_key,
            "replication_key_value": times.text(value),
        }

    @property
    def is_incremental(self) -> bool:
        """Say whether the stream has a bookmark, which the catalog may have switched off."""
        return bool(self.replication_key) and self.replication_method != REPLICATION_FULL_TABLE

    @property
    def is_bounded(self) -> bool:
        """Say whether there is a moment after which nothing is wanted.

        There is none for what is read whole, nor for parents of whom all children are wanted: one
        that changes during the run would be missing.
        """
        return self.is_incremental and not self.is_read_for_all

    @property
    def end(self) -> datetime | None:
        """The moment after which nothing is wanted, if the user set one."""
        end = self.config.get("end_date") if self.is_bounded else None
        return times.parse(end) if end else None

    @property
    def until(self) -> datetime:
        """The moment up to which a run can be complete: its start, or `end_date`."""
        return min(filter(None, [self.end, self.connection.started_at]))

    @property
    def settled(self) -> datetime:
        """The moment up to which Intercom's answers can be trusted to be complete.

        What was written shortly before a run may take minutes to show in a search.
        """
        lookback = timedelta(seconds=self.config["lookback_seconds"])
        return min(self.until, self.connection.started_at - lookback)

    def checkpoint(self, up_to: datetime | None) -> None:
        """Move the bookmark: all that changed up to this moment has been handed out."""
        if up_to is None or not self.is_incremental:
            return
        value = times.text(min(up_to, self.settled))
        if value > (self.stream_state.get("replication_key_value") or ""):
            self.stream_state.update(
                replication_key=self.replication_key, replication_key_value=value
            )
            self.state_manager.is_flushed = False

    @override
    def _process_record(self, *_args: object, **_kwargs: object) -> None:
        """Look for no children: no stream has any in the sense of the SDK."""

    @override
    def _increment_stream_state(self, *_args: object, **_kwargs: object) -> None:
        """Leave the bookmark alone: the SDK would move it with each record, in whatever order."""

    @override
    def get_replication_key_signpost(self, context: object = None) -> None:
        """Set no upper bound for the SDK: `checkpoint` has its own."""

    # Reading records

    def moment(self, record: Record) -> datetime | None:
        """Read when a record changed, if it says so."""
        try:
            return times.parse(record.get(self.changed))
        except ValueError:
            return None

    @property
    def changed(self) -> str:
        """The field that says when a record changed, whatever a catalog makes of it."""
        return type(self).replication_key or "updated_at"

    def wanted(
        self, records: Iterable[Record], since: datetime | None, until: datetime | None
    ) -> list[Record]:
        """Keep what changed from `since` to `until`, both included, and what does not say."""
        return [
            record
            for record in records
            if (moment := self.moment(record)) is None
            or ((since is None or moment >= since) and (until is None or moment <= until))
        ]

    def dig(self, body: Body) -> list[Record]:
        """Find the records in an answer.

        Raises:
            IntercomError: There is no list where the records should be; it is not taken as empty.
        """
        found = at(self.records, body) if isinstance(body, dict) else body
        if isinstance(found, dict):
            return [found]
        if found is None and list(_found(self.records, body)):
            return []  # it says so itself: null
        if not isinstance(found, list):
            problem = (
                f"Intercom's answer has no list at `{self.records}`. Try another api_version, and"
                " please report this."
            )
            raise IntercomError(self.name, problem)
        return [record if isinstance(record, dict) else {self.bare: record} for record in found]


def _cursors(state: Any) -> Iterator[Any]:
    """Yield the times of another tap's bookmark, whatever lies around them.

    {"updated_at": "2026-…"}                                 singer-io's, which was a bare time
    {"updated_at": 1780315200}                               Airbyte's
    {"updated_at": …, "prior_state": {…},                    Airbyte's of a child, with its
     "conversations": {"updated_at": …}}                     parent's
    {"state": {"updated_at": …}, "parent_state": {…}, …}     the same today
    """
    if isinstance(state, dict):
        for name, one in state.items():
            if name in CURSORS:
                yield one
            else:
                yield from _cursors(one)
    elif isinstance(state, list):
        for one in state:
            yield from _cursors(one)


def at(paths: str, body: Any) -> Any:
    """Follow dotted paths into an answer, to the first that leads to something; else None."""
    return next((found for found in _found(paths, body) if found is not None), None)


def _found(paths: str, body: Any) -> Iterator[Any]:
    """Yield what each path leads to, null or not."""
    for path in paths.split("|"):
        found = body
        try:
            for name in filter(None, path.split(".")):
                found = found[name]
        except (KeyError, TypeError):
            continue
        yield found


class Singleton(Shape):
    """One object."""

    @override
    def opening(self, since: datetime | None) -> Request:
        return Request(self.path, self.query)

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        body = self.fetch(self.opening(since))
        if not isinstance(body, dict):
            problem = (
                "Intercom's answer is no object. Try another api_version, and please report this."
            )
            raise IntercomError(self.name, problem)
        yield Page([body])


class List(Shape):
    """Pages of a list: all of them, or newest first as far as the bookmark."""

    newest_first: ClassVar[bool] = False
    # What to send, where a list is asked for with a POST.
    body: ClassVar[Mapping[str, Any] | None] = None
    # The parameter by which Intercom itself leaves out what did not change since.
    since_param: ClassVar[str | None] = None

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        newest = None
        for request in self.requests_since(since):
            bodies, count, said = walk(request, self.fetch), 0, None
            # A list that is read as far as the bookmark mostly ends with its first page.
            ends_early = self.newest_first and since
            for body in bodies if ends_early else self.in_advance(bodies):
                records = self.dig(body)
                count, said = count + len(records), self.said(body)
                if not self.replication_key:
                    yield Page(records)
                    continue
                moments = [moment for record in records if (moment := self.moment(record))]
                newest = max(filter(None, [newest, *moments]), default=None)
                yield Page(self.wanted(records, since, self.end))
                if self.newest_first and since and moments and min(moments) < since:
                    break
            else:
                self.account.compare(self.name, count, said)
        yield Page([], newest)

    def requests(self) -> Iterator[Request]:
        """Ask for the first page; or for several, where there are several lists."""
        yield Request(self.path, self.query, self.body)

    def requests_since(self, since: datetime | None) -> Iterator[Request]:
        """Ask the same, but for what Intercom itself can leave out."""
        bound = {self.since_param: times.epoch(since)} if self.since_param and since else {}
        return (request.with_params(bound) for request in self.requests())

    @override
    def opening(self, since: datetime | None) -> Request | None:
        return next(self.requests_since(since), None)


class Windows(Shape):
    """A list that Intercom filters by time, read a month at a time: longer spans time out."""

    window = timedelta(days=30)

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        for start, end in self.spans(since):
            count, said = 0, None
            for body in self.in_advance(walk(self.request(start, end), self.fetch)):
                found = self.dig(body)
                count, said = count + len(found), self.said(body)
                records = self.wanted(found, start, self.until)
                yield Page([one for one in records if self.is_before(one, end)])
            self.account.compare(self.name, count, said)
            yield Page([], end)

    @override
    def opening(self, since: datetime | None) -> Request | None:
        return next((self.request(*span) for span in self.spans(since)), None)

    def spans(self, since: datetime | None) -> Iterator[tuple[datetime, datetime]]:
        """Divide the time since a moment, or since the workspace began, into windows."""
        start = since or self.connection.workspace_created_at or INTERCOM_BEGAN
        start = max(start, INTERCOM_BEGAN)
        while start < self.until:
            end = min(start + self.window, self.until)
            yield start, end
            start = end

    def request(self, start: datetime, end: datetime) -> Request:
        """Ask for a window; one second wider at each end, as it is not documented what is in it."""
        span = {"after": times.epoch(start) - 1, "before": times.epoch(end) + 1}
        params = {f"{self.changed}_{side}": str(second) for side, second in span.items()}
        return Request(self.path, {**self.query, **params})

    def is_before(self, record: Record, end: datetime) -> bool:
        """Say whether a record belongs to the window up to `end`, and not to the next."""
        moment = self.moment(record)
        return moment is None or moment < end or end == self.until


class Search(Shape):
    """What changed between the bookmark and the start of the run, oldest first.

    A record that is changed while the pages are read moves past the upper bound; the next run finds
    it, as the bookmark stays before the start of this one.
    """

    replication_key = "updated_at"
    # The version from which on Intercom compares to the second; None if it is not known to.
    exact_since: ClassVar[str | None] = "2.0"
    keeps_place = True
    largest_page: ClassVar[int] = 150

    def __init__(self, tap: Tap, connection: Connection) -> None:
        """Begin with pages of the size that the user set."""
        super().__init__(tap, connection)
        self._page_size = self.page_size

    @property
    def page_size(self) -> int:
        """The size of page to ask for as long as Intercom can answer it."""
        return min(int(self.config["page_size"]), self.largest_page)

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        ascent = Ascent(self.settled, since)
        restart = True
        while restart:
            start, restart = ascent.reached, False
            try:
                for found in self.found(start):
                    records = self.wanted(found, start, self.until if self.is_bounded else None)
                    ascent.add(map(self.moment, records))
                    yield Page(records, ascent.reached if ascent.in_order else None)
            except RepeatedPage:
                if ascent.reached == start or not ascent.in_order:
                    raise self.lost() from None
                self.logger.warning(
                    "The search repeats itself; searching on from %s", ascent.reached
                )
                restart = True
        yield Page([], ascent.reached)

    # What is asked

    @property
    def grain(self) -> timedelta:
        """What Intercom compares times by: to the second, or by calendar day.

        Before 2.17 contacts are compared by day, in the workspace's time zone: `>` starts with the
        next day and `<` ends before the day. Asking a day wider on each side covers every zone.
        https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/contacts/searchcontacts
        """
        is_exact = self.exact_since is not None and self.connection.has(self.exact_since)
        return SECOND if is_exact else DAY

    @property
    def margin(self) -> timedelta:
        """How much wider to ask, so that Intercom leaves out nothing that is wanted."""
        return timedelta(0) if self.grain == SECOND else self.grain

    @property
    def beyond(self) -> int:
        """The second, counted from 1970, before which all has changed that a run can find."""
        return times.epoch(self.until + 2 * self.margin) + 1

    def question(self, since: int | None, before: int | None) -> Request:
        """Ask for what changed from one second on, and before another.

        With `>` or `=`, as `>=` is not to be had everywhere. Where days are compared, the day of a
        second belongs to what is asked for since then, and not to what is asked for before.
        """
        filters: list[dict[str, Any]] = []
        if since is not None:
            from_then_on = [
                {"field": self.changed, "operator": operator, "value": since} for operator in ">="
            ]
            filters.append({"operator": "OR", "value": from_then_on})
        if before is not None:
            filters.append({"field": self.changed, "operator": "<", "value": before})
        query = {"operator": "AND", "value": filters} if len(filters) > 1 else filters[0]
        sort = {"field": self.changed, "order": "ascending"}
        return Request(self.path, self.query, {"query": query, "sort": sort})

    @override
    def opening(self, since: datetime | None) -> Request:
        if since is None and self.is_bounded:
            return self.question(None, self.beyond)
        begin = times.epoch(since or times.EPOCH) - int(self.margin.total_seconds())
        return self.question(begin, self.beyond if self.is_bounded else None)

    # In parts, several at once

    def found(self, since: datetime | None) -> Iterator[list[Record]]:
        """Yield the pages of all that changed since a moment, oldest change first.

        What several streams of the run search for is kept in a file for those that come later.
        """
        name, drained = repr(self.opening(since)), self.connection.drained
        if name in drained:
            drained[name].seek(0)
            yield from map(msgspec.json.decode, drained[name])
        elif name in self.connection.shared:
            spool = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  it outlives this
            try:
                for page in self.searched(since):
                    spool.write(msgspec.json.encode(page).decode() + "\n")
                    yield page
            except BaseException:
                spool.close()
                raise
            drained[name] = spool
        else:
            yield from self.searched(since)

    def searched(self, since: datetime | None) -> Iterator[list[Record]]:
        """Search for all that changed since a moment, oldest change first."""
        if self.ABORT_AT_RECORD_COUNT is not None:  # a dry run, which wants no more than a page
            yield from map(self.dig, walk(self.opening(since), self.fetch))
            return
        concurrency = min(self.config["max_concurrency"], PARTS_AT_ONCE)
        parts = 0
        whole = Stretch(self.opening(since), self.beyond)
        for pages, _ in ordered_growth(self.read, whole, concurrency, weigh=itemgetter(1)):
            parts += 1
            yield from pages
        if not self.is_bounded and parts > 1:
            # What changed while the parts were read has moved out of them, or into the last one,
            # which may have been read before: as the run began in its second, or in its day.
            for body in walk(self.question(times.epoch(self.until), None), self.fetch):
                yield self.wanted(self.dig(body), self.until, None)

    def read(self, stretch: Stretch) -> tuple[tuple[list[list[Record]], int], list[Stretch]]:
        """Read a stretch, or its beginning.

        Gives its pages, the number of bytes received for them, and the stretches that follow.
        """
        pages: list[list[Record]] = []
        before = self.connection.received.bytes
        count = stretch.read
        for body in walk(stretch.request, self.fetch, stretch.trail):
            page = self.dig(body)
            pages.append([one for one in page if self.is_new(one, stretch.last)])
            count += len(page)
            total = self.said(body)
            left = total - count if type(total) is int else 0
            following = next_request(stretch.request, body)
            if len(pages) >= PART_PAGES or left > PART_PAGES * self.page_size:
                break
        read = (pages, self.connection.received.bytes - before)
        if following is None:
            self.account.compare(self.name, count, total)
            return read, []
        rest = replace(stretch, request=following, read=count)
        return read, self.parts(page, stretch.before, left) or [rest]

    def parts(self, page: list[Record], before: int, left: int) -> list[Stretch]:
        """Cut what follows a page into stretches of a few pages each; none if it is not worth it.

        The first begins where the page ended, if its order can be trusted; many records of one
        second cannot be cut.
        """
        moments = [moment for record in page if (moment := self.moment(record))]
        ascent = Ascent(self.settled, None)
        ascent.add(moments)
        if ascent.reached is None or not ascent.in_order or ascent.reached == moments[0]:
            return []
        begin = times.epoch(ascent.reached)
        width = before - begin
        count = min(
            math.ceil(left / (PART_PAGES * self.page_size)),
            width // int(self.grain.total_seconds()),
            MOST_PARTS,
        )
        if count < 2:  # noqa: PLR2004  one part is no part
            return []
        cuts = pairwise(begin + width * one // count for one in range(count + 1))
        first, *others = (Stretch(self.question(*span), span[1]) for span in cuts)
        known = frozenset(str(record.get("id")) for record in page)
        return [replace(first, last=(begin, known)), *others]

    def is_new(self, record: Record, last: tuple[int, AbstractSet[str]] | None) -> bool:
        """Say whether a record was not on a page that ended in a second, with these ids."""
        moment = self.moment(record) if last else None
        if last is None or moment is None:
            return True
        second, known = last
        return times.epoch(moment) > second or (
            times.epoch(moment) == second and str(record.get("id")) not in known
        )

    @override
    def attempt(self, request: Request) -> tuple[Body, Mapping[str, str]]:
        """Send a search once, with smaller pages as long as larger ones are too much for Intercom.

        Some spans answer 502 or 504, others 404 "Message deleted", until a page is small enough.
        """
        if request.body is None:
            return super().attempt(request)
        try:
            answer = super().attempt(request.with_page_size(self._page_size))
        except TooLarge as error:
            if self._page_size == 1:
                raise
            self._shrink()
            raise RetriableAPIError(f"Not read, as {error}.", error.response) from error
        except TooSlow:
            self._shrink()
            raise
        except RetriableAPIError as error:
            if status_of(error) in TOO_MUCH:
                self._shrink()
            raise
        self._page_size = min(self.page_size, self._page_size * 2)
        return answer

    def _shrink(self) -> None:
        self._page_size = max(1, self._page_size // 3)

    @override
    def validate_response(self, response: Response) -> None:
        if response.status_code == codes.not_found and response.request.method == "POST":
            raise RetriableAPIError(str(Answer.read(response)), response)
        super().validate_response(response)


TOO_MUCH = frozenset({404, 502, 504})

# A part is to hold about so many pages: few, as they wait in memory for the parts before; not
# fewer, as the last page of each is half empty.
PART_PAGES = 3
PARTS_AT_ONCE = 10
MOST_PARTS = 64


@dataclass(frozen=True)
class Stretch:
    """What changed up to a second, to be searched for: how to ask, and how much of it is read.

    `last` tells of the page before it the second in which it ended, and its ids; `trail` what was
    asked on the way.
    """

    request: Request
    before: int
    read: int = 0
    last: tuple[int, AbstractSet[str]] | None = None
    trail: Trail = field(default_factory=Trail)


@dataclass
class Ascent:
    """How far an ascending search has come, while what changed lately is still moving.

    Until `settled` all that the search will ever show is in place, so the newest of those moments
    has been reached, if they came in order. Later ones say nothing: a record that was changed after
    it was indexed comes at its old place with its new time.
    """

    settled: datetime
    reached: datetime | None
    in_order: bool = True

    def add(self, moments: Iterable[datetime | None]) -> None:
        """Take in the moments of a page's records."""
        for moment in moments:
            if moment is None or moment > self.settled:
                continue
            if self.reached is not None and moment < self.reached:
                self.in_order = False
            else:
                self.reached = moment


class Scroll(Shape):
    """The companies: a workspace has one scroll at a time, and it dies when left alone for 60 s.

    So it is read to its end, into a temporary file, before the first record is handed out: a slow
    target cannot let it die, a scroll that breaks and starts again repeats nothing, and all streams
    that need it share the one of the run.
    """

    # How often a scroll may break before the run gives up.
    starts: ClassVar[int] = 10

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        newest = None
        files = self.connection.drained
        spool = files[self.path] = files.get(self.path) or self.drained()
        spool.seek(0)
        for line in spool:
            records = json.loads(line)
            newest = max(filter(None, [newest, *map(self.moment, records)]), default=None)
            yield Page(self.wanted(records, since, self.end))
        yield Page([], newest)

    def drained(self) -> IO[str]:
        """Give a file of all the pages, which the run will close."""
        spool = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115  it outlives the stream
        try:
            self.drain(spool)
        except BaseException:
            spool.close()
            raise
        return spool

    def drain(self, spool: IO[str]) -> None:
        """Write all pages of a scroll that reached its end, as one line of JSON each.

        Raises:
            IntercomError: It broke `starts` times.
        """
        ended_after: set[int] = set()
        for start in range(1, self.starts + 1):
            spool.seek(0)
            spool.truncate()
            count = 0
            pages: set[int] = set()
            try:
                for records in self.scroll():
                    line = json.dumps(records)
                    if hash(line) in pages:
                        raise ScrollLost(self.name, "The scroll goes round in circles.")  # noqa: TRY301
                    pages.add(hash(line))
                    spool.write(line + "\n")
                    count += len(records)
            except ScrollLost as error:
                # Past its end some scrolls answer 404 instead of an empty page, and a lost one does
                # too: an end that comes twice after the same number of records is the end.
                if error.answer is not None:
                    if count in ended_after:
                        return
                    ended_after.add(count)
                self.logger.warning("%s (%d of %d)", error.problem, start, self.starts)
                lost = error
            else:
                return
        raise lost

    def scroll(self) -> Iterator[list[Record]]:
        """Yield the records of each page of a new scroll, which ends with an empty one."""
        request, trail = Request(self.path, self.query), Trail()
        while records := self.dig(body := self.fetch(request)):
            trail.add(body)
            yield records
            if not isinstance(body, dict) or not body.get("scroll_param"):
                raise ScrollLost(self.name, "A page of the scroll does not say how to go on.")
            request = request.with_params({"scroll_param": body["scroll_param"]})

    @override
    def attempt(self, request: Request) -> tuple[Body, Mapping[str, str]]:
        """Send one request of a scroll; where it goes wrong in the middle, the scroll is lost.

        Each answer moves the scroll on, also one that does not arrive whole: asking again would
        give the page after it. Only a 429 is refused before it is looked at.
        """
        try:
            return super().attempt(request)
        except (Gone, RetriableAPIError, RequestException) as error:
            is_refused = status_of(error) == codes.too_many_requests
            if "scroll_param" not in request.params or is_refused:
                raise
            answer = error.answer if isinstance(error, Gone) else None
            problem = f"The scroll was lost. {error} Run again later."
            raise ScrollLost(self.name, problem, answer) from error

    @override
    def validate_response(self, response: Response) -> None:
        try:
            super().validate_response(response)
        except RetriableAPIError as error:
            if "scroll_exists" not in Answer.read(response).codes:
                raise
            raise RetriableAPIError(f"{error} {HELD}", response) from error


HELD = (
    "Another run or app is reading the companies, and a workspace has one scroll at a time, which"
    " ends a minute after its last call."
)


class Children(Shape):
    """Rows that belong to a parent's records, and carry its id and the time it changed.

    The parents are read for the children alone, from the children's own bookmark: selecting them
    later fills them from the beginning, and deselecting the parent changes nothing.
    """

    of: ClassVar[type[Shape]]

    @cached_property
    def parent(self) -> Shape:
        """The parent to read, which is none of the run's streams: its calls are this one's."""
        parent = self.of(self._tap, self.connection)
        parent.account = self.account
        return parent

    @override
    def declared_schema(self, tap: Tap) -> dict[str, Any]:
        links = {f"{self.of.noun}_id": "string"}
        if self.parent_changed:
            links[f"{self.of.noun}_{self.parent_changed}"] = "integer date-time"
        return schema.stream_schema(self.component, links)

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        return map(self.expand, self.parents(since))

    @override
    def opens(self, since: datetime | None) -> tuple[Shape, Request | None]:
        self.parent.is_read_for_all = not self.is_incremental
        return self.parent.opens(since)

    def parents(self, since: datetime | None) -> Iterator[Page]:
        """Yield the parents that changed since; all, for a child that is read whole."""
        self.parent.is_read_for_all = not self.is_incremental
        return self.parent.pages(since)

    def expand(self, page: Page) -> Page:
        """Turn a page of parents into a page of their children."""
        before = self.connection.received.bytes
        rows = [
            {**row, **self.links(parent)} for parent in page.records for row in self.rows(parent)
        ]
        return Page(rows, page.up_to, self.connection.received.bytes - before)

    def links(self, parent: Record) -> Record:
        """Name the parent of a row, and when it changed."""
        links = {f"{self.of.noun}_id": parent.get("id")}
        if self.parent_changed:
            links[f"{self.of.noun}_{self.parent_changed}"] = parent.get(self.parent_changed)
        return links

    @property
    def parent_changed(self) -> str | None:
        """The field that says when the parent changed, if it has one."""
        return self.of.replication_key

    @abstractmethod
    def rows(self, parent: Record) -> list[Record]:
        """Give the rows of one parent."""

    def compare(self, parent: Record, rows: list[Record], said: Any) -> None:
        """Note it where Intercom gave fewer rows of a parent than there are."""
        name = str(parent.get("id"))
        if self.cap is not None and len(rows) >= self.cap:
            self.account.capped.append(name)
        else:
            self.account.compare(name, len(rows), said)

    @override
    def tell_missing(self) -> None:
        account, parents = self.account, self.of.name.replace("_", " ")
        if account.skipped:
            self.logger.info(
                "Skipped %d %s that were deleted after they were listed: %s",
                len(account.skipped),
                parents,
                named(account.skipped),
            )
        if account.capped:
            self.logger.warning(
                "Intercom gives only the newest %d rows of these %s: %s",
                self.cap,
                parents,
                named(account.capped),
            )
        if account.short:
            short = [f"{name} ({one.read} of {one.said})" for name, one in account.short.items()]
            self.logger.warning(
                "Intercom counts more rows than it gave of these %s: %s", parents, named(short)
            )


# More names than this make a line that nobody can read; `summary_file` has all of them.
MOST_NAMED = 100


def named(names: list[str]) -> str:
    """Name what a line is about, and say how many more there are."""
    more = len(names) - MOST_NAMED
    shown = ", ".join(sorted(names)[:MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown


class Explode(Children):
    """Rows that lie inside a parent's records."""

    @override
    def rows(self, parent: Record) -> list[Record]:
        # Anything but a list there is nothing to explode; the parent's own row has it.
        rows = self.dig(parent) if isinstance(at(self.records, parent), list) else []
        self.compare(parent, rows, self.said(parent))
        return rows


class FanOut(Children):
    """Rows that cost one call per parent: made several at once, given out in the parents' order."""

    # Where a parent says how many rows it has, in `total_count`: none cost no call.
    counted: ClassVar[tuple[str, ...]] = ()
    # Whether the rows that lie in the parent, at `counted`, will do when it says that they are all.
    inline: ClassVar[bool] = False
    # A field of the parent without which there is nothing to ask for.
    only_if: ClassVar[str | None] = None
    # The fields of a row to keep, where the rest is another stream's.
    fields: ClassVar[tuple[str, ...]] = ()
    # The query parameter that names the parent, where the path does not.
    parent_param: ClassVar[str | None] = None

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        # A dry run wants one record; thirty-two calls for it would be a waste.
        concurrency = self.config["max_concurrency"] if self.ABORT_AT_RECORD_COUNT is None else 1
        batches = self.batches(since)
        return ordered_map(self.expand, batches, concurrency, weigh=attrgetter("bytes"))

    def batches(self, since: datetime | None) -> Iterator[Page]:
        """Yield the parents in the portions that one call can ask for: one by one."""
        return one_by_one(self.parents(since))

    @override
    def rows(self, parent: Record) -> list[Record]:
        rows = self.known(parent)
        if rows is None:
            rows = self.fetched(parent)
        if not self.fields:
            return rows
        return [{name: row.get(name) for name in self.fields} for row in rows]

    def fetched(self, parent: Record) -> list[Record]:
        """Ask for the rows of one parent; none if it is gone."""
        rows: list[Record] = []
        said = None
        try:
            for body in walk(self.request(parent), self.fetch):
                rows += self.dig(body)
                said = self.said(body)
        except Gone:
            self.account.skipped.append(str(parent.get("id")))
            return []
        self.compare(parent, rows, said)
        return rows

    def known(self, parent: Record) -> list[Record] | None:
        """Give the rows of a parent that already tells them; None if it does not."""
        if self.only_if and not parent.get(self.only_if):
            return []
        wrappers = [at(path, parent) for path in self.counted]
        if not wrappers or not all(isinstance(one, dict) for one in wrappers):
            return None
        if all(one.get("total_count") == 0 for one in wrappers):
            return []
        if self.inline and all(map(_is_whole, wrappers)):
            return [row for one in wrappers for row in one.get("data") or []]
        return None

    def request(self, parent: Record) -> Request:
        """Ask for the rows of one parent.

        Raises:
            Gone: It has an id that cannot be part of an address, or none.
        """
        name = str(parent.get("id") or "")
        if name in {"", ".", ".."}:  # the last two would be read as a way to another address
            problem = f"A {self.of.noun} has the id {name!r}, which nobody can ask for."
            self.logger.warning(problem)
            raise Gone(self.name, problem)
        params = {self.parent_param: name} if self.parent_param else {}
        return Request(self.path.format(id=quote(name, safe="")), {**self.query, **params})


def _is_whole(wrapper: Mapping[str, Any]) -> bool:
    """Say whether the rows that lie in a parent are all there are, and rows at all."""
    rows = wrapper.get("data") or []
    are_rows = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return are_rows and wrapper.get("has_more") is False


class Feed(FanOut):
    """Rows that every parent gathers, whether or not it changes: read of each to the bookmark.

    A parent that is new since the bookmark may bring older rows along: it is read whole.
    """

    # A row stays as it is while its parent changes, so it does not say when that was.
    parent_changed = None

    # The parameters by which Intercom itself leaves out what is not between two moments.
    span_params: ClassVar[tuple[str, str] | None] = None

    @override
    def opens(self, since: datetime | None) -> tuple[Shape, Request | None]:
        self.parent.is_read_for_all = True
        return self.parent.opens(None)

    @override
    def parents(self, since: datetime | None) -> Iterator[Page]:
        self.parent.is_read_for_all = True
        return self.parent.pages(None)

    @override
    def pages(self, since: datetime | None) -> Iterator[Page]:
        self.bookmark = since
        for page in super().pages(since):
            yield Page(page.records)
        yield Page([], self.until)

    @override
    def rows(self, parent: Record) -> list[Record]:
        since = self.since_for(parent)
        rows: list[Record] = []
        try:
            for body in walk(self.request(parent), self.fetch):
                found = self.dig(body)
                rows += self.wanted(found, since, self.end)
                oldest = min(filter(None, map(self.moment, found)), default=None)
                if since and oldest and oldest < since:
                    break
        except Gone:
            self.account.skipped.append(str(parent.get("id")))
        return rows

    def since_for(self, parent: Record) -> datetime | None:
        """Say from when on the rows of a parent are wanted; None for all."""
        with suppress(ValueError):
            if self.bookmark and times.parse(parent.get("created_at")) >= self.bookmark:
                return None
        return self.bookmark

    @override
    def request(self, parent: Record) -> Request:
        request = super().request(parent)
        if self.span_params is None:
            return request
        start = self.since_for(parent) or self.connection.workspace_created_at or INTERCOM_BEGAN
        span = (times.epoch(start) - 1, times.epoch(self.until) + 1)
        return request.with_params(dict(zip(self.span_params, span, strict=True)))


def one_by_one(pages: Iterable[Page]) -> Iterator[Page]:
    """Split pages into single records; what a page reached is reached after its last."""
    for page in pages:
        for record in page.records:
            yield Page([record])
        yield Page([], page.up_to)
