"""A supervisor with two processes: writes their pids down and waits."""

import sys
from pathlib import Path

from embedded.errors import StopRequestedError
from embedded.process import ProcessSpec
from embedded.supervisor import Supervisor

folder, pids = Path(sys.argv[1]), Path(sys.argv[2])
path = {"PYTHONPATH": str(Path(__file__).parent)}
supervisor = Supervisor(folder / "logs")
try:
    with supervisor.running():
        started = [supervisor.start(ProcessSpec(name, ("stays",), path)) for name in ("one", "two")]
        supervisor.wait_until(lambda: all("here" in process.last_lines() for process in started))
        pids.write_text(" ".join(str(process.pid) for process in started))
        supervisor.wait_until(lambda: False)
except StopRequestedError:
    sys.exit(130)
