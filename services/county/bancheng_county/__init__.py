"""The county window: triage, consultation, dispatch, supervision, knowledge, analysis, publishing.

Owns what only a county does. Must not know the village or the town service; speaks to them through the link alone.
"""
