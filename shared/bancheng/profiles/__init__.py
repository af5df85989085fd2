"""The shipped rule profiles and their loader.

Owns the default limits, ladders and words of each tenant type as data. Must not know storage or transport; speaks the
kernel's profile types only.
"""
