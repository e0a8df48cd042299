#!/usr/bin/env python3
"""A release: `make release version=0.2.0`, and with `registry=` its images under that name.

A release is a commit of main whose `pyproject.toml` files and `CHANGELOG.md` name the version, with the tag `v0.2.0`.
Everything that is wrong is said at once; then lint and tests run, and only then is anything made. Run it again after
a failure: a tag that stands on this very commit is no obstacle. Standard library only.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BRANCH = "main"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def wrong(root: Path, version: str) -> Iterator[str]:
    """Yield everything that keeps a commit from being this release.

    Parameters
    ----------
    root
        The repository.
    version
        As it was asked for: `0.2.0`.
    """
    if not _VERSION.fullmatch(version):
        yield f"expected version= three numbers as in 0.2.0, was '{version}'"
        return
    if changed := git(root, "status", "--porcelain"):
        yield f"expected a clean tree, {len(changed.splitlines())} paths are changed: commit them first"
    branch = git(root, "branch", "--show-current")
    if branch != BRANCH:
        yield f"expected branch {BRANCH}, was '{branch}'"
    yield from _other_versions(root, version)
    if notes(root, version) is None:
        yield f"CHANGELOG.md: expected a heading '## {version}' with what is new under it"
    tagged = git(root, "rev-list", "--max-count=1", "--ignore-missing", f"refs/tags/v{version}")
    if tagged and tagged != git(root, "rev-parse", "HEAD"):
        yield f"v{version} is released already, as {tagged[:12]}: a tag is never moved, take the next number"


def _other_versions(root: Path, version: str) -> Iterator[str]:
    for file in (
        root / "pyproject.toml",
        *sorted(root.glob("packages/*/pyproject.toml")),
        *sorted(root.glob("services/*/pyproject.toml")),
    ):
        said = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
        if said != version:
            yield f'{file.relative_to(root)}: expected version = "{version}", was "{said}"'


def notes(root: Path, version: str) -> str | None:
    """Return what CHANGELOG.md says under the version's heading, or None if nothing does."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)}\b.*\n((?:(?!## ).*\n?)*)", text, re.MULTILINE)
    return (found[1].strip() or None) if found else None


def release(root: Path, version: str, registry: str) -> None:
    """Run lint and tests, tag the commit, and push the images if a registry is given."""
    run(root, "make", "lint", "test")
    tag = f"v{version}"
    if not git(root, "tag", "--list", tag):
        run(
            root,
            "git",
            "tag",
            "--annotate",
            "--cleanup=verbatim",
            "--message",
            f"Tradestream {version}\n\n{notes(root, version)}",
            tag,
        )
    if registry:
        run(root, "make", "build-and-push", "service=all", f"registry={registry}", f"tag={tag}")
    print(
        f"{tag} is {git(root, 'rev-parse', '--short', 'HEAD')}. For all: git push origin {BRANCH} {tag}", flush=True
    )


def git(root: Path, *arguments: str) -> str:
    """Return what git says."""
    done = subprocess.run(("git", *arguments), cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run(root: Path, *command: str) -> None:
    """Run a command; it is shown by its first line."""
    print("+ " + " ".join(command).splitlines()[0], flush=True)
    subprocess.run(command, cwd=root, check=True)


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Release, or say what is wrong: then nothing was made, and the exit code is 2; 1 if a step failed."""
    parser = argparse.ArgumentParser(prog="release.py", description=__doc__.split("\n")[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--registry", default="")
    asked = parser.parse_args(arguments)
    if complaints := list(wrong(root, asked.version)):
        print("\n".join(complaints), file=sys.stderr)
        return 2
    try:
        release(root, asked.version, asked.registry)
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd[:3])} failed: v{asked.version} is not released", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
