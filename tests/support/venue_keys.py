"""Keys of tests at each venue, of the kind that it takes; nobody's."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

#: The private number of the example that RFC 6979 prints (appendix A.2.5).
PUBLISHED_NUMBER = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721


def pem(number: int, form: PrivateFormat = PrivateFormat.TraditionalOpenSSL) -> str:
    """Return the key of P-256 with this private number as PEM, in lines."""
    key = ec.derive_private_key(number, ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


_SHARED = base64.b64encode(b"a canary's secret, sung nowhere>>>???").decode()  # pragma: allowlist secret
#: By venue, as `exchanges.private.venues` names them.
SECRETS: Mapping[str, str] = {"kraken": _SHARED, "binance": _SHARED, "coinbase": pem(PUBLISHED_NUMBER)}


def bodies(secret: str) -> list[str]:
    """Return what must be seen nowhere of a secret: all of it, and of one of several lines each that is no frame."""
    lines = [line for line in secret.splitlines() if line and not line.startswith("-----")]
    return list(dict.fromkeys([secret, secret.replace("\n", "\\n"), *lines, "".join(lines)]))
