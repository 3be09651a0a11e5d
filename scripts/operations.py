# /// script
# requires-python = ">=3.10"
# dependencies = ["pyyaml"]
# ///
"""Renew `scripts/operations.json`, the operations of Intercom's API that read.

    uv run scripts/operations.py intercom-2.16.yaml [intercom-preview.yaml …]

Only facts are taken: methods and paths. An operation reads if it is a GET, or a POST that ends in
one of `READING`; the POSTs that are taken for writing are printed, to be looked over. What the
documentation's pages name and no description has is in `ON_PAGES`, and the version that an
operation came with, where it is known, in `SINCE`.

    {"GET /admins": null, "GET /macros": "2.16"}
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

OPERATIONS = Path(__file__).with_suffix(".json")
READING = (
    "/search",
    "/list",
    "/preview",
    "/capabilities",
    # They have a file made of what is there.
    "/export/content/data",
    "/export/reporting_data/enqueue",
)

# https://developers.intercom.com/docs/references/2.17/rest-api/api.intercom.io, and of Preview.
ON_PAGES = {
    "2.17": (
        "GET /contacts/activities",
        "GET /contacts/deleted",
        "GET /dynamic_contents",
        "GET /folders",
        "GET /folders/{id}",
        "POST /companies/search",
    ),
    "Preview": (
        "GET /contacts/{id}/granted_companies",
        "GET /conversations/{id}/hitl_events",
        "GET /sla_rules",
    ),
}

# From the changes between versions, and the descriptions of older ones.
# https://developers.intercom.com/docs/build-an-integration/learn-more/rest-apis/api-changelog
SINCE = {
    "2.9": ("GET /ticket_types", "GET /tickets/{id}"),
    "2.10": ("GET /articles/search", "POST /tickets/search"),
    "2.12": ("GET /ai/content_import_sources", "GET /ai/external_pages", "GET /ticket_states"),
    "2.13": ("GET /internal_articles",),
    "2.14": (
        "GET /away_status_reasons",
        "GET /calls",
        "GET /ip_allowlist",
        "GET /jobs/status/{id}",
        "POST /calls/search",
        "GET /download/reporting_data/{id}",
        "GET /export/reporting_data/get_datasets",
        "GET /export/reporting_data/{id}",
        "POST /export/reporting_data/enqueue",
    ),
    "2.15": (
        "GET /brands",
        "GET /companies/{id}/notes",
        "GET /conversations/{id}/handling_events",
        "GET /emails",
        "GET /export/workflows/{id}",
        "GET /fin_voice/collect/{id}",
        "GET /fin_voice/conversation/{id}",
        "GET /fin_voice/external_id/{id}",
        "GET /fin_voice/phone_number/{id}",
    ),
    "2.16": (
        "GET /admins/activity_log_event_types",
        "GET /articles/{id}/draft",
        "GET /articles/{id}/versions",
        "GET /audiences",
        "GET /contacts/{id}/banners",
        "GET /contacts/{id}/merge_history",
        "GET /content/search",
        "GET /content_snippets",
        "GET /conversations/attributes",
        "GET /conversations/deleted",
        "GET /conversations/{id}/side_conversations",
        "GET /custom_object_instances/{id}",  # a list; before, one that an external id names
        "GET /data_connectors",
        "GET /data_connectors/{id}/execution_results",
        "GET /help_center/help_centers/{id}/redirects",
        "GET /macros",
        "GET /messages/status",
        "GET /office_hours_schedules",
        "GET /office_hours_schedules/{id}/office_hours_exceptions",
        "GET /teams/{id}/metrics",
        "POST /admins/activity_logs/search",
    ),
    "2.17": ON_PAGES["2.17"],
}


def named(method: str, path: str) -> str:
    """Name an operation; descriptions call the same argument `{id}` or `{contact_id}`."""
    return f"{method.upper()} {re.sub(r'{[^}]*}', '{id}', path)}"


def reads(method: str, path: str) -> bool:
    """Say whether an operation only reads."""
    return method == "get" or (method == "post" and path.endswith(READING))


def main(descriptions: list[str]) -> None:
    """Read the descriptions and write the facts."""
    found = {one: {version} for version, operations in ON_PAGES.items() for one in operations}
    writing = set()
    for file in descriptions:
        description: dict[str, Any] = yaml.safe_load(Path(file).read_text("utf-8"))
        for path, methods in description["paths"].items():
            for method in methods:
                if reads(method, path):
                    versions = found.setdefault(named(method, path), set())
                    versions.add(description["info"]["version"])
                elif method == "post":
                    writing.add(named(method, path))
    since = {one: version for version, operations in SINCE.items() for one in operations}
    since |= {one: "Preview" for one, versions in found.items() if versions == {"Preview"}}
    facts = {one: since.get(one) for one in sorted(found, key=by_path)}
    OPERATIONS.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    print(f"{len(facts)} operations in {OPERATIONS.name}. Taken for writing, and left out:")
    print(*sorted(writing, key=by_path), sep="\n")


def by_path(operation: str) -> list[str]:
    """Sort by path, then method."""
    return operation.split()[::-1]


if __name__ == "__main__":
    main(sys.argv[1:])
