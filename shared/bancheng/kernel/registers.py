"""What a site is given beside directory, rules and calendar: the registers that its top tier publishes.

Owns the list of them.
"""

from __future__ import annotations

import msgspec

from bancheng.kernel.catalogue import Catalogue
from bancheng.kernel.entrustments import Entrustments


class Registers(msgspec.Struct, frozen=True, kw_only=True):
    """Empty until something was published."""

    entrustments: Entrustments = Entrustments()
    catalogue: Catalogue = Catalogue()
