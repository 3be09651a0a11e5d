"""Run the tap: `tap-intercom`, or `python -m tap_intercom`; and begin the other programs.

Ctrl-C ends each of them without a traceback, also while it is still being loaded.
"""

from __future__ import annotations

import signal


def main() -> None:
    """Run the tap."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tap_intercom.ending import as_a_program  # noqa: PLC0415  it takes half a second
    from tap_intercom.tap import TapIntercom  # noqa: PLC0415  likewise

    with as_a_program():
        TapIntercom.command()()


def check() -> None:
    """Say what a token may read."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tap_intercom.cli.check import check_access  # noqa: PLC0415  likewise

    check_access()


def login() -> None:
    """Log in, or out."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tap_intercom.cli import login  # noqa: PLC0415  likewise

    login.login()


def sandbox() -> None:
    """Serve a workspace to try the tap on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tap_intercom.cli import sandbox  # noqa: PLC0415  likewise

    sandbox.sandbox()


if __name__ == "__main__":
    main()
