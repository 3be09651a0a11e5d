"""A page is as large as is wanted, until that is too much; then it grows carefully."""

from __future__ import annotations

import pytest

from tap_intercom.api.sizes import PAGES_BEFORE_A_TRY, PageSize


def arrive(size: PageSize, pages: int) -> list[int]:
    """Let pages arrive, and give the sizes that were asked for."""
    asked = []
    for _ in range(pages):
        asked.append(size.ask())
        size.arrived(asked[-1])
    return asked


def test_it_stays_with_the_largest_while_that_works() -> None:
    assert arrive(PageSize(150), 99) == [150] * 99


@pytest.mark.parametrize(
    ("failed", "then"), [(150, 50), (50, 16), (3, 1), (4, 1), (2, 1), (1, 1), (6, 2)]
)
def test_a_third_is_asked_for_of_what_failed_but_one_at_least(failed: int, then: int) -> None:
    size = PageSize(failed)
    size.failed(failed)
    assert size.ask() == then


def test_when_enough_pages_have_arrived_the_middle_is_tried() -> None:
    size = PageSize(150)
    size.failed(150)
    assert arrive(size, PAGES_BEFORE_A_TRY) == [50] * 20
    assert arrive(size, 20) == [100] * 20
    # What failed once is not asked for again: 125, 137, 143 ... 149 are left.
    assert arrive(size, 20) == [125] * 20
    assert {*arrive(size, 400)} == {137, 143, 146, 148, 149, 150}
    assert arrive(size, 99) == [150] * 99


def test_when_there_is_nothing_between_twice_as_many_may_do_by_now() -> None:
    size = PageSize(150)
    for one in (150, 50, 16, 5):
        size.failed(one)
    assert arrive(size, 20) == [1] * 20
    assert arrive(size, 20) == [3] * 20
    assert arrive(size, 20) == [4] * 20
    assert arrive(size, 20) == [7] * 20
    size.failed(8)
    assert arrive(size, 40) == [7] * 40  # a failure of a try makes the next one rarer
    assert size.ask() == 11
    assert sum(arrive(size, 9_999)[-20:]) == 150 * 20


def test_what_failed_is_forgotten_slowly() -> None:
    size = PageSize(4)
    size.failed(4)
    asked = []
    for _ in range(200):
        asked.append(size.ask())
        if asked[-1] > 1:
            size.failed(asked[-1])
        else:
            size.arrived(1)
    # Each failure makes the next try twice as rare.
    assert [one for one in asked if one > 1] == [2, 2, 2]


def test_a_try_is_what_is_larger_than_what_works() -> None:
    size = PageSize(150)
    assert not size.is_a_try(150)
    size.failed(150)
    assert not size.is_a_try(50)
    assert size.is_a_try(51)


def test_a_try_that_failed_is_made_again_rarer_and_smaller() -> None:
    size = PageSize(150)
    size.failed(150)
    arrive(size, 20)
    assert size.ask() == 100
    size.failed(100)
    assert size.ask() == 50
    assert arrive(size, 40) == [50] * 40
    assert size.ask() == 75


def test_after_a_failure_pages_are_counted_anew() -> None:
    size = PageSize(90)
    size.failed(90)
    arrive(size, 19)
    size.failed(30)
    assert arrive(size, 20) == [10] * 20
    assert size.ask() == 20  # between 10 and 30, of which the latter failed since


def test_what_arrives_late_and_has_failed_meanwhile_does_not_work() -> None:
    size = PageSize(90)
    size.failed(90)
    size.arrived(90)
    assert size.ask() == 30
    size.arrived(89)
    assert size.ask() == 89


def test_another_thread_that_fails_at_a_larger_size_lowers_nothing_further() -> None:
    size = PageSize(90)
    size.failed(90)
    size.failed(90)
    assert size.ask() == 30
    size.failed(30)
    size.failed(90)
    assert size.ask() == 10
    assert not size.is_a_try(10)
    assert size.is_a_try(11)


def test_threads_that_see_the_same_failure_make_tries_no_rarer() -> None:
    size = PageSize(150)
    for _ in range(10):
        size.failed(150)
    for _ in range(PAGES_BEFORE_A_TRY):
        size.arrived(size.ask())
    assert size.ask() == 100
