"""How a service is started: settings, composition, logging, metrics, tracing, the `bancheng` command.

Owns the joining of everything else, and the launcher of local servers for development, demo and tests. Nothing in
bancheng imports it; only the composition root of a service does.
"""
