"""The link between tiers over NATS: relay, intake, custody, receipts.

Owns how a committed event reaches the other side once and in order. Must not decide rules (the kernel does) nor know
pages; treats NATS as a pipe that may be wiped at any moment.
"""
