"""The models of transform/ are those of the tap's streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import staging

from tap_intercom.streams import STREAMS

MODELS = Path(__file__).resolve().parent.parent / "transform" / "models"
PAGES = staging.pages()


def test_staging_models_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert staging.main(["--check"]) is None, "run `make docs`"
    assert capsys.readouterr().out == ""


def test_what_is_stale_is_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGING", tmp_path)
    monkeypatch.setattr(staging, "pages", lambda: {tmp_path / "stg_one.sql": "select 1\n"})
    (tmp_path / "stg_gone.sql").write_text("select 2\n")
    assert "stg_gone.sql, stg_one.sql" in str(staging.main(["--check"]))
    assert staging.main([]) is None
    assert [path.name for path in tmp_path.iterdir()] == ["stg_one.sql"]
    assert staging.main(["--check"]) is None


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_what_is_read_by_default_has_a_model(stream: type[Any]) -> None:
    there = MODELS / "staging" / f"stg_{stream.name}.sql" in PAGES
    assert there == (stream.selected_by_default or stream.name in staging.CHOSEN)


def test_streams_to_choose_are_streams_that_are_not_read_by_default() -> None:
    by_name = {stream.name: stream for stream in STREAMS}
    assert not any(by_name[name].selected_by_default for name in staging.CHOSEN)


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.*")), ids=lambda path: path.name)
def test_lines_are_no_longer_than_everywhere(path: Path) -> None:
    assert max(map(len, path.read_text("utf-8").splitlines())) <= 100
