"""Alembic's entry: runs on the connection that `store.schema_changes` opened, locked and gave time-outs.

Owns nothing else: there is no offline mode and no alembic.ini.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transaction_per_migration=True,
)
# Each migration commits by itself: locks are short, and a long chain that stops has kept what it did.
with context.begin_transaction():
    context.run_migrations()
