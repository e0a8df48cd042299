"""How a process of the product tells, by its exit code, how it ended."""

EXIT_OK = 0
EXIT_FAILED = 1
#: Also of a command that was given what it cannot use.
EXIT_BAD_SETTINGS = 2
#: Training: there are too few warm rows; more history cures it.
EXIT_TOO_FEW_ROWS = 3
#: Predictions: no model has been promoted yet; training cures it.
EXIT_NO_MODEL = 4
#: Predictions: the promoted model was trained on other features or bars than this code serves; training cures it.
EXIT_UNSUITABLE_MODEL = 5
#: State or input would be lost: an operator has to say where to go on (`TRADESTREAM_GO_ON_AT`).
EXIT_WOULD_LOSE = 6
#: Stopped by a person: 128 and the number of SIGINT.
EXIT_STOPPED = 130
