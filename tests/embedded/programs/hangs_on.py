"""Supervises a process on a terminal until it is asked to stop; then prints, and writes down that it could."""

import sys
from pathlib import Path

from embedded.errors import StopRequestedError
from embedded.process import ProcessSpec
from embedded.restart_policy import RestartPolicy
from embedded.supervisor import Supervisor

folder = Path(sys.argv[1])
supervisor = Supervisor(folder / "logs", RestartPolicy(), grace_s=5)
try:
    with supervisor.running():
        process = supervisor.start(ProcessSpec("stays", ("stays",), {"PYTHONPATH": str(Path(__file__).parent)}))
        supervisor.wait_until(lambda: "here" in "\n".join(process.last_lines()))
        (folder / "pid").write_text(str(process.pid))
        supervisor.wait_until(lambda: False)
except StopRequestedError:
    print("stopped", flush=True)
    (folder / "results").write_text(str(process.exit_code))
