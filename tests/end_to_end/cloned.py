"""Meltano in a clone of the project, as a person would have it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


def clean_environment(**more: str) -> dict[str, str]:
    """Give this process's environment, without what a developer may have set for real runs."""
    foreign = ("TAP_INTERCOM_", "TARGET_", "DBT_", "MELTANO_", "PYTHON")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**own, "PATH": f"{PROGRAMS}{os.pathsep}{own['PATH']}", **more}


@dataclass(frozen=True)
class Meltano:
    """Meltano in a project of its own."""

    project: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, code: int = 0, **more: str) -> str:
        """Run a command; give what it printed to standard output."""
        own = {
            "MELTANO_PROJECT_ROOT": str(self.project),
            "MELTANO_CLI_LOG_FORMAT": "uncolored",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        }
        done = subprocess.run(
            [PROGRAMS / "meltano", *arguments],
            cwd=self.project,
            env=clean_environment(**{**own, **self.settings, **more}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout
