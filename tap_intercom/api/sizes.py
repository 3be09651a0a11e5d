"""How many records may a page have?

As many as the user wants, until so many turn out to be too much for Intercom: then a third. When
some pages have arrived, one is asked for of the size that lies in the middle between what works and
what does not. When there is nothing between, it may have been what lay on that page, not how much:
twice as many may do by now. The more such tries fail, the rarer they are.
"""

from __future__ import annotations

import threading

# Pages that arrive before a larger one is tried.
PAGES_BEFORE_A_TRY = 20


class PageSize:
    """The size of page to ask for, shared by all threads that search for the same."""

    def __init__(self, largest: int) -> None:
        """Begin with the largest."""
        self._largest = largest
        self._works = largest
        self._too_much = largest + 1
        self._arrived = 0
        self._pages = PAGES_BEFORE_A_TRY
        self._lock = threading.Lock()

    def ask(self) -> int:
        """Give the size to ask for next."""
        with self._lock:
            if self._arrived < self._pages or self._works == self._largest:
                return self._works
            self._arrived = 0
            if self._too_much == self._works + 1:
                self._too_much = min(2 * self._too_much, self._largest + 1)
            return (self._works + self._too_much) // 2

    def arrived(self, size: int) -> None:
        """Note that a page of a size arrived."""
        with self._lock:
            self._arrived += 1
            if size < self._too_much:
                self._works = max(self._works, size)

    def is_a_try(self, size: int) -> bool:
        """Say whether a size is larger than what is known to work."""
        return size > self._works

    def failed(self, size: int) -> None:
        """Note that a page of a size is too much."""
        with self._lock:
            if size >= self._too_much:
                return  # another thread has seen it, and fewer are asked for already
            self._arrived = 0
            self._too_much = size
            if size > self._works:
                self._pages *= 2
            else:
                self._works = max(1, size // 3)
