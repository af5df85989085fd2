"""What the village, town and county services share.

Owns the contract, the rules, the store, the link between tiers, what every window does, and how a service is started.
Must not know any one service: a tier's difference is passed in, never asked for.
"""
