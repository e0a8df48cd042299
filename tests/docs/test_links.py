"""No link of a page in the repository is dead: the file is there, and so is the heading."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.support.workspace import ROOT

FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]
PAGES = [path for path in FILES if path.suffix == ".md"]
#: Pages are also named in comments, in docstrings and by the alerts.
NAMING = [
    path for path in FILES if path.suffix in {".py", ".yaml", ".md", ".sh", ".toml", ".mk"} or path.name == "Makefile"
]
LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges and mkdocs make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        meant = (page.parent / target).resolve() if target else page
        assert meant.exists(), f"a link to {target}"
        if anchor and meant.suffix == ".md":
            assert anchor in anchors(meant), f"a link to {target}#{anchor}"


def test_pages_that_are_named_in_passing_exist() -> None:
    for path in NAMING:
        for name in re.findall(r"(?<![\w/])docs/[\w/-]+\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{path.relative_to(ROOT)} names {name}"


def test_every_page_is_in_the_navigation() -> None:
    """Else the site is not built."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []
