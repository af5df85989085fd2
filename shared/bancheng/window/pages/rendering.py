"""Templates to pages: one environment for each language, a tier's own templates before the shared ones.

Owns what every template may use (names of things, local times) and the headers of every page. Must not know what is
shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Response
from litestar.enums import MediaType

from bancheng.kernel.profile_parts import Text
from bancheng.window.error_texts import Language
from bancheng.window.pages.catalogue import translations, word
from bancheng.window.tier_window import TierWindow

SECURITY: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Renderer:
    """The templates of one window."""

    def __init__(self, tier: TierWindow) -> None:
        shared = Path(str(files("bancheng.window"))) / "templates"
        folders = [*tier.template_directories, shared]
        self._tier = tier
        self._environments = {language: self._environment(language, folders) for language in ("zh", "en")}

    def _environment(self, language: Language, folders: list[Path]) -> Environment:
        environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        said = translations(language)
        install: Any = getattr(environment, "install_gettext_callables")  # noqa: B009 - the extension adds it
        install(said.gettext, said.ngettext, newstyle=True, pgettext=said.pgettext, npgettext=said.npgettext)

        def word_of(group: str, key: object) -> str:
            return word(language, group, str(key))

        def text_of(text: Text) -> str:
            return text.zh if language == "zh" else text.en

        names: dict[str, Any] = environment.globals
        names.update(language=language, word=word_of, text=text_of, tier_name=text_of(self._tier.name))
        filters: dict[str, Any] = environment.filters  # pyright: ignore[reportAssignmentType]  typed by its defaults
        filters.update(at=_local_time, day=_local_day)
        return environment

    def html(self, template: str, language: Language, context: Mapping[str, object]) -> str:
        return self._environments[language].get_template(template).render(context)

    def page(
        self, template: str, language: Language, context: Mapping[str, object], *, status: int = 200
    ) -> Response[str]:
        """Never kept by a browser or proxy: what is on it is for one member of staff."""
        headers = {**SECURITY, "Content-Language": language}
        return Response(
            self.html(template, language, context), status_code=status, media_type=MediaType.HTML, headers=headers
        )


@pass_context
def _local_time(context: Context, instant: datetime) -> str:
    """`2026-03-02 10:00` where the tenant is."""
    calendar: Any = context["calendar"]
    local: datetime = calendar.local(instant)
    return local.strftime("%Y-%m-%d %H:%M")


@pass_context
def _local_day(context: Context, day: date) -> str:
    """`2026-03-02 周一`."""
    word_of: Any = context["word"]
    return f"{day.isoformat()} {word_of('weekday', day.weekday())}"
