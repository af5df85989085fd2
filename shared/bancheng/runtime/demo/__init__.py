"""`bancheng demo`: everything on one machine, with two counties' stories, for somebody who wants to see it run.

Owns what a demonstration needs and production never has: invented units and staff with one known password, a domain
clock that runs fast, local servers from wheels. Nothing of the product imports it but the command that starts it.
"""
