"""How far has a stream come, and with which settings?

A bookmark says up to which moment all has been handed out, by a run that may have been asked for
less than this one; and which parents are still to be asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_intercom.records import times
from tap_intercom.shapes.stream import IntercomStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_intercom.shapes.reach import Reach


class Bookmarked(IntercomStream):
    """A stream with a bookmark, unless its catalog has switched that off."""

    # The settings by which a run may read less, and whether what was read with one value holds all
    # that there is with another, which comes second.
    state_settings: ClassVar[Mapping[str, Callable[[Any, Any], bool]]] = {}

    @property
    def is_incremental(self) -> bool:
        """Say whether the stream has a bookmark, which the catalog may have switched off."""
        return bool(self.replication_key) and self.replication_method != REPLICATION_FULL_TABLE

    @property
    def bookmark(self) -> Any:
        """The time up to which the runs before have handed out all; None if there was none."""
        bookmarks = self.tap_state.get("bookmarks", {})
        return bookmarks.get(self.name, {}).get("replication_key_value")

    @property
    def made_with(self) -> dict[str, Any]:
        """The settings that the bookmark was made with, as far as it says so."""
        found = self.tap_state.get("bookmarks", {}).get(self.name, {}).get("made_with")
        return found if isinstance(found, dict) else {}

    @property
    def holds_less(self) -> bool:
        """Say whether the bookmark was made with settings by which less is read than by today's."""
        return self._held_less(self.made_with)

    def _held_less(self, known: Mapping[str, Any]) -> bool:
        return any(
            name in known and not holds(known[name], self.config.get(name))
            for name, holds in self.state_settings.items()
        )

    def checkpoint(self, reached: datetime) -> None:
        """Move the bookmark: all that changed up to this moment has been handed out.

        It may move back where it was made with settings by which less is read.
        """
        value, known = times.text(reached), self.progress.get("replication_key_value") or ""
        made_with = self.progress.get("made_with") or {}
        is_new = not known or self._held_less(made_with)
        if not is_new and value <= known and self.state_settings.keys() <= made_with.keys():
            return
        settings = {name: self.config.get(name) for name in self.state_settings}
        start = self.config.get("start_date")
        first = (start and times.canonical(start)) if is_new else made_with.get("start_date")
        if first:
            settings["start_date"] = first
        moved = {
            "replication_key": self.replication_key,
            "replication_key_value": value if is_new else max(value, known),
        }
        if settings or made_with:
            moved["made_with"] = settings
        self.progress.update(moved)  # in one step, whenever a signal comes
        self.state_manager.is_flushed = False

    @property
    def remembered(self) -> list[dict[str, Any]]:
        """The parents that the bookmark has passed, and whose rows are still to be read."""
        kept = self.progress.get("failed") if self.is_incremental else None
        return [parent for parent in kept or [] if isinstance(parent, dict)]

    def remember(self, parents: list[dict[str, Any]]) -> None:
        """Keep parents in the bookmark, of a stream that has one."""
        if not self.is_incremental or (not parents and "failed" not in self.progress):
            return
        self.progress["failed"] = parents
        self.state_manager.is_flushed = False

    def tell_settings(self, reach: Reach) -> None:
        """Say what the settings have to do with a bookmark that was made with others."""
        if not self.is_incremental or not self.bookmark:
            return
        start = times.known(self.config.get("start_date"))
        first = times.known(self.made_with.get("start_date"))
        if reach.gap_from:
            self.logger.warning(
                "start_date is later than the bookmark, %s: what changed between the two is not"
                " read, and the bookmark stays. Remove start_date to read it; or, to do without it,"
                " the bookmark of %s from the state.",
                self.bookmark,
                self.name,
            )
        elif self.holds_less:
            names = " and ".join(self.state_settings)
            self.logger.info("All is read, as the bookmark was made with another %s.", names)
        elif first and (start is None or start < first):
            self.logger.warning(
                "The bookmark was made with the start_date %s: what did not change since is not"
                " read. To read that too, remove the bookmark of %s from the state.",
                times.text(first),
                self.name,
            )
