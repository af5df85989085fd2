"""The ledgers of windows that this one replaces: read, shown as they would come in, and taken in (PA-R3)."""
