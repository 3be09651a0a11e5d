"""How is read what can be read in several ways?

In the one that a setting names. Each way is a shape of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_intercom.shapes.shape import Page, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_intercom.api.client import Rules
    from tap_intercom.api.paginators import Request
    from tap_intercom.shapes.probes import Finding, Glimpse
    from tap_intercom.shapes.reach import Reach


class Choice(Shape):
    """What a setting chooses the way of reading for."""

    # The setting, the ways by its values, and what is to be said of some of them.
    setting: ClassVar[str]
    ways: ClassVar[Mapping[str, type[Shape]]]
    warnings: ClassVar[Mapping[str, str]] = {}

    @property
    def way(self) -> Shape:
        """The stream that reads in the chosen way."""
        way = self.ways[self.config[self.setting]]
        return way(self._tap, self.run, self.account, self.patience)

    @override
    def pages(self, reach: Reach) -> Iterator[Page]:
        if warning := self.warnings.get(self.config[self.setting]):
            self.logger.warning(warning)
        yield from self.way.pages(reach)

    @override
    def begin(self) -> bool:
        return self.way.begin()

    @override
    def opens(self, reach: Reach) -> tuple[Request | None, Rules]:
        return self.way.opens(reach)

    @override
    def probe(self, parent: Finding | None) -> Glimpse:
        return self.way.probe(parent)
