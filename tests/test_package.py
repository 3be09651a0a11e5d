"""The package says of itself what is true."""

from __future__ import annotations

import importlib
import json
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tap_intercom.login.connection_string import PROPERTIES
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
MELTANO = yaml.safe_load((PROJECT / "meltano.yml").read_text())
LOCKS = sorted((PROJECT / "requirements").glob("*.txt"))
DISTRIBUTION = metadata.distribution("tap-intercom")


def test_version_is_that_of_the_metadata() -> None:
    assert DISTRIBUTION.version == PYPROJECT["project"]["version"]
    assert TapIntercom.plugin_version == DISTRIBUTION.version


def test_classifiers_agree_with_requires_python() -> None:
    marker = "Programming Language :: Python :: 3."
    minors = [
        int(text.removeprefix(marker))
        for text in DISTRIBUTION.metadata.get_all("Classifier", [])
        if text.startswith(marker)
    ]
    assert DISTRIBUTION.metadata["Requires-Python"] == f">=3.{min(minors)}"
    assert minors == list(range(min(minors), max(minors) + 1))
    workflow = yaml.safe_load((PROJECT / ".github/workflows/ci.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == [f"3.{minor}" for minor in minors]


@pytest.mark.parametrize("entry", DISTRIBUTION.entry_points, ids=lambda entry: entry.name)
def test_entry_points_import(entry: metadata.EntryPoint) -> None:
    assert callable(entry.load())


def test_backoff_comes_from_its_maintained_fork() -> None:
    assert importlib.import_module("backoff").on_exception
    assert metadata.version("python-backoff")
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("backoff")


def test_no_two_distributions_install_the_same_module() -> None:
    owners = metadata.packages_distributions()
    assert {module: names for module, names in owners.items() if len(set(names)) > 1} == {}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_pins_have_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9._-]+==\S+.*$", text, flags=re.MULTILINE)
    assert pins
    assert all(pin.endswith("\\") for pin in pins)
    assert "://" not in text
    assert not re.search(r"^(-|/|\./)", text, flags=re.MULTILINE)


def test_the_pins_of_the_loaders_are_those_that_meltano_installs() -> None:
    for loader in MELTANO["plugins"]["loaders"]:
        assert PYPROJECT["dependency-groups"][loader["name"]] == loader["pip_url"].split()


def test_meltano_knows_every_setting_and_capability() -> None:
    about = json.loads(CliRunner().invoke(TapIntercom.cli, ["--about", "--format=json"]).stdout)
    [extractor] = MELTANO["plugins"]["extractors"]
    assert sorted(extractor["capabilities"]) == sorted(about["capabilities"])

    described = {setting["name"]: setting for setting in extractor["settings"]}
    properties = about["settings"]["properties"]
    aliases = {alias for setting in described.values() for alias in setting.get("aliases", [])}
    left_out = {"faker_config"}  # works only with a package that the tap does not install
    assert set(described) == set(properties) - aliases - left_out

    for name, setting in described.items():
        declared = properties[name]
        # What a connection string can say has no value there: Meltano would pass it on, and win.
        shown = None if name in PROPERTIES.values() else declared.get("default")
        assert setting.get("value") == shown, name
        assert setting.get("sensitive", False) == declared.get("secret", False), name
        if "enum" in declared:
            assert [option["value"] for option in setting["options"]] == declared["enum"], name


def test_meltano_selects_what_the_tap_does() -> None:
    """Hold its list to the tap's: without one, Meltano selects every stream there is."""
    [extractor] = MELTANO["plugins"]["extractors"]
    by_default = sorted(stream.name for stream in STREAMS if stream.selected_by_default)
    assert extractor["select"] == [f"{name}.*" for name in by_default]
    assert 0 < len(by_default) < len(STREAMS)
