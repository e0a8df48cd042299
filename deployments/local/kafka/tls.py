"""TLS on this machine: an authority of one's own, the brokers' certificate, and the operator who may do everything.

Everything is made on the spot by openssl, lies in the data folder, readable by its owner only, and never in git.
"""

from __future__ import annotations

import secrets
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

BROKERS_NAME = "tradestream-brokers"
OPERATOR = "operator"
MECHANISM = "SCRAM-SHA-512"
_DAYS = "3650"
_PRIVATE = 0o600
_KEY = ("-newkey", "rsa:2048", "-nodes")


class OpensslError(Exception):
    """openssl is missing or refuses."""


@dataclass(frozen=True)
class Secrets:
    """The secret files of one Kafka, in a folder of their own.

    Parameters
    ----------
    folder
        Made if it is missing.
    """

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate: what clients are given as `TRADESTREAM_SSL_CA_LOCATION`."""
        return self.folder / "ca.pem"

    @property
    def authority_key(self) -> Path:
        return self.folder / "ca-key.pem"

    @property
    def brokers(self) -> Path:
        """Key and certificate of the brokers, which show it to clients and to each other."""
        return self.folder / "brokers.pem"

    @property
    def users(self) -> Path:
        """A file of settings for each user."""
        return self.folder / "users"

    @property
    def operator(self) -> Path:
        return self.users / f"{OPERATOR}.env"

    def make(self, host: str, address: str) -> None:
        """Make what is missing; an operator keeps the password.

        Parameters
        ----------
        host
            Whose certificate it is.
        address
            Of the brokers, for the operator's settings.

        Raises
        ------
        OpensslError
            If there is no openssl, or it refuses.
        """
        self.users.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if not self.brokers.exists():
            self._make_certificates(host)
        password = self.operators_password() if self.operator.exists() else secrets.token_urlsafe(24)
        _write_private(self.operator, self._operators_settings(address, password))

    def operators_password(self) -> str:
        settings = dict(line.split("=", 1) for line in self.operator.read_text(encoding="utf-8").splitlines())
        return settings["TRADESTREAM_SASL_PASSWORD"]

    def as_broker(self) -> ssl.SSLContext:
        """Return how one broker speaks to another."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.brokers)
        return context

    def _make_certificates(self, host: str) -> None:
        key, request, certificate = (self.folder / name for name in ("key.tmp", "request.tmp", "certificate.tmp"))
        extensions = self.folder / "extensions.tmp"
        extensions.write_text(f"subjectAltName=IP:{host},DNS:localhost\n", encoding="utf-8")
        _openssl(
            "req",
            "-x509",
            *_KEY,
            "-keyout",
            self.authority_key,
            "-out",
            self.authority,
            "-days",
            _DAYS,
            "-subj",
            "/CN=tradestream-local-authority",
            "-addext",
            "keyUsage=critical,keyCertSign",
        )
        _openssl("req", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={BROKERS_NAME}")
        _openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            self.authority,
            "-CAkey",
            self.authority_key,
            "-CAcreateserial",
            "-days",
            _DAYS,
            "-extfile",
            extensions,
            "-out",
            certificate,
        )
        self.authority_key.chmod(_PRIVATE)
        _write_private(self.brokers, key.read_text(encoding="utf-8") + certificate.read_text(encoding="utf-8"))
        for path in (key, request, certificate, extensions):
            path.unlink()

    def _operators_settings(self, address: str, password: str) -> str:
        settings = {
            "BROKER_ADDRESS": address,
            "SECURITY_PROTOCOL": "sasl_ssl",
            "SASL_MECHANISM": MECHANISM,
            "SASL_USERNAME": OPERATOR,
            "SASL_PASSWORD": password,
            "SSL_CA_LOCATION": str(self.authority),
        }
        return "".join(f"TRADESTREAM_{name}={value}\n" for name, value in settings.items())


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=_PRIVATE)
    path.write_text(text, encoding="utf-8")


def _openssl(*arguments: str | Path) -> None:
    if shutil.which("openssl") is None:
        raise OpensslError("openssl is needed for certificates, and is not on the PATH (Debian: openssl)")
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OpensslError(f"openssl {arguments[0]} failed:\n{done.stderr}")
