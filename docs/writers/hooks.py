"""Two things mkdocs does not do: the members' READMEs become pages, and links that leave the site become text.

A link is written for readers of the file in the repository; here it is rewritten for the page the file becomes. A
link to nothing is a warning, which ends a strict build.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
#: Where the README of `services/candles` is on the site: reference/services/candles.md
PAGES = {
    str(path.relative_to(ROOT)): f"reference/{path.parent.relative_to(ROOT)}.md"
    for folder in ("packages", "services")
    for path in sorted((ROOT / folder).glob("*/README.md"))
}
SOURCES = {page: source for source, page in PAGES.items()}
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")

log = logging.getLogger("mkdocs.hooks.site")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add a page for each member to the reference."""
    for title, folder in (("Services", "services"), ("Packages", "packages")):
        pages = [{Path(page).stem: page} for page in PAGES.values() if page.startswith(f"reference/{folder}/")]
        reference = next(part["Reference"] for part in config.nav if "Reference" in part)
        if {title: pages} not in reference:
            reference.append({title: pages})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the members' READMEs to the pages."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrite the links of a page from its place in the repository to its place on the site."""
    uri = page.file.src_uri
    return LINK.sub(lambda link: _rewritten(link, uri), markdown)


def _rewritten(link: re.Match[str], uri: str) -> str:
    target, source = link["target"], SOURCES.get(uri, f"docs/{uri}")
    if "://" in target or target.startswith("mailto:"):
        return link[0]
    meant = os.path.normpath(os.path.join(os.path.dirname(source), target))  # noqa: PTH118, PTH120 - it is no file yet
    if not (ROOT / meant).exists():
        log.warning("%s links to %s, and there is no %s", source, target, meant)
    wanted = PAGES.get(meant) or (meant.removeprefix("docs/") if meant.startswith("docs/") else None)
    if wanted is None:
        return link["text"] if link["text"].startswith("`") else f"{link['text']} (`{meant}`)"
    path = os.path.relpath(wanted, os.path.dirname(uri))  # noqa: PTH120
    return f"{link['image']}[{link['text']}]({path}{link['anchor'] or ''})"
