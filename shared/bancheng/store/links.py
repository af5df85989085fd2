"""Links to the neighbours, under one name: where they stand, the outbox and the inbox.

Owns nothing itself; link_state.py, outbox.py and inbox.py do.
"""

from __future__ import annotations

from bancheng.store.inbox import (
    DeferredFrame,
    InboxRow,
    InboxState,
    deferred_of_cases,
    exceptions_of,
    inbox_hash,
    record_inbox,
    settle_inbox,
    waiting_cases,
    waiting_loose,
)
from bancheng.store.link_state import (
    Direction,
    LinkRow,
    LinkState,
    Role,
    ensure_link,
    get_link,
    list_links,
    record_equivocation,
    set_heard,
    set_receipted,
    stop_link,
    store_receipt,
)
from bancheng.store.outbox import (
    NumberedFrame,
    number_outbox,
    oldest_unreceipted_at,
    queue_loose,
    queue_loose_to,
    read_outbox,
)

__all__ = [
    "DeferredFrame",
    "Direction",
    "InboxRow",
    "InboxState",
    "LinkRow",
    "LinkState",
    "NumberedFrame",
    "Role",
    "deferred_of_cases",
    "ensure_link",
    "exceptions_of",
    "get_link",
    "inbox_hash",
    "list_links",
    "number_outbox",
    "oldest_unreceipted_at",
    "queue_loose",
    "queue_loose_to",
    "read_outbox",
    "record_equivocation",
    "record_inbox",
    "set_heard",
    "set_receipted",
    "settle_inbox",
    "stop_link",
    "store_receipt",
    "waiting_cases",
    "waiting_loose",
]
