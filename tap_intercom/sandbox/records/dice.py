"""What falls when the seed is thrown? Repeatable chance, and the words it chooses from."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

MINUTE = 60
HOUR = 3_600
DAY = 86_400
YEAR = 365 * DAY

FIRST_NAMES = (
    "Ada", "Amélie", "Anaïs", "Björn", "Chloé", "Dmitri", "Élodie", "Fatima", "Günther", "Hiroko",
    "Ingrid", "João", "Kenji", "Lütfiye", "Małgorzata", "Ngozi", "Olu", "Priya", "Quentin", "Rosa",
    "Søren", "Tomás", "Umar", "Vĩnh", "Wiebke", "Ximena", "Yara", "Zoë", "李娜", "さくら",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Brontë", "Castañeda", "D'Arcy", "Eriksson", "Fournier", "García", "Háček", "Ito",
    "Jørgensen", "Kowalski", "Łukasik", "Müller", "Nguyễn", "O'Neil", "Pérez", "Quirke", "Rossi",
    "Šimić", "Tanaka", "Üçok", "Vargas", "Wójcik", "Xu", "Öztürk", "Zhang",
)  # fmt: skip
CITIES = (
    ("Ireland", "Leinster", "Dublin", "IRL", "EU"),
    ("Brazil", "São Paulo", "São Paulo", "BRA", "SA"),
    ("United States", "California", "San Francisco", "USA", "NA"),
    ("Japan", "Tōkyō", "Tōkyō", "JPN", "AS"),
    ("Germany", "Nordrhein-Westfalen", "Köln", "DEU", "EU"),
)
COMPANY_NAMES = (
    "Blue Heron", "Crème & Co", "Delta → Works", "Ørsted Imaginary", 'The "Quoted" Group', "Ünlü",
    "O'Malley Sons", "Nine, Ten; Eleven", "株式会社サンプル", "Fjord",
)  # fmt: skip
SENTENCES = (
    "How do I export my data?",
    "The invoice shows the wrong amount &amp; currency.",
    "Thanks, that works now 🎉",
    "Kann ich die Größe ändern?",
    "Could you look at this <b>again</b>?",
    "Der Link läuft ins Leere 😕",
    "We would like to add ten seats.",
    "请帮我重置密码",
    "It says “not found”, but it worked yesterday.",
    "I have attached a screenshot.",
)
SUBJECTS = ("", "Question about my order", "Rechnung fehlt", "Re: Re: 🚀 launch", "Bug report")
EMOJI = ("🐞", "🎟️", "💡", "🧾", "🛠")


class Dice(Random):
    """Random numbers with the few throws that records need."""

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[int(self.random() * len(options))]

    def below(self, ceiling: int) -> int:
        """A whole number from 0 up to, not including, the ceiling."""
        return int(self.random() * ceiling)

    def chance(self, share: float) -> bool:
        """True in this share of the throws."""
        return self.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number in a closed range."""
        return low + int(self.random() * (high - low + 1))


def mixed(index: int, salt: int) -> int:
    """Scatter an index over 64 bits; no two indexes meet."""
    return ((index + 1) * 0x9E3779B97F4A7C15 ^ (salt * 0xD1342543DE82EF95)) & 0xFFFFFFFFFFFFFFFF


def person(dice: Dice) -> str:
    """Make up a name."""
    return f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}"


def paragraph(dice: Dice) -> str:
    """Make up a line of HTML."""
    return f"<p>{dice.pick(SENTENCES)}</p>"
