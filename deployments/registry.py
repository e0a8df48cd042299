"""What a public image is made of, asked of its registry over HTTP: the OCI distribution API, version 2.

Standard library only. A registry on this machine is asked over plain HTTP, as Docker does; every other over HTTPS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from http.client import HTTPMessage
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

_DOCKER_HUB = "registry-1.docker.io"
_SECONDS = 30
#: First the lists of images by platform, as a name means them all.
_ACCEPTED = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class RegistryError(Exception):
    """A registry was not reached, or has no such image."""


def digest_of(image: str, tag: str) -> str:
    """Return the digest that a tag stands for now: of the list of platforms, where there is one.

    Parameters
    ----------
    image
        ``postgres``, ``grafana/loki`` or ``ghcr.io/kafbat/kafka-ui``.

    Raises
    ------
    RegistryError
        If the registry does not answer, refuses, or answers with what is no digest.
    """
    host, name = place_of(image)
    url = f"{_scheme(host)}://{host}/v2/{name}/manifests/{tag}"
    try:
        headers, body = _asked(url, name)
    except (URLError, TimeoutError, OSError, ValueError, KeyError) as error:
        raise RegistryError(f"{image}:{tag}: {host} was asked and said {error}") from error
    found = headers.get("Docker-Content-Digest") or f"sha256:{sha256(body).hexdigest()}"
    if not _DIGEST.fullmatch(found):
        raise RegistryError(f"{image}:{tag}: expected sha256: and 64 digits of {host}, was {found!r}")
    return found


def place_of(image: str) -> tuple[str, str]:
    """Return the registry of an image and its name there, as Docker reads it.

    Examples
    --------
    >>> place_of("postgres"), place_of("ghcr.io/kafbat/kafka-ui")
    (('registry-1.docker.io', 'library/postgres'), ('ghcr.io', 'kafbat/kafka-ui'))
    """
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return (_DOCKER_HUB if first == "docker.io" else first), rest
    return _DOCKER_HUB, image if slash else f"library/{image}"


def _scheme(host: str) -> str:
    return "http" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"


def _asked(url: str, name: str) -> tuple[HTTPMessage, bytes]:
    """Ask for a manifest; where a token is wanted, with the one that the registry gives to anybody."""
    accepted = {"Accept": ", ".join(_ACCEPTED)}
    try:
        return _answer(url, accepted)
    except HTTPError as error:
        challenge = error.headers.get("WWW-Authenticate", "")
        if error.code != 401 or not challenge.startswith("Bearer "):
            raise
    asked = dict(_CHALLENGE.findall(challenge))
    query = urlencode({"service": asked.get("service", ""), "scope": asked.get("scope", f"repository:{name}:pull")})
    _, body = _answer(f"{asked['realm']}?{query}", {})
    given = json.loads(body)
    return _answer(url, accepted | {"Authorization": f"Bearer {given.get('token') or given['access_token']}"})


def _answer(url: str, headers: Mapping[str, str]) -> tuple[HTTPMessage, bytes]:
    if not url.startswith(("https://", "http://")):  # a registry says where its tokens are, and that may be a file
        raise ValueError(f"to ask {url}")
    request = Request(url, headers=dict(headers))  # noqa: S310 - http or https
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - http or https
        return answer.headers, answer.read()
