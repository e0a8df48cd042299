"""Prove each member's dependencies: `make members`.

Each member is installed alone, from the lock file, into an environment of its own; all its modules are imported there
and, if it is a service, its topology test is run. What only works because another member happens to be installed
fails here. Serving must not need what trains: predictions is checked once without its extras as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
from workspace import ROOT, Member, members

TEST_TOOLS = ("pytest", "pytest-timeout", "hypothesis")
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [package.__name__] + [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
skipped = [n for n in names if n.endswith("__main__") or n in sys.argv[2:]]
for name in names:
    if name not in skipped:
        importlib.import_module(name)
print(f"{len(names) - len(skipped)} modules imported")
"""
#: Modules that belong to an extra: they are imported when the extra is installed and not before.
OF_EXTRAS: dict[str, tuple[str, ...]] = {}


def uv() -> str:
    """Return the uv in use: the one on the path, else the Makefile's own."""
    return shutil.which("uv") or str(ROOT / ".tools/bin/uv")


def run(*command: str, environment: Path) -> str:
    """Run a command against one environment and return what it printed."""
    variables = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment), "VIRTUAL_ENV": str(environment)}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def extras_of(member: Member) -> tuple[str, ...]:
    """Return the extras that can be installed quickly: PyTorch is left to the whole environment's tests."""
    declared = member.project["project"].get("optional-dependencies", {})  # type: ignore[attr-defined]
    return tuple(f"--extra={name}" for name in declared if name != "torch")


def check(member: Member, extras: tuple[str, ...], skip: tuple[str, ...]) -> None:
    """Install `member` alone, import it and run its topology test."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder)
        python = str(environment / "bin/python")
        package = f"tradestream-{member.name}"
        run(uv(), "sync", "--frozen", "--quiet", "--no-dev", "--package", package, *extras, environment=environment)
        imported = run(python, "-c", IMPORT_ALL, member.name, *skip, environment=environment)
        topology = (
            sorted((ROOT / "tests" / member.name).glob("test_*topology*.py"))
            if member.is_service and extras_ok(member, extras)
            else []
        )
        tested = "no topology test here"
        if topology:
            run(uv(), "pip", "install", "--quiet", "--python", python, *TEST_TOOLS, environment=environment)
            tested = run(python, "-m", "pytest", "-q", *map(str, topology), environment=environment).splitlines()[-1]
    print(f"{member.name:12} {' '.join(extras) or 'no extras':22} {imported:24} {tested}", flush=True)


def extras_ok(member: Member, extras: tuple[str, ...]) -> bool:
    """Say whether the topology test can run: it wants every quick extra."""
    return extras == extras_of(member)


def main() -> None:
    """Check every member, or those named on the command line."""
    for member in members():
        if len(sys.argv) > 1 and member.name not in sys.argv[1:]:
            continue
        extras = extras_of(member)
        if extras:
            check(member, (), OF_EXTRAS.get(member.name, ()))
        check(member, extras, tuple(name for name in OF_EXTRAS.get(member.name, ()) if "torch" in name))


if __name__ == "__main__":
    main()
