"""The village window: outreach, help bookings, zero reports, offline registration.

Owns what only a village does. Must not know the town or the county service; speaks to them through the link alone.
"""
