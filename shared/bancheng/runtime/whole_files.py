"""Files that are replaced as a whole: whoever reads meets the old one or the new one, also after a kill or a power cut.

Owns how. Must not know what is in them.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600
READ_BY_ALL: Final = 0o644


def write_whole(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> Path:
    """Makes the folder if it is missing. Returns `path`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(mode)
    return Path(name).replace(path)
