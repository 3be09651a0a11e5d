"""How tests call a sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests

if TYPE_CHECKING:
    from tap_intercom.sandbox import Sandbox

Json = dict[str, Any]
Code = Callable[[requests.Response], str]


@dataclass(frozen=True)
class Caller:
    """A sandbox and how to call it."""

    sandbox: Sandbox
    session: requests.Session
    token: str = "demo"
    version: str | None = "2.17"

    def using(self, **changes: Any) -> Caller:
        return replace(self, **changes)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.version is not None:
            headers["Intercom-Version"] = self.version
        headers |= options.pop("headers", {})
        url = self.sandbox.url + path
        return self.session.request(
            method, url, headers=headers, allow_redirects=False, timeout=60, **options
        )

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: object = None) -> requests.Response:
        return self.call("POST", path, json=body)

    def search(self, table: str, query: object, **options: Any) -> requests.Response:
        """Ask for one page; the options are per_page, after, field and order."""
        place = {"per_page": options.get("per_page"), "starting_after": options.get("after")}
        body = {
            "query": query,
            "sort": {
                "field": options.get("field", "updated_at"),
                "order": options.get("order", "ascending"),
            },
            "pagination": {name: value for name, value in place.items() if value is not None},
        }
        return self.post(f"/{table}/search", body)

    def found(self, table: str, query: object, **options: Any) -> list[Json]:
        """Every record of a search, page by page."""
        rows: list[Json] = []
        after = None
        while True:
            answer = self.search(table, query, after=after, **options).json()
            rows += answer["data" if table in ("contacts", "companies") else table]
            following = answer["pages"].get("next")
            if not following:
                return rows
            after = following["starting_after"]

    def listed(self, path: str, key: str = "data", **query: Any) -> list[Json]:
        """Every record of a list, page by page, in whichever style its pages are."""
        rows: list[Json] = []
        while True:
            answer = self.get(path, **query).json()
            rows += answer[key]
            place = answer.get("pages") or answer
            following = place.get("next")
            if isinstance(following, str):
                query = dict(parse_qsl(urlsplit(following).query))
            elif following:
                query["starting_after"] = following["starting_after"]
            elif place.get("has_more"):
                query["cursor"] = place["next_cursor"]
            elif place.get("page", 1) < place.get("total_pages", 1):
                query["page"] = place["page"] + 1
            else:
                return rows

    def truth(self, resource: str) -> list[Json]:
        return self.sandbox.records(resource, self.version or "2.17")


Start = Callable[..., Caller]


def code_of(answer: requests.Response) -> str:
    body = answer.json()
    assert body["type"] == "error.list"
    assert body["request_id"]
    (error,) = body["errors"]
    assert error["message"]
    return str(error["code"])
