"""The plain pages: sign in, list, register, one case, links. Chinese first, English complete.

Thin: each reads the request, calls a use case or a query, and renders a template. No HTML is built in Python. Must not
know SQL, signatures, links or rules.
"""
