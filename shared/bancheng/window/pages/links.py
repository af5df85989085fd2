"""The board of links: how far each neighbour is, and why one waits."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency

from bancheng.window.api.directory import link_view
from bancheng.window.error_texts import text_for
from bancheng.window.pages.places import site_name
from bancheng.window.pages.session import page_context
from bancheng.window.requests import StaffRequest, language_of
from bancheng.window.window import Window


@get("/links", include_in_schema=False)
async def links_page(request: StaffRequest, window: NamedDependency[Window]) -> Response[str]:
    """Each link of this site, with the reason in words."""
    identity, language = request.user, language_of(request)
    links = [link_view(status) for status in await window.parts.links(identity.tenant)]
    reasons = {each.peer: text_for(each.reason, language) for each in links if each.reason}
    hosted = identity.site
    jurisdiction, profile = hosted.jurisdiction, hosted.current_profile()
    names = {
        site: site_name(jurisdiction, profile, site, language) for site in (hosted.site, *(each.peer for each in links))
    }
    context = {**page_context(identity), "links": links, "reasons": reasons, "names": names, "site": hosted.site}
    template = "_links.html" if request.headers.get("hx-request") else "links.html"
    return window.renderer.page(template, language, context)


ROUTES = [links_page]
