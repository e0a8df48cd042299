"""`make release`: what keeps a commit from being one, and what is made in which order."""

import subprocess
from pathlib import Path

import pytest
import release
from tests.deployments.planted_faults import _programs

MEMBER = "packages/one/pyproject.toml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clean main whose files name 0.2.0."""
    (tmp_path / "packages/one").mkdir(parents=True)
    for name in ("pyproject.toml", MEMBER):
        (tmp_path / name).write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 0.2.0\n\n- New.\n\n## 0.1.0\n\n- Old.\n"
    )
    for words in (
        ("init", "-q", "-b", "main"),
        ("config", "user.name", "a"),
        ("config", "user.email", "a@example.org"),
    ):
        release.git(tmp_path, *words)
    _commit(tmp_path)
    return tmp_path


def _commit(root: Path) -> None:
    release.git(root, "add", "-A")
    release.git(root, "commit", "-qm", "more", "--allow-empty")


def test_a_release_is_checked_tagged_and_pushed_in_this_order(repository: Path) -> None:
    with _programs(make="") as calls:
        assert release.main(["--version", "0.2.0", "--registry", "ghcr.io/me"], repository) == 0
        assert release.main(["--version", "0.2.0", "--registry", ""], repository) == 0, "again on the same commit"
        said = calls.read_text().splitlines()
    assert said == [
        "make lint test",
        "make build-and-push service=all registry=ghcr.io/me tag=v0.2.0",
        "make lint test",
    ]
    assert release.git(repository, "cat-file", "-t", "v0.2.0") == "tag"
    assert release.git(repository, "tag", "--list", "--format=%(contents)", "v0.2.0") == "Tradestream 0.2.0\n\n- New."


def test_tests_that_fail_leave_no_tag(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _programs(make="exit 1"):
        assert release.main(["--version", "0.2.0"], repository) == 1
    assert not release.git(repository, "tag")
    assert "make lint test failed: v0.2.0 is not released" in capsys.readouterr().err


def _untidy(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0\n\n- More.\n")


def _aside(root: Path) -> None:
    release.git(root, "checkout", "-qb", "aside")


def _member(root: Path) -> None:
    (root / MEMBER).write_text('[project]\nversion = "0.1.0"\n')
    _commit(root)


def _untold(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 0.2.0\n\n## 0.1.0\n\n- Old.\n")
    _commit(root)


def _taken(root: Path) -> None:
    release.git(root, "tag", "v0.2.0")
    _commit(root)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_untidy, "expected a clean tree, 1 paths are changed"),
        (_aside, "expected branch main, was 'aside'"),
        (_member, f'{MEMBER}: expected version = "0.2.0", was "0.1.0"'),
        (_untold, "expected a heading '## 0.2.0' with what is new under it"),
        (_taken, "v0.2.0 is released already"),
    ],
)
def test_what_is_no_release_is_said_before_anything_runs(repository: Path, spoil, said: str, capsys) -> None:
    spoil(repository)
    with _programs(make="") as calls:
        assert release.main(["--version", "0.2.0"], repository) == 2
        assert not calls.read_text()
    assert said in capsys.readouterr().err


def test_a_version_is_three_numbers(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["--version", "v0.2"], repository) == 2
    assert "three numbers as in 0.2.0, was 'v0.2'" in capsys.readouterr().err


def test_an_image_is_pushed_by_its_content_and_by_the_release_too() -> None:
    docker = 'case "$*" in *RootFS.Layers*) echo a ;; *.Size*) echo 1000000 ;; esac'
    with _programs(docker=docker) as calls:
        command = [str(release.ROOT / "docker/push.sh"), "candles", "ghcr.io/me"]
        for tag in ("", "v0.2.0"):
            environment = {"PATH": f"{calls.parent}:/usr/bin:/bin", "TAG": tag}
            subprocess.run(command, check=True, env=environment, capture_output=True)
        pushed = [line.split()[-1] for line in calls.read_text().splitlines() if line.startswith("docker push")]
    assert pushed[0] == pushed[1] and pushed[0].startswith("ghcr.io/me/tradestream/candles:dev-")
    assert pushed[2:] == ["ghcr.io/me/tradestream/candles:v0.2.0"]
