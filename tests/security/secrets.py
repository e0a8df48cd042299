"""No secret is in git: `python -m tests.security.secrets` holds every file that git knows against .secrets.baseline.

The baseline lists what was looked at and is none. A part of `make lint`: what it finds is told before a long suite.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

# It reads this when it is imported: each line is asked once whether any plugin could find something, before it asks
# them all. Same secrets found, in less than half the time.
os.environ["DETECT_SECRETS_PERF_PREGATE"] = "1"

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings
from tests.support.workspace import ROOT

REVIEWED = ROOT / ".secrets.baseline"
HOW = "take it out; what is none is added by `uv run detect-secrets scan --baseline .secrets.baseline`"
GONE = "reviewed, and gone from the file; the same command takes it out of .secrets.baseline"

Secret = tuple[str, str, str]


def found(files: Iterable[Path | str], root: Path = ROOT) -> dict[Secret, int]:
    """Return (file, kind, hash) of what looks like a secret, each with the line it is on."""
    with transient_settings(json.loads(REVIEWED.read_text(encoding="utf-8"))):
        secrets = SecretsCollection(root=str(root))
        secrets.scan_files(*(str(file) for file in files), num_processors=2)
    return _by_hash(secrets)


def reviewed() -> dict[Secret, int]:
    return _by_hash(SecretsCollection.load_from_baseline(baseline.load_from_file(str(REVIEWED))))


def _by_hash(secrets: SecretsCollection) -> dict[Secret, int]:
    """Lines are told and not compared: those above may come and go."""
    return {(name, secret.type, secret.secret_hash): secret.line_number for name, secret in secrets}


def problems(secrets: dict[Secret, int], known: dict[Secret, int]) -> list[str]:
    """Return a line for each secret that is not known, and for each known one that is gone."""
    told = [(secret, secrets[secret], HOW) for secret in sorted(secrets.keys() - known.keys())]
    told += [(secret, known[secret], GONE) for secret in sorted(known.keys() - secrets.keys())]
    return [f"{name}:{line} {kind}: {what}" for (name, kind, _), line, what in told]


def known_to_git() -> list[str]:
    """Return the files of a checkout; none where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def main() -> int:
    """Print what nobody has looked at, and what is no longer there; return 1 if there is anything."""
    files = known_to_git()
    if not files:
        print("secrets: not a git checkout, nothing to look through")
        return 0
    told = problems(found(files), reviewed())
    print("\n".join([*told, f"secrets: {len(files)} files looked through, {len(told)} to look at"]))
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main())
