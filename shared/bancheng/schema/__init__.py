"""The contract: events of a case, messages between tiers, published documents, ids and subjects.

Owns every versioned shape that is stored or sent, and is the only place where a NATS subject is spelled.
Must not know rules, storage or transport; imports the standard library and msgspec only.
"""
