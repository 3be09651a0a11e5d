"""How does a connector that knows only Intercom's address come to the sandbox?

    python rerouted.py http://127.0.0.1:3210 tap_intercom:main --config config.json

runs a function of the environment that it is started in, with the arguments that follow, and sends
every request to the sandbox instead. The connector's own files stay as they were installed.

The sandbox refuses what Intercom's reference does not have; Intercom itself lets some of that pass.
So that every connector can do its work, this is taken out of requests on the way, each of which
changes nothing in what is asked for: `per_page` on lists that come in one piece and on the scroll,
`page` beside the cursor of a search, and the condition that an id is greater than or equal to "".
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

INTERCOM = "https://api.intercom.io"
UNPAGED = {"/admins", "/companies/scroll", "/data_attributes", "/segments", "/tags", "/teams"}


def address(url: str, sandbox: str) -> str:
    """Where to send what was meant for Intercom."""
    parts = urlsplit(url.replace(INTERCOM, sandbox, 1))
    if parts.path not in UNPAGED:
        return parts.geturl()
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "per_page"]
    return parts._replace(query=urlencode(query)).geturl()


def any_id(condition: dict[str, Any]) -> bool:
    """Whether a condition holds for every id there is."""
    members = condition["value"]
    return isinstance(members, list) and all(
        isinstance(one, dict) and one.get("field") == "id" and one.get("value") == ""
        for one in members
    )


def search(body: dict[str, Any]) -> dict[str, Any]:
    """Ask the same in the words that the sandbox knows."""
    body.get("pagination", {}).pop("page", None)
    query = body["query"]
    if query["operator"] == "AND":
        query["value"] = [one for one in query["value"] if not any_id(one)]
    return body


def reroute(sandbox: str) -> None:
    """Send everything that this process asks Intercom to the sandbox."""
    send = HTTPAdapter.send

    def rerouted(
        adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **options: Any
    ) -> Response:
        request.url = address(request.url or "", sandbox)
        if request.body:
            request.prepare_body(None, None, json=search(json.loads(request.body)))
        return send(adapter, request, *args, **options)

    HTTPAdapter.send = rerouted  # type: ignore[method-assign, assignment]


def main() -> object:
    """Run what the arguments name."""
    sandbox, function, *arguments = sys.argv[1:]
    reroute(sandbox)
    sys.argv = [function, *arguments]
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)()


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[arg-type]
