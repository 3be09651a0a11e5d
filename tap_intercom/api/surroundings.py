"""Can Intercom be asked from here, as the environment has it?

Requests takes proxies and certificates from the environment. What cannot work of them would fail
each call anew; here it is said once, before the first, and without the password of a proxy.
"""

from __future__ import annotations

import logging
import os
import ssl
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema
from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from tap_intercom.ending import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-intercom.surroundings")


def look_around(url: str) -> None:
    """See to it that the environment lets calls go to a base URL, and warn if others can read them.

    Raises:
        SettingsError: It does not.
    """
    if problems := [*_of_certificates(url), *_of_proxies(url)]:
        raise SettingsError(problems)
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_here(parts.hostname or ""):
        logger.warning(
            "%s is not encrypted: whoever is on the way there can read the token and all that"
            " is fetched. Write https in api_url.",
            url,
        )


def is_here(host: str) -> bool:
    """Say whether a host is this machine."""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _of_certificates(url: str) -> Iterator[str]:
    names = [one for one in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(one)]
    if not names or not url.startswith("https:"):
        return
    path = Path(os.environ[names[0]])
    file, folder = (None, path) if path.is_dir() else (path, None)
    try:
        ssl.create_default_context(cafile=file, capath=folder)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        yield f"{names[0]} names no file of certificates: {path} ({said})."


def _of_proxies(url: str) -> Iterator[str]:
    proxy = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return
    scheme = urlsplit(url).scheme.upper()
    place = f"The proxy in {scheme}_PROXY, or in ALL_PROXY,"
    try:
        proxy = prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]
        HTTPAdapter().proxy_manager_for(proxy)
        if parse_url(proxy).host:
            return
    except InvalidSchema:
        yield f"{place} is one of SOCKS, which needs PySocks: pip install 'requests[socks]'."
        return
    except (HTTPError, ValueError):
        pass
    yield f"{place} is not an address: write it like http://proxy.example:3128."
