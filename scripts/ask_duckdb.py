"""Put questions to a DuckDB file: run by the Python of a program that has DuckDB installed.

python scripts/ask_duckdb.py FILE < queries.json > answers.json

The queries are a list of texts. Each answer has the names of the columns, and the rows; what JSON
does not know is written as text.
"""

from __future__ import annotations

import json
import sys

import duckdb


def main(path: str) -> None:
    """Answer all queries, one after the other."""
    with duckdb.connect(path) as connection:
        answers = []
        for query in json.load(sys.stdin):
            asked = connection.execute(query)
            names = [column[0] for column in asked.description or []]
            answers.append({"names": names, "rows": asked.fetchall()})
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main(sys.argv[1])
