"""The JSON Web Token that a private call shows; pure.

Source: Coinbase, "API key authentication" of the Advanced Trade documentation; the signature is ES256 of RFC 7518:
ECDSA on P-256 with SHA-256, written as the two numbers one after the other.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.private.refusal import UnusableSecretError

#: So long a token is good for at most.
TOKEN_SECONDS = 120
_NUMBER_BYTES = 32
#: Which of its keys Coinbase finds a process by.
_ISSUER = "cdp"


def json_web_token(key_name: str, until_s: int, nonce: str, uri: str | None, secret: str) -> str:
    """Return a token for one request.

    It is good from two minutes before it ends: so its end alone decides, and this machine's clock does not.

    Parameters
    ----------
    key_name
        Such as ``organizations/.../apiKeys/...``.
    until_s
        The venue's time from which on it is not good any more, whole seconds since the epoch.
    nonce
        Never the same twice.
    uri
        Method, host and path, such as ``GET api.coinbase.com/api/v3/brokerage/accounts``; None for a WebSocket.
    secret
        The key's private half, PEM; line ends may be written as a backslash and an n, as in a JSON file.

    Returns
    -------
    str
        To be shown as a bearer's token; not to be logged.

    Raises
    ------
    UnusableSecretError
        If `secret` is no private key of P-256; it is not shown.
    """
    header = {"alg": "ES256", "kid": key_name, "nonce": nonce, "typ": "JWT"}
    claims: dict[str, Any] = {"sub": key_name, "iss": _ISSUER, "nbf": until_s - TOKEN_SECONDS, "exp": until_s}
    if uri is not None:
        claims["uri"] = uri
    signed = f"{_encoded(_compact(header))}.{_encoded(_compact(claims))}"
    return f"{signed}.{_encoded(signature(signed.encode(), secret))}"


def signature(content: bytes, secret: str) -> bytes:
    """Return the ES256 signature of `content`: always the same, by RFC 6979, so that bad luck gives no key away.

    Parameters
    ----------
    content
        What is signed.
    secret
        As of `json_web_token`.

    Returns
    -------
    bytes
        64 of them.

    Raises
    ------
    UnusableSecretError
        As of `json_web_token`.
    """
    signs = ec.ECDSA(SHA256(), deterministic_signing=True)
    numbers = decode_dss_signature(private_key(secret).sign(content, signs))
    return b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)


def private_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """Return the key that a PEM text is.

    Parameters
    ----------
    secret
        As of `json_web_token`.

    Returns
    -------
    EllipticCurvePrivateKey
        Of P-256.

    Raises
    ------
    UnusableSecretError
        As of `json_web_token`.
    """
    try:
        found = load_pem_private_key(secret.replace("\\n", "\n").strip().encode(), password=None)
    except (ValueError, TypeError):  # its words might show what came
        found = None
    if not isinstance(found, ec.EllipticCurvePrivateKey) or not isinstance(found.curve, ec.SECP256R1):
        came = "no private key" if found is None else f"another kind of key ({type(found).__name__.strip('_')})"
        if isinstance(found, ec.EllipticCurvePrivateKey):
            came = f"an EC key of {found.curve.name}"
        raise UnusableSecretError("an EC private key of P-256 (ECDSA, ES256) as PEM", came) from None
    return found


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
