"""The scan of `make lint` finds a secret of each kind, and what scripts make stays out of git."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from tests.security.secrets import GONE, found, problems, reviewed
from tests.support.workspace import ROOT

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


def test_a_planted_secret_of_each_kind_is_found_and_told_until_it_is_reviewed(tmp_path: Path) -> None:
    for number, text in enumerate(PLANTED.values()):
        (tmp_path / f"settings{number}.yaml").write_text(f"{text}\n", encoding="utf-8")
    secrets = found([path.name for path in tmp_path.iterdir()], tmp_path)
    assert {kind for _, kind, _ in secrets} >= set(PLANTED)
    assert len(problems(secrets, {})) == len(secrets)
    assert problems(secrets, secrets) == []


def test_what_is_reviewed_and_gone_is_told() -> None:
    known = reviewed()
    gone = min(known)
    assert problems({secret: line for secret, line in known.items() if secret != gone}, known) == [
        f"{gone[0]}:{known[gone]} {gone[1]}: {GONE}"
    ]


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
