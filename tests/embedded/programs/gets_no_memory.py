"""Is allowed less memory than it asks for."""

import resource

resource.setrlimit(resource.RLIMIT_AS, (500_000_000, 500_000_000))
bytearray(1_000_000_000)
