"""The village service's own branch of the schema, beside the shared one.

Owns the tables of this service alone. Must not touch a shared table.
"""
