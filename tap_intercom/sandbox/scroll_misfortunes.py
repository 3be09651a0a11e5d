"""What can go wrong with a scroll? It breaks, expires, ends oddly, or somebody else has it.

Like those of `misfortunes`, they are chosen by the token.

    demo-scroll-breaks            500 once in the middle of a scroll, which is lost
    demo-scroll-expires           404 once in the middle of a scroll, which is lost
    demo-scroll-expires-N         likewise, the first N times
    demo-scroll-ends-404          a scroll ends with 404, not with an empty page
    demo-scroll-held              another app scrolls: the first two tries find scroll_exists
    demo-scroll-held-N            likewise, until N other calls have been made with this token
    demo-scroll-held-N-STATUS     likewise, and it is told with another status than 400
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .failures import as_is, error
from .scrolls import exists, expired

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exchange import Call, Reply
    from .failures import Misfortune, Proceed
    from .state import State

HELD_FOR = 2


def _scrolling_on(call: Call) -> bool:
    return call.template == "/companies/scroll" and "scroll_param" in call.query


def scroll_breaks(state: State, call: Call, proceed: Proceed) -> Reply:
    """Break a scroll once, after its first page."""
    if not _scrolling_on(call) or not state.once(call.token, "break"):
        return proceed()
    state.scrolls.drop()
    message = (
        "Request failed due to an internal network error. Please restart the scroll operation."
    )
    return error(500, "server_error", message)


def scroll_expires(said: str) -> Misfortune:
    """Let a scroll expire so many times, after its first page."""
    if not said.isdigit():
        return as_is

    def expire(state: State, call: Call, proceed: Proceed) -> Reply:
        if not _scrolling_on(call):
            return proceed()
        state.calls[call.token, "expire"] += 1
        if state.calls[call.token, "expire"] > int(said):
            return proceed()
        state.scrolls.drop()
        raise expired()

    return expire


def scroll_ends_404(_: State, call: Call, proceed: Proceed) -> Reply:
    """End a scroll with 404."""
    reply = proceed()
    if _scrolling_on(call) and reply.records == 0:
        raise expired()
    return reply


def scroll_held(_: State, call: Call, proceed: Proceed) -> Reply:
    """Let another app hold the scroll for a while."""
    if call.template == "/companies/scroll" and call.nth <= HELD_FOR:
        raise exists()
    return proceed()


def scroll_held_for(said: str) -> Misfortune:
    """Let another app hold the scroll until so many other calls are made; maybe with a status."""
    count, _, status = said.partition("-")
    if not count.isdigit() or (status and not status.isdigit()):
        return as_is

    def held(_: State, call: Call, proceed: Proceed) -> Reply:
        is_opening = call.template == "/companies/scroll" and not _scrolling_on(call)
        if is_opening and call.total - call.nth < int(count):
            raise exists(int(status or 400))
        return proceed()

    return held


SCROLL_MISFORTUNES: dict[str, Misfortune] = {
    "demo-scroll-breaks": scroll_breaks,
    "demo-scroll-expires": scroll_expires("1"),
    "demo-scroll-ends-404": scroll_ends_404,
    "demo-scroll-held": scroll_held,
}

# By what follows the name.
OF_SCROLLS: dict[str, Callable[[str], Misfortune]] = {
    "demo-scroll-expires-": scroll_expires,
    "demo-scroll-held-": scroll_held_for,
}
