#!/usr/bin/env python3
"""The public charts around the services: installed, rendered, and the one table of versions read.

::

    charts.py install kafka-ui dev|prod [helm arguments]   install or upgrade a release; says what hinders it
    charts.py template dev|prod [FOLDER]    render every chart as it would be installed; no cluster
    charts.py image postgres        the version of an image, with its digest where one is recorded
    charts.py digests               ask the registries for the digest of every image, record it here and wherever the
                                    image is named; fail if a tag was moved
    charts.py digests --recorded    ask nobody: say of which image no digest is recorded, and fail if there is one

Standard library only. Charts come from `FOLDER/kafka-ui` and so on where the internet is out of reach.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from registry import RegistryError, digest_of
from waiting import watched

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = ROOT / "deployments" / "platform"
VERSIONS = PLATFORM / "versions.json"
ENVIRONMENTS = ("dev", "prod")
INSTALL_MINUTES = 10
#: Files that name images of the table by tag, and by digest once that is known.
NAMING = ("docker/compose.yaml", "deployments/platform/*/*.yaml")


def charts() -> dict[str, dict[str, Any]]:
    """Return what is known of each release."""
    return dict(json.loads(VERSIONS.read_text(encoding="utf-8"))["charts"])


def images() -> dict[str, str]:
    """Return the tag of each image, with its digest where one is recorded."""
    return dict(json.loads(VERSIONS.read_text(encoding="utf-8"))["images"])


def tag(image: str) -> str:
    """Return the tag of an image, without a digest."""
    return images()[image].partition("@")[0]


def digest(image: str) -> str:
    """Return the digest of an image; nothing where none is recorded."""
    return images()[image].partition("@")[2]


def unpinned() -> list[str]:
    """Return the images of which no digest is recorded: whoever moves the tag changes what runs."""
    return [f"{image}:{tag(image)}" for image in images() if not digest(image)]


def values_files(release: str, env: str) -> list[Path]:
    """Return the files that say how a release is set, those of `env` last."""
    stem = charts()[release]["values"]
    files = [PLATFORM / f"{stem}.yaml", PLATFORM / f"{stem}.{env}.yaml"]
    return [file for file in files if file.exists()]


def arguments(release: str, env: str, folder: Path | None = None) -> list[str]:
    """Return helm's arguments: chart, version, values.

    Parameters
    ----------
    folder
        Where charts lie by the release's name, if they are not to be downloaded.
    """
    chart = charts()[release]
    if folder:
        words = [release, str(folder / release)]
    else:
        words = [release, chart["chart"], "--version", chart["version"]]
        words += ["--repo", chart["repository"]] if "repository" in chart else []
    words += ["--namespace", chart["namespace"]]
    for file in values_files(release, env):
        words += ["--values", str(file)]
    for path, image in chart.get("tags", {}).items():
        words += ["--set", f"{path}={tag(image)}"]
    for path, image in chart.get("digests", {}).items():
        if digest(image):
            words += ["--set", f"{path}={_digest_as(path.rpartition('.')[2], image)}"]
    return words


def _digest_as(key: str, image: str) -> str:
    """Return a digest as a chart takes it: `sha` its digits, `digest` all of it, `tag` behind the tag."""
    return {
        "sha": digest(image).removeprefix("sha256:"),
        "digest": digest(image),
        "tag": f"{tag(image)}@{digest(image)}",
    }[key]


def install(release: str, env: str, more: Sequence[str] = ()) -> int:
    """Install or upgrade a release and wait; the exit code is helm's."""
    chart = charts()[release]
    command = ["helm", "upgrade", "--install", *arguments(release, env)]
    command += ["--wait", "--timeout", f"{INSTALL_MINUTES}m", *more]
    title = f"{release}, chart {chart['version']}"
    return watched(title, command, namespace=chart["namespace"], minutes=INSTALL_MINUTES)


def template(release: str, env: str, folder: Path | None = None) -> str:
    """Return what a chart would install, custom resource definitions included.

    Raises
    ------
    OSError
        If there is no helm.
    subprocess.CalledProcessError
        If helm cannot have the chart, or the chart refuses our values.
    """
    command = ["helm", "template", *arguments(release, env, folder), "--include-crds", "--skip-tests"]
    command += ["--kube-version", tag("kindest/node")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def digests() -> Iterator[str]:
    """Ask the registries; record what is missing and yield what has changed.

    Raises
    ------
    RegistryError
        If a registry cannot be asked; then nothing is recorded.
    """
    table = json.loads(VERSIONS.read_text(encoding="utf-8"))
    found = {image: digest_of(image, version.partition("@")[0]) for image, version in table["images"].items()}
    for image, version in table["images"].items():
        name, _, recorded = version.partition("@")
        if recorded and recorded != found[image]:
            yield f"{image}:{name} is {found[image]} now, and was {recorded}: somebody has moved the tag"
        table["images"][image] = f"{name}@{recorded or found[image]}"
    VERSIONS.write_text(_readable(table), encoding="utf-8")
    for file in sorted(each for pattern in NAMING for each in ROOT.glob(pattern)):
        file.write_text(pinned(file.read_text(encoding="utf-8")), encoding="utf-8")


def pinned(text: str) -> str:
    """Return a file in which every image of the table has the digest that is recorded, and none where none is."""
    names = "|".join(map(re.escape, images()))
    return re.sub(
        rf"""(?P<before>image: ["']?)(?P<name>{names}):(?P<tag>[\w.-]+)(@sha256:[0-9a-f]{{64}})?(?=["'}}\s])""",
        lambda found: f"{found['before']}{found['name']}:{found['tag']}{_behind(found['name'], found['tag'])}",
        text,
    )


def _behind(image: str, tagged: str) -> str:
    """Return what stands behind a tag: its digest, if it is the tag of the table and that has one."""
    return f"@{digest(image)}" if digest(image) and tagged == tag(image) else ""


def _readable(table: dict[str, Any]) -> str:
    text = VERSIONS.read_text(encoding="utf-8")
    start = text.index('"images"')
    rows = ",\n".join(f"    {json.dumps(image)}: {json.dumps(version)}" for image, version in table["images"].items())
    return text[:start] + '"images": {\n' + rows + "\n  }\n}\n"


def main(words: list[str]) -> int:
    """Run a command; 2 for wrong arguments."""
    try:
        match words:
            case ["install", release, "dev" | "prod" as env, *more] if release in charts():
                return install(release, env, more)
            case ["template", "dev" | "prod" as env, *folder] if len(folder) < 2:
                place = Path(folder[0]) if folder else None
                print("---\n".join(template(release, env, place) for release in charts()))
            case ["image", image] if image in images():
                print(images()[image])
            case ["digests"]:
                moved = list(digests())
                print("\n".join(moved) or f"{len(images())} digests are recorded, none has changed")
                return 1 if moved else 0
            case ["digests", "--recorded"]:
                print("\n".join(f"{each} has no digest" for each in unpinned()) or "every image has its digest")
                return 1 if unpinned() else 0
            case _:
                releases, known = ", ".join(charts()), ", ".join(images())
                print(
                    f"expected: install RELEASE dev|prod, one of {releases}; template dev|prod [FOLDER]; image "
                    f"NAME, one of {known}; digests [--recorded]; was '{' '.join(words)}'",
                    file=sys.stderr,
                )
                return 2
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))}: {error.stderr.strip()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
