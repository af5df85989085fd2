"""How large each tier's image is, where a container engine has it.

Owns these figures. Builds nothing: `make test-containers` and deploy/offline do.
"""

from __future__ import annotations

import subprocess

from tests.bench.figures import Figure
from tests.support.system import SERVICE_NAMES

GROUP = "Images"
_MEBIBYTE = 1 << 20
_SECONDS = 20


def image_sizes() -> list[Figure]:
    """One for each tier whose image is there; none without an engine."""
    sizes = {name: _bytes_of(f"bancheng-{name}") for name in SERVICE_NAMES}
    return [
        Figure(group=GROUP, work=f"{name}: image, its base included", unit="MiB", samples=[size / _MEBIBYTE])
        for name, size in sizes.items()
        if size is not None
    ]


def _bytes_of(image: str) -> int | None:
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except OSError:
        return None
    return int(asked.stdout) if asked.returncode == 0 else None
