"""The village service: its own words, routes and tables, joined with what every window shares.

Owns the joining and nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bancheng.kernel.profile_parts import Text
from bancheng.runtime.command import service_main
from bancheng.runtime.service_definition import ServiceDefinition
from bancheng.window.tier_window import TierWindow

DEFINITION = ServiceDefinition(
    name="village",
    window=TierWindow(name=Text(zh="村社“办成”窗口", en="Village window")),
    migrations=Path(__file__).parent / "migrations",
)


def main() -> int:
    """`bancheng-village`."""
    return service_main(DEFINITION)


if __name__ == "__main__":
    sys.exit(main())
