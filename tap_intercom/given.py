"""Can what the user hands over be read: files of JSON, and the environment?

What is in them is judged elsewhere. No message quotes it, as it may be secret.
"""

from __future__ import annotations

import json
import logging
import math
import os
from pathlib import Path
from typing import Any

from singer_sdk.configuration._dict_config import parse_environment_config

from tap_intercom.ending import SettingsError
from tap_intercom.settings import KINDS

# Of the names of settings in the environment.
PREFIX = "TAP_INTERCOM_"


def check_environment(declared: dict[str, Any]) -> None:
    """See to it that settings in the environment can be read.

    Raises:
        SettingsError: One cannot.
    """
    for name, one in declared["properties"].items():
        variable = f"{PREFIX}{name.upper()}"
        kind = next(kind for kind in one["type"] if kind != "null")
        try:
            found = parse_environment_config({"properties": {name: one}}, PREFIX)
            fits = _is_written_as(kind, os.environ.get(variable, "")) or not found
        except (ValueError, RecursionError):
            fits = False
        if not fits:
            raise SettingsError([f"{variable} must be {KINDS.get(kind, kind)}."])


# As the SDK reads them; it takes all other words for false.
WORDS = {"true", "1", "yes", "on", "false", "0", "no", "off", ""}


def _is_written_as(kind: str, text: str) -> bool:
    """Say whether a text is what the SDK would read it as."""
    if kind == "boolean":
        return text.lower() in WORDS
    if kind == "array" and text.lstrip().startswith("["):
        return isinstance(json.loads(text), list)
    return True


def check_logging() -> None:
    """See to it that the environment names a level of logging that there is.

    Raises:
        SettingsError: It does not.
    """
    for name in (f"{PREFIX}LOGLEVEL", "LOGLEVEL"):
        level = os.environ.get(name)
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            raise SettingsError([f"{name} may be DEBUG, INFO, WARNING, ERROR or CRITICAL."])


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read a file of settings.

    Raises:
        SettingsError: It is none; the message does not quote it.
    """
    try:
        return object_in(Path(path).read_bytes(), path)
    except OSError as error:
        raise SettingsError([f"{path} cannot be read: {error.strerror}."]) from error


def object_in(content: bytes, path: str | Path) -> dict[str, Any]:
    """Read what a file holds as an object of JSON, in whatever encoding JSON may have.

    Raises:
        SettingsError: It is none; the message does not quote it.
    """
    return _object(_json_in(content, path), path)


def state_in(content: bytes, path: str | Path) -> dict[str, Any]:
    """Read what a file holds of states: one, a list of them, or one in each line.

    Raises:
        SettingsError: It is none of these; the message does not quote it.
    """
    lines = content.splitlines()
    try:
        found = _json_in(content, path)
    except SettingsError:
        if len(lines) == 1:
            raise
        found = [object_in(line, path) for line in lines if line.strip()]
        if not found:
            raise
    return {"state": found} if isinstance(found, list) and found else _object(found, path)


def _object(found: Any, path: str | Path) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise SettingsError([f"{path} does not hold a JSON object."])
    return found


def _json_in(content: bytes, path: str | Path) -> Any:
    try:
        return json.loads(content, parse_float=_finite, parse_constant=_finite)
    except NotFinite as error:
        raise SettingsError(
            [f"{path} is not a JSON file: {error} is no number of JSON."]
        ) from error
    except (ValueError, RecursionError) as error:
        raise SettingsError([f"{path} is not a JSON file."]) from error


class NotFinite(Exception):
    """JSON has no NaN and no Infinity; Python would read them all the same."""


def _finite(text: str) -> float:
    if math.isfinite(number := float(text)):
        return number
    raise NotFinite(text)
