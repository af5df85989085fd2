"""Under which account PostgreSQL runs when we ourselves are root, since it refuses to run as root.

Owns the choice of the account and how its process is started. Must not loosen the permissions of any folder: where the
account cannot reach a path (a clone or a temporary folder closed to others), the process keeps the one capability
that lets it through, and no more power than the root that started it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from bancheng.runtime.local_process import ServerFailed

_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who the server's process runs as; `None` for ids means: as we are."""

    user_id: int | None = None
    group_id: int | None = None

    def command(self, arguments: list[str], *, paths: list[Path]) -> list[str]:
        """`arguments` with what must stand before them so that they run as this account and reach `paths`."""
        if self.user_id is None:
            return arguments
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise ServerFailed(
                server="PostgreSQL",
                reason="it refuses to run as root, and `setpriv` (package util-linux) is not there to change the "
                "account; run as an ordinary user, or name a server in BANCHENG_POSTGRES",
            )
        prefix = [setpriv, f"--reuid={self.user_id}", f"--regid={self.group_id}", "--clear-groups"]
        if not all(_open_to_others(path) for path in paths):
            # The secure bit: initdb looks for its neighbours with access(2), which ignores capabilities without it.
            prefix += ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return [*prefix, *arguments]

    def own(self, path: Path) -> None:
        """Gives `path` and all below it to this account, if it is not its own already."""
        if self.user_id is None or self.group_id is None or path.stat().st_uid == self.user_id:
            return
        for below in [path, *path.rglob("*")]:
            os.chown(below, self.user_id, self.group_id)


def choose_account() -> Account:
    """Ourselves, or, for root, the account named in BANCHENG_POSTGRES_ACCOUNT, else `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return Account()
    named = os.environ.get("BANCHENG_POSTGRES_ACCOUNT")
    for name in (named,) if named else _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user_id=entry.pw_uid, group_id=entry.pw_gid)
    raise ServerFailed(
        server="PostgreSQL",
        reason=f"it refuses to run as root, and there is no account {named or ' or '.join(_ACCOUNTS)}",
    )


def _open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
