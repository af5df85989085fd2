"""The rules, pure: case, commands, decide, evolve, clocks, calendar and profile.

Owns what may happen to a case and when. Must not read a clock, a random source, a file, a database or a network;
imports the standard library, msgspec and schema only.
"""
