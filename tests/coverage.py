"""What product code the tests run, by lines and branches, in all processes: `make coverage`.

With `--long` the long tests follow, and the difference that they make is told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys

from tests.support.workspace import ROOT

FOLDER = ROOT / ".coverage"
#: The short suite may miss so much of what all tests run.
ALLOWED_POINTS = 2.0


def coverage(*arguments: str, data: str) -> int:
    """Run the coverage command on one data file."""
    return subprocess.run(
        [sys.executable, "-m", "coverage", *arguments],
        cwd=ROOT,
        env=os.environ | {"COVERAGE_FILE": str(FOLDER / data)},
        check=False,
    ).returncode


def run(suite: str, marked: str, options: list[str]) -> int:
    """Run a suite and gather what its processes wrote into the file `suite`."""
    code = coverage("run", "-m", "pytest", "-m", marked, *options, data=suite)
    coverage("combine", "--quiet", *map(str, FOLDER.glob(f"{suite}.*")), data=suite)
    return code


def shares(data: str) -> dict[str, float]:
    """Return the percentages of a data file."""
    coverage("json", "--quiet", "-o", str(FOLDER / f"{data}.json"), data=data)
    totals = json.loads((FOLDER / f"{data}.json").read_text(encoding="utf-8"))["totals"]
    return {
        "lines": 100 * totals["covered_lines"] / totals["num_statements"],
        "branches": 100 * totals["covered_branches"] / totals["num_branches"],
    }


def main() -> int:
    """Run the short suite, or both, and print what they cover."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    told, options = parser.parse_known_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    code = run("short", "not long", options)
    coverage("report", "--skip-covered", "--sort=miss", data="short")
    short = shares("short")
    print("".join(f"\nmake test: {share:.1f} % of {what}" for what, share in short.items()))
    if not told.long:
        return code
    code = max(code, run("long", "long", options))
    coverage("combine", "--quiet", "--keep", str(FOLDER / "short"), str(FOLDER / "long"), data="whole")
    for what, share in shares("whole").items():
        print(f"make test-long: {share:.1f} % of {what}, {share - short[what]:.1f} points more")
        code = max(code, share - short[what] > ALLOWED_POINTS)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
