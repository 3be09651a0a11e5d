"""Count what the tests have tried, and write it into docs/reliability.md.

Tests note their figures as properties (pytest's `record_property`), and hypothesis tells how many
inputs it made up. Each is a number of things that were done to the tap without a record being lost;
the same figure of several tests is added up.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from tables import filled, grid

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs/reliability.md"
MARKER = "figures"

# The figures, in the order of the page, and what each of them counts.
INPUTS = "inputs"
FIGURES = {
    "calls that went wrong": "Calls that failed: refused, cut off, reset, late, or packed wrongly",
    "changes in between": "Records created, changed, deleted or merged between two calls",
    "kills": "Runs that were killed, at random moments",
    "message boundaries": "Messages after which a run was cut and resumed",
    INPUTS: "Made-up pages, records, headers, settings and texts",
}
EXAMPLES = re.compile(r"- (\d+) passing,")


def tried(report: Path) -> Counter[str]:
    """Add up the figures of all tests in a report of pytest's."""
    counted: Counter[str] = Counter()
    for one in ET.parse(report).getroot().iter("property"):  # noqa: S314  our own file
        if one.attrib["name"] in FIGURES:
            counted[one.attrib["name"]] += int(one.attrib["value"])
    return counted


def table(counted: Counter[str]) -> str:
    """Write the figures; what was not counted is not shown."""
    rows = [(what, f"{counted[name]:,}", "0") for name, what in FIGURES.items() if counted[name]]
    return grid(("What was tried", "How often", "Records lost"), rows)


def main() -> None:
    """Run the tests that note figures or make inputs up, and write the page."""
    files = {path: path.read_text("utf-8") for path in (PROJECT / "tests").rglob("test_*.py")}
    noting = [
        str(path)
        for path, text in sorted(files.items())
        if "record_property(" in text or "from hypothesis" in text
    ]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        wanted = (f"--junitxml={report}", "-ojunit_family=xunit1", "--hypothesis-show-statistics")
        command = [sys.executable, "-m", "pytest", "-q", *wanted, *noting]
        done = subprocess.run(command, cwd=PROJECT, check=False, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(done.stdout)
        counted = tried(report)
    counted[INPUTS] += sum(map(int, EXAMPLES.findall(done.stdout)))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), MARKER, table(counted)), "utf-8")
    print(f"Wrote {PAGE.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
