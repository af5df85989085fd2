"""What every window does: use cases, queries, thin pages and API, templates, static files, sign-in.

Owns the way people and programs work with cases. Must not know which service it runs in, nor spell SQL of its own
tables outside the store, nor a NATS subject.
"""
