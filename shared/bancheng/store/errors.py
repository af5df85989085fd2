"""What storage can refuse or fail with: each error has a stable code.

Owns the codes of storage and the translation of driver errors into them. Must not know what a caller was doing.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import sqlalchemy.exc
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi


class StoreError(Exception):
    """Base of all storage errors. `code` is stable and documented; nothing was written unless the code says so."""

    code = "store.error"

    def __init__(self, **parameters: str | int) -> None:
        super().__init__(self.code, parameters)
        self.parameters = parameters


class TenantInvalid(StoreError):
    """Not a token: no transaction is opened for it."""

    code = "tenant.invalid"


class StaleVersion(StoreError):
    """Somebody else changed the case since it was read. Read it again and decide again."""

    code = "case.stale_version"

    def __init__(self, case_id: UUID) -> None:
        super().__init__(case_id=str(case_id))
        self.case_id = case_id


class EntryExists(StoreError):
    """An entry stands at this position already: the same (a duplicate) or another (equivocation)."""

    code = "case.entry_exists"


class TooManyEntries(StoreError):
    """A case with a history longer than any office writes."""

    code = "case.too_many_entries"


class EntryErased(StoreError):
    """The payload was lawfully erased: the chain can be verified, the event cannot be read."""

    code = "case.entry_erased"


class KeyInUse(StoreError):
    """The idempotency key stands with a response already: read that one."""

    code = "idempotency.key_in_use"


class AlreadyThere(StoreError):
    """A row with this key exists."""

    code = "store.already_there"


class DocumentConflict(StoreError):
    """Another body stands under the same kind and edition."""

    code = "document.conflict"


class LinkUnknown(StoreError):
    """No link joins this site with the peer."""

    code = "link.unknown"


class LinkMoved(StoreError):
    """The link's position changed under the caller, who did not hold its lock."""

    code = "link.moved"


class SortNotIndexed(StoreError):
    """The list would have to read every case; the indexed filters and sorts are named in docs."""

    code = "ledger.sort_not_indexed"


class SearchTooShort(StoreError):
    """No word of the query has two characters."""

    code = "search.too_short"


class UnstorableText(StoreError):
    """Text with a NUL or half a surrogate pair, which no database can hold."""

    code = "text.unstorable"


class PaperGone(StoreError):
    """The bytes of a paper are not where they should be."""

    code = "paper.gone"


class PaperStoreUnavailable(StoreError):
    """The folder or bucket of the papers cannot be read or written; nothing was stored. Try again."""

    code = "paper.store_unavailable"


class NotAllowed(StoreError):
    """The database refused by row-level security or privileges: a defect or a wrong tenant, never a user's mistake."""

    code = "database.not_allowed"


class NotMigrated(StoreError):
    """A table or column of this release is not there yet: the service began before `db upgrade`."""

    code = "database.not_migrated"


class DatabaseUnavailable(StoreError):
    """No connection; nothing was written. Try again."""

    code = "database.unavailable"


class DatabaseBusy(StoreError):
    """No connection became free, or a lock or statement took too long; nothing was written. Try again."""

    code = "database.busy"


class DatabaseFull(DatabaseUnavailable):
    """The disk of the database is full: nothing can be written until an operator makes room. Says nothing about what
    was to be written.
    """

    code = "database.full"


class DatabaseConflict(StoreError):
    """A deadlock or a serialisation failure; nothing was written. Try again."""

    code = "database.conflict"


class CommitUnknown(StoreError):
    """The connection broke while committing: written or not. An idempotency key or a version tells which."""

    code = "database.commit_unknown"


class TransactionAborted(StoreError):
    """A statement had failed and its error was swallowed: the database rolled back instead of committing."""

    code = "database.transaction_aborted"


class RoleTooPowerful(StoreError):
    """The service's role could bypass row-level security or owns the tables."""

    code = "database.role_too_powerful"


_UNIQUE: dict[str, type[StoreError]] = {
    "case_event_pkey": EntryExists,
    "idempotency_pkey": KeyInUse,
}

_KINDS: tuple[tuple[tuple[type[BaseException], ...], type[StoreError]], ...] = (
    (
        (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError),
        UnstorableText,
    ),
    ((asyncpg.DeadlockDetectedError, asyncpg.SerializationError), DatabaseConflict),
    (
        (
            asyncpg.QueryCanceledError,
            asyncpg.LockNotAvailableError,
            asyncpg.TooManyConnectionsError,
            asyncpg.OutOfMemoryError,
            sqlalchemy.exc.TimeoutError,
            asyncio.TimeoutError,
        ),
        DatabaseBusy,
    ),
    ((asyncpg.DiskFullError,), DatabaseFull),
    ((asyncpg.InsufficientPrivilegeError,), NotAllowed),
    ((asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError), NotMigrated),
    (
        (
            asyncpg.PostgresConnectionError,
            asyncpg.PostgresIOError,
            asyncpg.CannotConnectNowError,
            asyncpg.AdminShutdownError,
            asyncpg.CrashShutdownError,
            asyncpg.IdleInTransactionSessionTimeoutError,
            # Between the server's farewell and the end of the connection the driver is in no state to ask anything.
            asyncpg.InternalClientError,
            OSError,
        ),
        DatabaseUnavailable,
    ),
)


def typed_error(error: BaseException) -> StoreError | None:
    """The storage error that a driver error means; None when it is no driver error or a defect of ours."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, (sqlalchemy.exc.DBAPIError, AsyncAdapt_asyncpg_dbapi.Error)):
        # SQLAlchemy wraps the driver's error twice: its own class around its imitation of the driver's.
        return typed_error(error.__cause__) if error.__cause__ is not None else None
    if isinstance(error, asyncpg.UniqueViolationError):
        constraint = str(getattr(error, "constraint_name", ""))
        return _UNIQUE.get(constraint, AlreadyThere)(constraint=constraint)
    if isinstance(error, UnicodeEncodeError) or (isinstance(error, asyncpg.DataError) and _is_text_fault(error)):
        return UnstorableText()
    if isinstance(error, asyncpg.InterfaceError) and "closed" in str(error):
        return DatabaseUnavailable()
    for kinds, named in _KINDS:
        if isinstance(error, kinds):
            return named()
    return None


def _is_text_fault(error: BaseException) -> bool:
    """Whether the driver could not even encode a text: a lone surrogate."""
    return isinstance(error.__cause__, UnicodeEncodeError) or "surrogates not allowed" in str(error)
