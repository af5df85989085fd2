"""PostgreSQL: tables, event store, outbox and inbox, unit of work, row-level security, shared migrations.

Owns every SQL statement of the shared tables. Must not know NATS, pages or which tier it serves.
"""
