"""No secret is in git: detect-secrets over every file that git knows, beside what was looked at and is none."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings
from tests.support.workspace import ROOT

REVIEWED = ROOT / ".secrets.baseline"
HOW = "take it out; what is none is added by `uv run detect-secrets scan --baseline .secrets.baseline`"
_BODY = base64.b64encode(hashlib.sha512(b"no key").digest()).decode()
#: One of each kind; none opens anything.
PLANTED = {
    "AWS Access Key": "key = 'AKIAQHTZ7M3PX5V2LW9J'",  # pragma: allowlist secret
    "Private Key": f"-----BEGIN PRIVATE KEY-----\n{_BODY}\n-----END PRIVATE KEY-----",  # pragma: allowlist secret
    "GitHub Token": "token: ghp_Jb2kR8xQ4mZ7vT1nW5yL9cF3hD6gS0pA2eU8",  # pragma: allowlist secret
    "Basic Auth Credentials": "postgresql://trader:Vw8kq2Zr@db.internal:5432/store",  # pragma: allowlist secret
    "Secret Keyword": "TRADESTREAM_SASL_PASSWORD: 'c7Qz41xWm9Lp'",  # pragma: allowlist secret
    "Hex High Entropy String": "seal = '9f3c1ab87d2e4056c8e1f7a90b3d6245'",  # pragma: allowlist secret
}


def found(files: Iterable[Path | str], root: Path = ROOT) -> set[tuple[str, str, str]]:
    """Return (file, kind, hash) of what looks like a secret, line numbers left out: lines above may come and go."""
    with transient_settings(json.loads(REVIEWED.read_text(encoding="utf-8"))):
        secrets = SecretsCollection(root=str(root))
        secrets.scan_files(*(str(file) for file in files), num_processors=2)
    return {(name, secret.type, secret.secret_hash) for name, secret in secrets}


def reviewed() -> set[tuple[str, str, str]]:
    collection = SecretsCollection.load_from_baseline(baseline.load_from_file(str(REVIEWED)))
    return {(name, secret.type, secret.secret_hash) for name, secret in collection}


def known_to_git() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_a_secret_that_nobody_has_looked_at() -> None:
    secrets = found(known_to_git())
    assert not secrets - reviewed(), HOW
    assert not reviewed() - secrets, "reviewed, and gone from the file: take it out of .secrets.baseline"


def test_a_planted_secret_of_each_kind_is_found(tmp_path: Path) -> None:
    for number, text in enumerate(PLANTED.values()):
        (tmp_path / f"settings{number}.yaml").write_text(f"{text}\n", encoding="utf-8")
    kinds = {kind for _, kind, _ in found([path.name for path in tmp_path.iterdir()], tmp_path)}
    assert kinds >= set(PLANTED)


def test_secrets_that_scripts_make_stay_out_of_git() -> None:
    """The folders that hold passwords and keys of a local Kafka, and local.env."""
    names = [
        "data/kafka-secure/secrets/users/operator.env",
        "local.env",
        "services/trades/local.env",
        "runs/x/key.pem",
    ]
    done = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode > 1:
        pytest.skip("needs a git checkout")
    assert done.stdout.split() == names
