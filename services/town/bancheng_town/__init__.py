"""The town window: arrivals, matters sent down, villages side by side.

Owns what only a town does. Must not know the village or the county service; speaks to them through the link alone.
"""
