"""How is read what lies in several lists, one for each name that a setting has?

Each by itself: of a name that Intercom does not know, or a list that fails, the others are read all
the same. The bookmark is that of all, so it stays where one is missing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_intercom.api.bodies import Garbled
from tap_intercom.api.errors import EndsRun, Gone, IntercomError, NotAvailable
from tap_intercom.api.paginators import RepeatedPage, Request
from tap_intercom.shapes.lists import List
from tap_intercom.shapes.shape import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from typing_extensions import Self

    from tap_intercom.shapes.reach import Reach


class Several(List):
    """Lists of one kind, the path of each of which has a name."""

    # The setting that has the names, and what one of them is called in the path.
    setting: ClassVar[str]
    called: ClassVar[str]

    @cached_property
    def names(self) -> Sequence[str]:
        """The names, each once."""
        return list(dict.fromkeys(self.config[self.setting]))

    def only(self, name: str) -> Self:
        """Give the same stream with one of the names."""
        return self.but(names=[name])

    @override
    def requests(self) -> Iterator[Request]:
        for name in self.names:
            yield Request(self.path.format(**{self.called: quote(name, safe="")}), self.query)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        reached: list[datetime | None] = []
        failed: dict[str, Exception] = {}
        for name in self.names:
            try:
                for page in super(Several, self.only(name)).pages(reach):
                    yield replace(page, up_to=None)
                    reached.append(page.up_to)
            except EndsRun:
                raise
            except (IntercomError, RepeatedPage, Garbled) as error:
                failed[name] = error
        refused = [one for one in failed.values() if isinstance(one, NotAvailable)]
        if refused and len(refused) == len(self.names):
            raise refused[0]
        for name, why in failed.items():
            self.fail(self.unread(name, why))
        if not failed:
            yield Page([], max(filter(None, reached), default=None))

    def unread(self, name: str, error: Exception) -> str:
        """Say why what has a name could not be read."""
        if isinstance(error, Gone):
            return f"{self.setting} names `{name}`, which Intercom has not: {error.failure}"
        return f"`{name}` of {self.setting} could not be read. {self.words_of(error)}"
