"""What does a state that is handed over say?

The bookmarks of the streams, whatever a program has put around them: Meltano, a target, another
tap. What nobody understands is refused, as it would have everything read again without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_intercom.ending import SettingsError
from tap_intercom.records import times

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What lies around a state: in a STATE message of Singer or of Airbyte, in Meltano's database, and
# in what Airbyte called its legacy state.
WRAPPERS = ("value", "state", "singer_state", "data")

# What Meltano keeps of runs that ended, and of those that did not: the second is put over the
# first. https://docs.meltano.com/reference/command-line-interface#state
COMPLETED, PARTIAL = "completed", "partial"

# What Airbyte calls a stream and its state: in a connector's messages, and in its own interface.
DESCRIBED = (("stream_descriptor", "stream_state"), ("streamDescriptor", "streamState"))

# What else other taps keep beside their bookmarks.
BESIDE = frozenset({"currently_syncing"})

# What other taps keep in a bookmark.
CURSORS = frozenset({"updated_at", "created_at"})

NO_STATE = (
    'The state is none that a tap wrote, like {"bookmarks": {"contacts": {...}}}: hand over the'
    " last STATE that was written, or begin without one."
)


def read(state: Any, keys: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
    """Read the bookmarks of a state, by the names of streams; `keys` are their replication keys.

    What it says of other streams is left out.

    Raises:
        SettingsError: It is no state, or one of the bookmarks is not a time.
    """
    found = {}
    for name, bookmark in _found(state, keys).items():
        if name not in keys:
            continue
        try:
            if one := adopted(bookmark, keys[name]):
                found[name] = one
        except ValueError as error:
            msg = f"The bookmark of {name} in the state is not a time: remove it, or write it like"
            raise SettingsError([f"{msg} 2026-01-31T12:00:00Z."]) from error
    return found


def unknown(state: Any, keys: Mapping[str, str | None]) -> list[str]:
    """Name what a state has bookmarks of, and is no stream."""
    return sorted(_found(state, keys).keys() - keys.keys())


def _found(state: Any, keys: Mapping[str, str | None]) -> dict[str, Any]:
    try:
        found = _unwrapped(state, keys)
    except RecursionError:
        found = None
    if found is None:
        raise SettingsError([NO_STATE])
    return found


def _unwrapped(state: Any, keys: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Find the bookmarks, by name; None where it is no state. Of several the last holds."""
    described = dict(_described(state))
    if described or not state:
        return described
    if isinstance(state, list):
        return _unwrapped(state[-1], keys)
    return _opened(state, keys) if isinstance(state, dict) else None


def _opened(state: dict[str, Any], keys: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Find the bookmarks in an object: in what it wraps, or it is they."""
    if COMPLETED in state or PARTIAL in state:
        one, two = (_unwrapped(state.get(part), keys) for part in (COMPLETED, PARTIAL))
        return None if one is None or two is None else _merged(one, two)
    if "bookmarks" in state:
        found = state["bookmarks"] or {}
        return found if isinstance(found, dict) else None
    if wrapper := next((name for name in WRAPPERS if name in state), None):
        return _unwrapped(state[wrapper], keys)
    bare = {name: one for name, one in state.items() if name not in BESIDE}
    return bare if not bare or bare.keys() & keys.keys() else None


def _described(state: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and states of Airbyte's streams, whatever lies around them."""
    if isinstance(state, list):
        for one in state:
            yield from _described(one)
    elif isinstance(state, dict):
        for descriptor, its_state in DESCRIBED:
            if isinstance(state.get(descriptor), dict) and its_state in state:
                yield str(state[descriptor].get("name")), state[its_state]
                return
        for one in state.values():
            yield from _described(one)


def _merged(one: Any, two: Any) -> Any:
    """Put an object over another, and so with what is in them."""
    if not isinstance(one, dict) or not isinstance(two, dict):
        return two
    both = {name: _merged(one[name], two[name]) for name in one.keys() & two.keys()}
    return {**one, **two, **both}


def adopted(bookmark: Any, replication_key: str | None) -> dict[str, Any]:
    """Read a bookmark, ours or one that another tap for Intercom wrote; empty if there is none.

    Of several times the earliest holds: whatever each meant, nothing before it is missing.

    Raises:
        ValueError: It is not a time.
    """
    own = bookmark.get("replication_key_value") if isinstance(bookmark, dict) else bookmark
    moments = map(times.parse, filter(None, [own] if own else _cursors(bookmark)))
    value = min(moments, default=None) if replication_key else None
    if replication_key is None or not isinstance(bookmark, dict):
        bookmark = {}
    found: dict[str, Any] = {}
    if value is not None:
        found = {"replication_key": replication_key, "replication_key_value": times.text(value)}
        if isinstance(made_with := bookmark.get("made_with"), dict):
            found["made_with"] = made_with
    kept = bookmark.get("failed")
    return {**found, "failed": kept} if isinstance(kept, list) and kept else found


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
