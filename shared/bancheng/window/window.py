"""What the handlers of one process share: the parts it was given, sign-in, the questions it answers and
its templates.

Owns putting these together. A plain class, so that the framework passes it on without looking inside.
"""

from __future__ import annotations

from bancheng.window.identity import Identity
from bancheng.window.pages.rendering import Renderer
from bancheng.window.paper_intake import UploadTurns
from bancheng.window.parts import WindowParts
from bancheng.window.queries import Queries
from bancheng.window.rate_limits import RateLimit
from bancheng.window.sign_in import SignIn


class Window:
    """One for a process, made with its application."""

    def __init__(self, parts: WindowParts) -> None:
        self.parts = parts
        self.hosting = parts.hosting
        self.sign_in = SignIn(parts.hosting, parts.limits)
        self.queries = Queries(parts.hosting)
        self.renderer = Renderer(parts.tier)
        self._uploads = RateLimit(parts.limits.uploads, remembered=parts.limits.remembered_keys)
        self.upload_turns = UploadTurns()

    def limit_uploads(self, identity: Identity) -> None:
        """Before a file or a whole book of rules is read. Raises ApiError `api.rate_limited`."""
        self._uploads.take(f"{identity.tenant}/{identity.staff_id}")
