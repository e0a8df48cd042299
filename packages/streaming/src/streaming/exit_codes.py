"""How a process of the product tells, by its exit code, how it ended."""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_SETTINGS = 2
