"""`make dashboards-lint`: Grafana's own dashboard-linter over the written dashboards, where it is installed.

Without it the rules that it publishes are tests all the same: tests/observability/test_linter_rules.py.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.observability.rule_files import DASHBOARDS

_LINTER = "dashboard-linter"


def main() -> int:
    """Return 0 if it finds nothing or is not installed, 1 if it finds something."""
    linter = shutil.which(_LINTER)
    if linter is None:
        print(f"{_LINTER} is not installed (github.com/grafana/{_LINTER}): its rules are asked by `make test` alone")
        return 0
    found = 0
    for file in sorted(DASHBOARDS.glob("*.json")):
        command = [linter, "lint", "--strict", f"--config={DASHBOARDS / '.lint'}", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found |= done.returncode != 0
        print(f"{file.name}: {'ok' if not done.returncode else done.stdout + done.stderr}")
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
