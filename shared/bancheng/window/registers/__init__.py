"""The registers of a tenant beside its cases: units, entrustments, matters, liaisons, reports.

Each module owns the use cases of one register: who may change it, what is refused, what is recorded.
"""
