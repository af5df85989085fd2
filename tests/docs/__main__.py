"""`python -m tests.docs`: write the generated pages of docs/ anew."""

from __future__ import annotations

from tests.docs.pages import PAGES, write_pages

written = write_pages()
for page in PAGES:
    print(f"docs/{page}: {'written' if page in written else 'unchanged'}")
