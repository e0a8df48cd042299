"""The drawing library that pages carry: Plotly's own build for finance, packed.

Plotly's Python package brings only the whole library, 4.8 MB. This build has all that the figures need (lines, bars,
candles) in a quarter of that. A newer one, of the major version for which the Python package writes figures, is
`plotly-finance.min.js` of the npm package `plotly.js-finance-dist-min`, packed by ``gzip -9 -n``.
"""

from __future__ import annotations

import base64
from importlib.resources import files

VERSION = "4.1.0"
FILE_NAME = f"plotly-finance-{VERSION}.min.js.gz"


def packed_library() -> str:
    """Return the library for a page to unpack: base64 of gzip, about 0.6 MB.

    Returns
    -------
    str
        ASCII, without what would end a script.
    """
    return base64.b64encode((files("results") / "report" / "vendor" / FILE_NAME).read_bytes()).decode("ascii")
