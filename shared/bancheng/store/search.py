"""Search in the words of cases, two-character words included, within what somebody may see.

Owns how a text is cut into two-character pieces, the index of pieces and the search over it. Row-level security lets
only equality and order narrow a scan, so pieces lie in a table of their own; every case found is then checked
against the whole query. What a worker has not cut yet is looked at directly, so nothing registered is missed. A number
that another system gave lies among the pieces, whole.
"""

# ruff: noqa: S608  statements of our own fragments; what a user gives is always a parameter

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from operator import itemgetter
from uuid import UUID

import msgspec

from bancheng.kernel.case import Case
from bancheng.store.changes import decode_state
from bancheng.store.database import Row, Transaction
from bancheng.store.errors import SearchTooShort
from bancheng.store.ledger import COLUMNS, LedgerRow, ledger_row
from bancheng.store.visibility import Visibility, condition, seen_of

MAX_RESULTS = 200
MAX_QUERY = 100
"""Characters of a query that are used."""
MAX_EXAMINED = 5_000
"""Cases looked at for one page: beyond that the page says that it is not the end."""
MAX_INDEXED = 500
_BATCH = 250
_PROBE = 500
_NARROWING = 3
_UNCUT = 500
_LAST = UUID(int=(1 << 128) - 1)


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `next` continues below a case; None when everything was looked at."""

    rows: tuple[LedgerRow, ...]
    next: UUID | None


def pieces(text: str) -> set[str]:
    """The two-character pieces of a text, word by word."""
    return {word[at : at + 2] for word in words(text) for at in range(len(word) - 1)}


def words(text: str) -> list[str]:
    """The words of a text in the form in which they are compared: full-width, case and spacing make no difference."""
    return unicodedata.normalize("NFKC", text).casefold().split()


def searched_text(case: Case) -> str:
    """What of a case is searched: title, description and the person's name."""
    return f"{case.title}\n{case.description}\n{case.person.name}"


RARITY = """
SELECT asked.gram, (SELECT count(*) FROM (
    SELECT 1 FROM case_gram g WHERE g.tenant = $1 AND g.gram = asked.gram LIMIT $3) AS probed)
FROM unnest($2::text[]) AS asked(gram)"""
BY_NUMBER = f"SELECT {COLUMNS} FROM cases c WHERE c.tenant = $1 AND c.number = $2 LIMIT $3"
BY_GIVEN_NUMBER = f"""
SELECT {COLUMNS} FROM (
    SELECT case_id FROM case_gram WHERE tenant = $1 AND gram = $2 ORDER BY case_id DESC LIMIT $3
) AS g CROSS JOIN LATERAL (
    SELECT * FROM cases k WHERE k.tenant = $1 AND k.case_id = g.case_id LIMIT 1
) AS c"""
_SAME_NUMBER = 50
"""Former windows may have given the same number each, and so may other systems."""
STORE_GIVEN = """
INSERT INTO case_gram (tenant, gram, case_id)
SELECT $1, given.gram, given.case_id FROM unnest($2::text[], $3::uuid[]) AS given(gram, case_id)
ON CONFLICT DO NOTHING"""
TAKE_UNCUT = """
WITH taken AS (
    DELETE FROM gram_queue WHERE tenant = $1 AND case_id = ANY(ARRAY(
        SELECT case_id FROM gram_queue WHERE tenant = $1 ORDER BY case_id LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING case_id
)
SELECT c.state FROM taken CROSS JOIN LATERAL (
    SELECT * FROM cases k WHERE k.tenant = $1 AND k.case_id = taken.case_id LIMIT 1
) AS c"""
TAKE_ONE = "DELETE FROM gram_queue WHERE tenant = $1 AND case_id = $2"
# A case is queued when it is inserted and taken off in the transaction that stores its pieces: none is there before.
# Looking for conflicts that cannot be would double the cost of the widest write there is.
STORE_PIECES = """
INSERT INTO case_gram (tenant, gram, case_id)
SELECT $1, p.gram, p.case_id FROM unnest($2::text[], $3::uuid[]) AS p(gram, case_id)"""


