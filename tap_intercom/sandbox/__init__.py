"""What would Intercom say? A simulated workspace, served over real HTTP.

It answers as Intercom's API does, as far as that is documented or has been observed, and refuses
what Intercom would refuse. It does not imitate: writes of any kind, webhooks, TLS, compression,
regions, the limit of 25,000 calls a minute over all apps of a workspace, text search relevance, the
names behind `segment_id`, and resources that have no row in `answers`. The minutes before a change
is found by search are none, unless `search_lag` says so; lists and single records know it at once,
and what is deleted is no longer found from then on. What a conversation or a ticket says of itself
follows from its parts, and a contact's lists, merges and activities add up; other numbers inside
records need not. Times out of office hours are not subtracted from statistics.
Where Intercom's behaviour is not known, it takes the less convenient one: companies are searched by
the calendar day, the ends of a window of activities or executions do not belong to it, and notes
never say that there is a next page. It is more convenient in one: the list of segments has those of
companies, too. The banners of a contact may not be read at all, because Intercom counts that as
having shown them: whoever asks gets 500, and `running` raises at the end.
"""

from __future__ import annotations

from .server import Sandbox, running, serve
from .state import DEFAULT_CLOCK, Options

__all__ = ["DEFAULT_CLOCK", "Options", "Sandbox", "running", "serve"]
