"""What is changed in the tap to see whether a test notices, and what is left alone."""

from __future__ import annotations

import pytest
from measured import followed
from mutations import fits, mutations


def changed(text: str) -> set[str]:
    """The texts that are made of one."""
    able = [one for one in mutations(text.encode()) if fits(one, text.encode())]
    return {one.applied(text.encode()).decode() for one in able}


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a is not b", {"a is b"}),
        ("a not in b", {"a in b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("not a", {"a"}),
        ("a + b", {"a - b"}),
        ("a += b", {"a -= b", "a = b"}),
        ("a = 1", {"a = 2", "a = 0"}),
        ("a = 'text'", {'a = ""'}),
        ("a = True", {"a = False"}),
        ("if a: b = c", {"if True: b = c", "if False: b = c"}),
        ("b if a else c", {"b if True else c", "b if False else c"}),
        ("while a: b = c", {"while False: b = c"}),
        ("[a for a in b if a]", {"[a for a in b if True]"}),
        ("def f():\n  return a", {"def f():\n  return None"}),
        ("def f(a=1): ...", {"def f(a=2): ...", "def f(a=0): ..."}),
        ("raise A", {"pass"}),
        ("for a in b: break", {"for a in b: continue"}),
        ("for a in b: continue", {"for a in b: break"}),
        ("a()", {"pass"}),
        ("a = b[c:d]", {"a = b[:d]", "a = b[c:]"}),
        ("a = b(c, d)", {"a = b(d, c)"}),
        ("a = b(c, d=e)", {"a = b(c)"}),
        ("a = min(b)", {"a = max(b)"}),
        ("try: a = b\nexcept (C, D): a = c", {"try: a = b\nexcept (C): a = c"}),
        ("a = 'ü' < b", {"a = 'ü' <= b"}),
    ],
)
def test_each_kind_of_fault_is_made(text: str, among: set[str]) -> None:
    assert among <= changed(text)


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring."""',
        "a: Literal['b']",
        "def f(a: 'B') -> 'C': ...",
        "logger.warning('text', 1)",
        "a = f'text {b + 1}'",
        "if TYPE_CHECKING:\n  import a\n  b = 1",
        "def __repr__(self):\n  return 'text'",
        "@decorated(1)\ndef f(): ...",
    ],
)
def test_what_has_no_behaviour_is_left_alone(text: str) -> None:
    assert changed(text) == set()


def test_lines_that_moved_are_followed() -> None:
    then, now = ["a", "b", "c"], ["new", "a", "other", "c"]
    assert followed(then, now) == {1: 1, 2: 1, 3: 1, 4: 3}
