"""The words of the pages in the reader's language, through gettext: Chinese is the source, English the catalogue.

Owns loading. The catalogue is read as it is written (.po) when the process starts, so nothing has to be compiled.
"""

from __future__ import annotations

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bancheng.window.error_texts import Language
from bancheng.window.pages.words import WORDS


@cache
def translations(language: Language) -> gettext.NullTranslations:
    """Chinese says what the source says."""
    if language == "zh":
        return gettext.NullTranslations()
    source = files("bancheng.window") / "locales" / language / "LC_MESSAGES" / "bancheng.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def word(language: Language, group: str, key: str) -> str:
    """The name of an identifier; one without a name stands for itself."""
    named = WORDS[group].get(key)
    return key if named is None else translations(language).pgettext(group, named)
