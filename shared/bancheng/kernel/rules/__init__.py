"""The rules, one module for each part of a case's life. `decide` is their only caller.

Own what may happen and what follows; must not know storage, transport, pages or the time of day.
"""
