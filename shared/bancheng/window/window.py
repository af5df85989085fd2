"""What the handlers of one process share: the parts it was given, sign-in, and the questions it answers.

Owns putting these together. A plain class, so that the framework passes it on without looking inside.
"""

from __future__ import annotations

from bancheng.window.parts import WindowParts
from bancheng.window.queries import Queries
from bancheng.window.sign_in import SignIn


class Window:
    """One for a process, made with its application."""

    def __init__(self, parts: WindowParts) -> None:
        self.parts = parts
        self.hosting = parts.hosting
        self.sign_in = SignIn(parts.hosting, parts.limits)
        self.queries = Queries(parts.hosting)