def candidates(visibility: Visibility, below: UUID, count: int, rarest: Sequence[str]) -> tuple[str, list[object]]:
    """Cases that have the rarest piece and the others, below a case, and the statement's parameters."""
    arguments: list[object] = [visibility.tenant, below, count, *rarest]
    # LATERAL with a limit is looked up case by case; a plain EXISTS might read all cases of a common piece.
    narrower = "".join(
        f" CROSS JOIN LATERAL (SELECT 1 FROM case_gram o WHERE o.tenant = $1 AND o.gram = ${5 + index} "
        "AND o.case_id = g.case_id LIMIT 1) AS n" + str(index)
        for index in range(len(rarest) - 1)
    )
    seen = _seen(visibility, arguments)
    statement = f"""
SELECT {COLUMNS}, c.state, found.case_id, {seen} FROM (
    SELECT g.case_id FROM case_gram g{narrower}
    WHERE g.tenant = $1 AND g.gram = $4 AND g.case_id < $2 ORDER BY g.case_id DESC LIMIT $3
) AS found CROSS JOIN LATERAL (
    SELECT * FROM cases k WHERE k.tenant = $1 AND k.case_id = found.case_id LIMIT 1
) AS c
ORDER BY found.case_id DESC"""
    return statement, arguments


def _seen(visibility: Visibility, arguments: list[object]) -> str:
    """Whether the row `c` is seen, as a column; places are added to the parameters."""

    def place(argument: object) -> str:
        arguments.append(argument)
        return f"${len(arguments)}"

    return f"(true{condition(visibility, place)})"


def uncut(visibility: Visibility, below: UUID, count: int) -> tuple[str, list[object]]:
    """The newest cases that no worker has cut yet, and the statement's parameters."""
    arguments: list[object] = [visibility.tenant, below, count]
    seen = _seen(visibility, arguments)
    statement = f"""
SELECT {COLUMNS}, c.state, q.case_id, {seen} FROM (
    SELECT case_id FROM gram_queue WHERE tenant = $1 AND case_id < $2 ORDER BY case_id DESC LIMIT $3
) AS q CROSS JOIN LATERAL (
    SELECT * FROM cases k WHERE k.tenant = $1 AND k.case_id = q.case_id LIMIT 1
) AS c
ORDER BY q.case_id DESC"""
    return statement, arguments


async def search(
    tx: Transaction, text: str, visibility: Visibility, limit: int = 50, *, below: UUID | None = None
) -> SearchPage:
    """Cases in which every word of `text` occurs, or those that bear it as their number, ours or another system's.

    `below` continues a page.

    Raises SearchTooShort when no word has two characters.
    """
    visibility.check(tx)
    asked = text.strip()[:MAX_QUERY]
    if below is None and any(character.isdigit() for character in asked):
        named = await _by_number(tx, asked, visibility)
        if named:
            return SearchPage(rows=named, next=None)
    rarest = await _rarest_pieces(tx, pieces(asked))
    look = _Look(tx, visibility, words(asked), below or _LAST)
    await look.at_uncut()
    await look.at_pieces(rarest, min(max(limit, 1), MAX_RESULTS))
    return look.page(min(max(limit, 1), MAX_RESULTS))


async def index_grams(tx: Transaction, limit: int = MAX_INDEXED) -> int:
    """Cut the next cases into pieces; how many there were. Several workers may do so at once."""
    rows = await tx.fetch(TAKE_UNCUT, tx.tenant, min(limit, MAX_INDEXED))
    cases = [decode_state(row[0]) for row in rows]
    # Sorted, so that neighbours in the index are written together: by case and then, keeping that, by piece.
    cases.sort(key=lambda case: case.case_id.int)
    found = [(piece, case.case_id) for case in cases for piece in pieces(searched_text(case))]
    found.sort(key=itemgetter(0))
    if found:
        await tx.execute(STORE_PIECES, tx.tenant, [piece for piece, _ in found], [case_id for _, case_id in found])
    return len(rows)


async def index_given_numbers(tx: Transaction, given: Sequence[tuple[UUID, str]]) -> None:
    """Numbers that another system gave to cases, found from now on."""
    if given:
        grams, cases = [_whole(number) for _, number in given], [case_id for case_id, _ in given]
        await tx.execute(STORE_GIVEN, tx.tenant, grams, cases)


