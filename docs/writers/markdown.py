"""Tables and marked parts of Markdown pages."""

from __future__ import annotations

import re
from collections.abc import Iterable

BEGIN = "<!-- Written by `make docs-pages`; change what is outside of these marks only. -->"
END = "<!-- End of what is written. -->"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table; a bar inside a cell stays one."""
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    head = list(head)
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells)]


def code(text: str) -> str:
    """Return `text` as code, nothing where there is none."""
    return f"`{text}`" if text else ""


def marked(text: str) -> str:
    """Return `text` with words in angle brackets as code, which a page would take for tags.

    Examples
    --------
    >>> marked("a folder; <data_dir>/history")
    'a folder; `<data_dir>/history`'
    """
    return re.sub(r"[^\s;,()]*<[^\s;,()]+", lambda word: f"`{word[0]}`", text)


def filled(page: str, lines: Iterable[str]) -> str:
    """Return `page` with `lines` between the marks, the rest of it as it was.

    Raises
    ------
    ValueError
        If the page lacks a mark.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected a page with the lines {BEGIN} and {END}")
    return "\n".join([before + BEGIN, "", *lines, "", END + after])
