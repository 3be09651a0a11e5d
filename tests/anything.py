"""Any JSON that there can be, with a liking for what programs stumble over."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "", " ", "0", "-0", "12", "1.0", "1e5", "1e999", "1e99999999999999999999", "NaN",
            "9" * 400, "9" * 5000, "true", "null", "\N{SUPERSCRIPT TWO}",
            "\N{ARABIC-INDIC DIGIT TWO}", "2026-06-01", "2026-06-01T12:00:00Z", "1780315200",
            "\0", "\r\n", "..", "a/b?c#d",
        ]
    ),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, 2**31, 2**63, -(2**63), 10**11, 1780315200, 10**400, -0.0, 1e308]),
)
SCALARS = st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS)


def json_of(leaves: st.SearchStrategy[Any], names: st.SearchStrategy[str]) -> Any:
    """Make JSON of such leaves and names."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)
        ),
        max_leaves=8,
    )


# NUL is removed from names as well, which would make one of two.
NAMES = TEXTS.filter(lambda name: "\0" not in name)
JSON = json_of(SCALARS, NAMES)

# What stands in the headers of an answer.

LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
DATES = st.sampled_from(
    [
        "Mon, 01 Jun 2026 12:00:00 GMT",
        "Mon, 01 Jun 99999999999999999999 12:00:00 GMT",
        "Mon, 01 Jun 2026 12:00:00 +99999999999999999999",
        "Mon, 01 Jun 9999 23:59:59 -1400",
        "Mon, 01 Jun 0001 00:00:00 +1400",
    ]
)
HEADER = st.one_of(LATIN, st.integers().map(str), st.floats().map(str), DATES, TEXTS)
TELLING = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Date")
HEADERS = st.dictionaries(st.sampled_from([*TELLING, "X-Request-Id"]), HEADER)
