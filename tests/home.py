"""The house of a person who has an app at Intercom, and what the programs in it are told."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runs import catalog_of
from starting import ran
from terminal import Terminal, environment, free_port, terminal

if TYPE_CHECKING:
    import subprocess
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tap_intercom.sandbox import Sandbox

APP = "demo-app"


@dataclass(frozen=True)
class Home:
    """Where the files of a person are, and the settings that they have chosen."""

    folder: Path
    sandbox: Sandbox
    settings: dict[str, Any]

    @classmethod
    def of(cls, folder: Path, sandbox: Sandbox, app: str = APP) -> Home:
        """The house of a person who has registered an address of this machine."""
        settings = {
            "api_url": sandbox.url,
            "auth_scheme": "OAUTH",
            "oauth_client_id": app,
            "oauth_client_secret": f"{app}-secret",
            "callback_url": f"http://localhost:{free_port()}/back",
        }
        return cls(folder, sandbox, settings)

    def but(self, **settings: Any) -> Home:
        """The same with other settings; None takes one away."""
        merged = {**self.settings, **settings}
        return replace(
            self, settings={name: one for name, one in merged.items() if one is not None}
        )

    @property
    def config(self) -> str:
        path = self.folder / "config.json"
        path.write_text(json.dumps(self.settings))
        return str(path)

    @property
    def store(self) -> Path:
        return self.folder / ".local" / "share" / "tap-intercom" / "tokens.json"

    @property
    def stored(self) -> Any:
        """The stored token of the app."""
        return json.loads(self.store.read_text())[self.settings["oauth_client_id"]][
            self.sandbox.url
        ]

    @property
    def callback(self) -> str:
        return str(self.settings["callback_url"])

    def log_in(
        self, *options: str, really: bool = False, **env: str
    ) -> AbstractContextManager[Terminal]:
        return self.start("tap-intercom-login", *options, really=really, **env)

    def run_tap(
        self, *options: str, really: bool = False, **env: str
    ) -> AbstractContextManager[Terminal]:
        catalog = self.folder / "catalog.json"
        if not catalog.exists():
            catalog.write_text(json.dumps(catalog_of("tags")))
        options = ("--catalog", str(catalog), *options)
        return self.start("tap-intercom", *options, really=really, **env)

    def start(
        self,
        command: str,
        *options: str,
        has_keyboard: bool = True,
        really: bool = False,
        **env: str,
    ) -> AbstractContextManager[Terminal]:
        return terminal(
            command,
            "--config",
            self.config,
            *options,
            env=environment(self.folder, **env),
            has_keyboard=has_keyboard,
            really=really,
        )

    def alone(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program where there is no terminal."""
        first, *rest = command
        return ran(first, "--config", self.config, *rest, env=environment(self.folder, **env))

    def exchanges(self) -> int:
        """How many times a code was exchanged for a token."""
        return sum(one["path"] == "/auth/eagle/token" for one in self.sandbox.log())
