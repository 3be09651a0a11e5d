"""Run the tap: `tap-intercom`, or `python -m tap_intercom`."""

from __future__ import annotations

import signal


def main() -> None:
    """Run it; Ctrl-C ends it without a traceback, also while it is still being loaded."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tap_intercom.tap import TapIntercom  # noqa: PLC0415  it takes half a second

    TapIntercom.cli()


if __name__ == "__main__":
    main()
