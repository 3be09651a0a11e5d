"""Is every value of what Intercom sent found again in the row that was delivered?

Written without the tap's own conversions: it looks at what went in and what came out.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def misses(raw: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The values that are neither in their place nor in `_rescued_data`, by path."""
    rescued = row.get("_rescued_data") or {}
    lost: dict[str, Any] = {}
    for name, value in raw.items():
        _compare(name, value, row.get(name), rescued, lost)
    return lost


def cleaned(value: Any) -> Any:
    """What is left of a value when NULs are gone and halves of surrogate pairs are replaced."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned(item) for name, item in value.items()}
    return value


def _compare(
    path: str, value: Any, found: Any, rescued: dict[str, Any], lost: dict[str, Any]
) -> None:
    if path in rescued:
        if rescued[path] != value or found is not None:
            lost[path] = value
    elif isinstance(value, dict) and isinstance(found, dict):
        for name, child in value.items():
            _compare(f"{path}.{name}", child, found.get(name), rescued, lost)
    elif isinstance(value, list) and isinstance(found, list) and len(value) == len(found):
        for position, (child, other) in enumerate(zip(value, found, strict=True)):
            _compare(f"{path}.{position}", child, other, rescued, lost)
    elif not _same(value, found):
        lost[path] = value


def _same(value: Any, found: Any) -> bool:
    if value is None or found is None:
        return value is found
    if value == found and isinstance(value, bool) == isinstance(found, bool):
        return True
    if isinstance(found, str) and not isinstance(value, (dict, list)):
        when = None if isinstance(value, bool) else _moment(value)
        return json.dumps(value) == found or (when is not None and when == _moment(found))
    return not isinstance(value, (dict, list)) and json.dumps(found) == str(value).lower()


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    try:
        if isinstance(value, (int, float)):
            return EPOCH + timedelta(seconds=value if abs(value) < 10**11 else value / 1000)
        moment = datetime.fromisoformat(value.replace(" UTC", "+00:00").replace(".5+", ".500+"))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
