"""The JSON API: thin handlers that parse, call a use case or a query, and answer.

Must not know SQL, signatures, links or rules.
"""
