"""What can go wrong while all services run on one machine."""

from __future__ import annotations

from contracts.counted import counted
from contracts.errors import TradestreamError

#: Answers Ctrl-C where no process has been started yet.
STOPPED_EARLY = "stopped before anything was started"


class StopRequestedError(TradestreamError):
    """Ctrl-C or SIGTERM: not a fault, the run ends here.

    Parameters
    ----------
    words
        What a person is told.
    """

    def __init__(self, words: str = "stopped: all services have ended, nothing is left running") -> None:
        super().__init__(words)


class LostTradesError(TradestreamError):
    """A run is done and its results stand there, but too much of its input is not in them.

    Parameters
    ----------
    lost, share
        How many trades, and which part of all.
    """

    def __init__(self, lost: int, share: float) -> None:
        trades = counted(lost, "trade is", "trades are")
        super().__init__(f"{trades} lost, {share:.1%} of all: the results are not those of this market")


class ProcessFailedError(TradestreamError):
    """A process cannot be kept alive; carries the end of its log.

    Parameters
    ----------
    name
        The process.
    problem
        What happened, in a sentence without a full stop.
    log_path, last_lines
        Where the rest stands, and its end.
    bad_setting
        Whether the process itself said that its settings are wrong.
    """

    def __init__(
        self, name: str, problem: str, log_path: object, last_lines: list[str], *, bad_setting: bool = False
    ) -> None:
        self.name = name
        self.problem = problem
        self.bad_setting = bad_setting
        self.last_lines = last_lines
        tail = "".join(f"\n    {line}" for line in last_lines)
        super().__init__(f"{name}: {problem}. The last lines of {log_path}:{tail}")
