"""Prove each member's dependencies: `make members`.

Each member is installed alone, from the lock file, into an environment that holds nothing else; all its modules are
imported there and, if it is a service, its topology test is run. What only works because another member happens to be
installed fails here. Serving must not need what trains: predictions is checked once without its extras as well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from multiprocessing.pool import ThreadPool
from pathlib import Path
from queue import SimpleQueue

from tests.support.workspace import ROOT, Member, members

TEST_TOOLS = ("pytest", "pytest-timeout", "hypothesis")
#: What a member's tests need and the member does not; installed after its modules were imported without it.
TESTS_NEED = {
    "gateway": ("./services/execution",),  # it makes the orders, and books what became of them
    "predictions": ("TA-Lib", "./services/training"),  # the model that is served is trained first
    "trades": ("aiohttp", "pydantic-settings"),
}
QUICK = "not slow and not long and not torch"
#: Of a topology test: `make test` runs all of it, and a package that is missing is missed by the first ones.
TESTS_OF_EACH = 3
#: How many are checked at a time: each installs, imports and tests in processes of its own.
AT_A_TIME = 2
#: Left to the tests of the whole environment: PyTorch takes 5 GB for each environment it is in.
LARGE_EXTRAS = ("torch",)
#: Import names that are not the distribution's name.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "pydantic_settings": "pydantic-settings"}
#: Imports every module of a package; one may be missing only what an extra that is not installed would bring.
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
of_extras = set(sys.argv[2].split(","))
distributions = dict(pair.split("=") for pair in sys.argv[3].split(","))
waiting, imported = set(), 0
def missing(error):
    top = (error.name or "").split(".")[0]
    return distributions.get(top, top)
def note(name):
    error = sys.exc_info()[1]
    if not isinstance(error, ModuleNotFoundError) or missing(error) not in of_extras:
        raise error
    waiting.add(name)
for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=note):
    if module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
        imported += 1
    except ModuleNotFoundError:
        note(module.name)
print(f"{imported} modules imported" + (f", {len(waiting)} wait for an extra" if waiting else ""))
"""


class CheckFailedError(Exception):
    """A command of a check did not end with 0; what it printed."""


def uv() -> str:
    """Return the uv in use: the one on the path, else the Makefile's own."""
    return shutil.which("uv") or str(ROOT / ".tools/bin/uv")


def run(*command: str, environment: Path) -> str:
    """Run a command against one environment and return what it printed."""
    variables = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment), "VIRTUAL_ENV": str(environment)}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        # Not SystemExit: a pool's thread that it ends is never heard of, and who waits for its answer waits for ever.
        raise CheckFailedError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def extras_of(member: Member) -> dict[str, list[str]]:
    """Return the member's extras and the distributions each brings, those of other members' extras among them."""
    declared = member.project["project"].get("optional-dependencies", {})
    return {name: [each for entry in entries for each in _brought_by(entry)] for name, entries in declared.items()}


def _brought_by(entry: str) -> list[str]:
    found = re.match(r"([\w.-]+)(?:\[([\w,-]+)\])?", entry)
    assert found is not None, entry
    distribution, extras = found.groups()
    brought = [distribution]
    for member in members():
        if f"tradestream-{member.name}" == distribution and extras:
            brought += [each for extra in extras.split(",") for each in extras_of(member)[extra]]
    return brought


def check(member: Member, extras: tuple[str, ...], test: bool, environment: Path) -> str:
    """Install `member` alone with some of its extras, import it, run its topology test if asked; say how it went.

    What the environment held before and the member does not need is removed from it.
    """
    of_extras = {name for extra, names in extras_of(member).items() if extra not in extras for name in names} or {"-"}
    python = str(environment / "bin/python")
    chosen = [f"--extra={name}" for name in extras]
    package = f"tradestream-{member.name}"
    run(
        uv(),
        "sync",
        "--frozen",
        "--exact",
        "--quiet",
        "--no-dev",
        "--package",
        package,
        *chosen,
        environment=environment,
    )
    names = ",".join(f"{name}={distribution}" for name, distribution in DISTRIBUTIONS.items())
    imported = run(python, "-c", IMPORT_ALL, member.name, ",".join(of_extras), names, environment=environment)
    tested = run_topology_test(member, environment) if test else ""
    return f"{member.name:12} {', '.join(extras) or 'no extras':18} {imported:44} {tested}"


def run_topology_test(member: Member, environment: Path) -> str:
    """Run the member's topology test in an environment and return pytest's last line."""
    tests = sorted((ROOT / "tests" / member.name).glob("test_*topology*.py"))
    if not tests:  # a job has no topology
        return ""
    python = str(environment / "bin/python")
    run(
        uv(),
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        *TEST_TOOLS,
        *TESTS_NEED.get(member.name, ()),
        environment=environment,
    )
    options = ("-m", QUICK, "--at-most", str(TESTS_OF_EACH))
    return run(python, "-m", "pytest", *options, *map(str, tests), environment=environment).splitlines()[-1]


def main() -> None:
    """Check every member, or those named on the command line; the first that fails ends it."""
    wanted = [member for member in members() if member.name in sys.argv[1:] or len(sys.argv) == 1]
    checks: list[tuple[Member, tuple[str, ...], bool]] = []
    for member in wanted:
        quick_extras = tuple(name for name in extras_of(member) if name not in LARGE_EXTRAS)
        checks += [(member, (), False)] if quick_extras else []
        checks += [(member, quick_extras, member.is_service)]
    # Where one fails the other is still at it: its files are in the way, and no news.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ThreadPool(AT_A_TIME) as pool:
        # Used again and again: what several members need is installed, and compiled, once.
        idle = SimpleQueue[Path]()
        for number in range(AT_A_TIME):
            idle.put(Path(folder, str(number)))

        def checked(each: tuple[Member, tuple[str, ...], bool]) -> str:
            environment = idle.get()
            try:
                return check(*each, environment)
            finally:
                idle.put(environment)

        try:
            for line in pool.imap(checked, checks):
                print(line, flush=True)
        except CheckFailedError as error:
            raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
