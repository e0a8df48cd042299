"""Names that files and folders may have, and that a shell, make, a URL, a pattern or a screen could read as more."""

from __future__ import annotations

NAMES = {
    "blank": "a b",
    "question": "a?b",
    "percent": "100%20",
    "hash": "a#b",
    "quote": "it's",
    "quotes": 'say "x"',
    "dollar": "$HOME",
    "dollars": "$$x",
    "call": "$(x) ${y}",
    "open": "$(",
    "colon": "a:b",
    "and": "a&b",
    "unicode": "größe 日本",
    "dash": "-rf",
    "option": "--help",
    "long": "x" * 200,
    "star": "a*b",
    "brackets": "[red]x[/red]",
    "tilde": "~root",
    "backslash": "a\\nb",
    "semicolon": "a;b|c",
    "backtick": "`id`",
    "braces": "{a,b}",
    "parentheses": "(x)",
    "bang": "!x",
    "equals": "a=b",
    "comma": "a,b",
    "dots": "..x..",
}
#: All of them that fit into one.
EVERYTHING = '-it\'s 100%20 #1? "$HOME" $(x & y): [red]größe*~;|`{(!=,\\'
