"""The one file that the operator of a further nats-server is given: its configuration, and a certificate with its key.

Owns what lies in it. `deploy/install` unpacks it. Must not know which deployment it is for, nor keep the key.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bancheng.runtime.certificates import AUTHORITY_FILE, SERVER_FILE, SERVER_KEY_FILE, issue
from bancheng.runtime.operator_folder import OPERATORS, OWN_CONFIGURATION, OperatorFolder
from bancheng.runtime.whole_files import OWNER_ONLY, READ_BY_ALL

LOOPBACK: Final = ("localhost", "127.0.0.1")


def hub_file(folder: OperatorFolder, server: str, hosts: Sequence[str], *, now: datetime) -> bytes:
    """A tar with `nats.conf`, and `server.crt`, `server.key` and `ca.crt` where this folder has an authority.

    The certificate is made anew each time, for the hosts in `server`, those of a cluster's members, and `hosts`.
    Raises PlanRefused for a server that nobody uses, CertificateUnreadable where the authority's files are spoilt.
    """
    contents = {OWN_CONFIGURATION: folder.configuration_of(server).read_bytes()}
    authority = folder.path / OPERATORS
    if (authority / AUTHORITY_FILE).exists():
        named = [urlsplit(each).hostname or each for each in server.split(",")]
        every = dict.fromkeys((*named, *folder.members_of(server), *hosts, *LOOPBACK))
        with tempfile.TemporaryDirectory() as made:
            issue(authority, Path(made), list(every), now=now)
            contents |= {name: (Path(made) / name).read_bytes() for name in (SERVER_FILE, SERVER_KEY_FILE)}
        contents[AUTHORITY_FILE] = (authority / AUTHORITY_FILE).read_bytes()
    return _tar(contents, now)


def _tar(contents: Mapping[str, bytes], now: datetime) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), int(now.timestamp())
            entry.mode = OWNER_ONLY if name == SERVER_KEY_FILE else READ_BY_ALL
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()
