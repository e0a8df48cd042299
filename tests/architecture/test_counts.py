"""A count stands before its noun as people say it: "1 fill", never "1 fills"."""

from __future__ import annotations

import re

from tests.support.workspace import ROOT

#: A number that is computed, and behind it a word in the plural.
_PLURAL = re.compile(r"\{(?:count|len|sum)\((?:[^{}]*)\)\}(?: [a-z]+)? [a-z]+s\b")
#: What is never one, or no count of what follows.
REVIEWED = {
    'f"{len(options.files)} files"',
    "{len(FEATURES)} features",
    "{len(TOPICS)} topics",
    "<{len(formulas)} features>",
    "{len(digits)} digits",
    "{len(markets)} markets",
    "{len(columns)} columns, as in the first line",
    "{len(tables)} such lists",
    "{len(path.encode())} bytes",
}


def test_counts_go_through_counted() -> None:
    lines = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in ("packages", "services")
        for path in sorted((ROOT / folder).glob("*/src/**/*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _PLURAL.search(line)
    ]
    unseen = [line for line in lines if not any(each in line for each in REVIEWED)]
    assert unseen == [], "contracts.counted.counted says 1 fill, 2 fills"
    assert {each for each in REVIEWED if not any(each in line for line in lines)} == set(), "gone since"


def test_the_rule_finds_what_it_is_for() -> None:
    assert _PLURAL.search('f"{count(state.fills)} fills"') and _PLURAL.search('f"{len(x)} dead letters"')
    assert not _PLURAL.search("f\"{counted(state.fills, 'fill')}\"")
