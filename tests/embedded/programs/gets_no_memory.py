"""Is allowed less memory than its libraries take."""

import resource

resource.setrlimit(resource.RLIMIT_AS, (150_000_000, 150_000_000))
import numpy  # noqa: E402, F401 - that is what fails
import polars  # noqa: E402, F401 - or this