async def index_again(tx: Transaction, case: Case, names: Sequence[str]) -> None:
    """The pieces of a case whose person is called otherwise from now on, at once. Those of the earlier name stay: what
    is found by them is checked against the text, and a correction may turn out to be late.

    It is taken off the queue first, or waits for the worker that has it: whoever cuts next would find the pieces there.
    """
    await tx.execute(TAKE_ONE, tx.tenant, case.case_id)
    cut = sorted({piece for text in (searched_text(case), *names) for piece in pieces(text)})
    await tx.execute(STORE_GIVEN, tx.tenant, cut, [case.case_id] * len(cut))


def _whole(number: str) -> str:
    """Kept apart from the pieces of words, in which there is never a space."""
    return f"number {' '.join(words(number))}"


async def _by_number(tx: Transaction, number: str, visibility: Visibility) -> tuple[LedgerRow, ...]:
    rows = await tx.fetch(BY_NUMBER, tx.tenant, number, _SAME_NUMBER)
    rows = [*rows, *await tx.fetch(BY_GIVEN_NUMBER, tx.tenant, _whole(number), _SAME_NUMBER)]
    found = {each.case_id: each for each in map(ledger_row, rows)}
    if not found:
        return ()
    seen = await seen_of(tx, visibility, list(found))
    return tuple(found[each] for each in sorted(found, reverse=True) if each in seen)


async def _rarest_pieces(tx: Transaction, asked: set[str]) -> list[str]:
    """The pieces that say most, the rarest first; none when one of them is in no case that was cut."""
    if not asked:
        raise SearchTooShort
    rows = await tx.fetch(RARITY, tx.tenant, sorted(asked), _PROBE)
    counted = sorted((int(row[1]), str(row[0])) for row in rows)
    return [] if counted[0][0] == 0 else [piece for _, piece in counted[: _NARROWING + 1]]


class _Look:
    """One search under way: what was found, and down to which case everything was looked at."""

    def __init__(self, tx: Transaction, visibility: Visibility, asked: Sequence[str], below: UUID) -> None:
        self._tx = tx
        self._visibility = visibility
        self._asked = asked
        self._below = below
        self._found: dict[UUID, LedgerRow] = {}
        self._floor = UUID(int=0)

    async def at_uncut(self) -> None:
        statement, arguments = uncut(self._visibility, self._below, _UNCUT)
        rows = await self._tx.fetch(statement, *arguments)
        self._keep(rows)
        if len(rows) == _UNCUT:
            self._floor = _found_id(rows[-1])

    async def at_pieces(self, rarest: Sequence[str], wanted: int) -> None:
        """Candidates in batches, newest first, until there are more than `wanted` or enough were examined.

        Nearly every candidate holds the words, so the first batch is what a page takes.
        """
        below, examined, kept = self._below, 0, 0
        size = min(wanted + 1, _BATCH)
        while rarest and kept <= wanted:
            statement, arguments = candidates(self._visibility, below, size, rarest)
            rows = await self._tx.fetch(statement, *arguments)
            kept += self._keep(rows)
            examined += len(rows)
            if len(rows) < size:
                return
            size = _BATCH
            below = _found_id(rows[-1])
            if examined >= MAX_EXAMINED or below <= self._floor:
                break
        if rarest:
            self._floor = max(self._floor, below)

    def page(self, size: int) -> SearchPage:
        """What was found above the floor; the next page begins below the last row, or below the floor."""
        ids = sorted((case_id for case_id in self._found if case_id >= self._floor), reverse=True)
        more = len(ids) > size
        rest = ids[size - 1] if more else (self._floor if self._floor.int else None)
        return SearchPage(rows=tuple(self._found[case_id] for case_id in ids[:size]), next=rest)

    def _keep(self, rows: Sequence[Row]) -> int:
        """Those that are seen and hold every word."""
        matching = [row for row in rows if row[-1] and self._fits(row[-3])]
        self._found.update((_found_id(row), ledger_row(row[:-3])) for row in matching)
        return len(matching)

    def _fits(self, state: bytes) -> bool:
        text = " ".join(words(searched_text(decode_state(state))))
        return all(word in text for word in self._asked)


def _found_id(row: Row) -> UUID:
    return row[-2]
