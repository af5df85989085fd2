"""The shared tables' migrations (branch `bancheng`) and how any branch is run.

Owns `versions/` and `env.py`. A service adds its own branch in a folder of its own and passes that folder in.
"""
