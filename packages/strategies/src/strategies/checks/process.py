"""What a strategy says in another process: ``python -m strategies.checks.process`` prints a digest of its targets."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from contracts.errors import TradestreamError
from strategies.checks.markets import made_up, with_given
from strategies.formulas import formulas_of
from strategies.loading import StrategyFile, load
from strategies.running import targets

_BARS = 3_000


def differs_between_processes(file: StrategyFile, given: Mapping[str, object]) -> str | None:
    """Run a strategy in two processes that order sets differently.

    Returns
    -------
    str | None
        What is wrong.
    """
    command = [sys.executable, "-m", "strategies.checks.process", str(file.path), json.dumps(given)]
    started = [
        # Nothing of this process's environment: it could decide what the strategy says.
        subprocess.Popen(command, env={"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for seed in ("1", "2")
    ]
    ended = [process.communicate() for process in started]
    for process, (_, complaint) in zip(started, ended, strict=True):
        if process.returncode:
            lines = complaint.decode(errors="replace").strip().splitlines()
            raise TradestreamError(f"another process could not run it: {lines[-1] if lines else 'it said nothing'}")
    digests = {said for said, _ in ended}
    return None if len(digests) == 1 else "other targets in another process: does it go through a set?"


def digest(file: StrategyFile, given: Mapping[str, object]) -> str:
    """Return a digest of all that a strategy says of made-up markets.

    Returns
    -------
    str
        Hexadecimal.
    """
    strategy = file.made(given)
    formulas = formulas_of(strategy)
    found = hashlib.sha256()
    for market in made_up(_BARS):
        rows = with_given(market, formulas.asked, formulas.models).rows
        found.update(np.nan_to_num(targets(strategy, rows), nan=9.0).tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):  # what the file prints is not what it says
        said = digest(load(Path(sys.argv[1])), json.loads(sys.argv[2]))
    sys.stdout.write(said)
