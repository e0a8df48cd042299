"""The signature of a private REST call; pure.

Source: Kraken, "Spot REST authentication".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from exchanges.private.refusal import UnusableSecretError


def signature(path: str, nonce: str, body: str, secret: str) -> str:
    """Return what the header ``API-Sign`` has to say.

    Parameters
    ----------
    path
        Such as ``/0/private/AddOrder``.
    nonce
        The one in `body`: a whole number that grows with every call of the key.
    body
        The form exactly as it is sent.
    secret
        The key's private half, base64.

    Returns
    -------
    str
        base64 of HMAC-SHA512(secret, path + SHA256(nonce + body)).

    Raises
    ------
    UnusableSecretError
        If `secret` is not base64; it is not shown.

    Examples
    --------
    >>> signature("/0/private/Balance", "1", "nonce=1", base64.b64encode(b"secret").decode())[:16]
    'nY4IAKuG38VpZFG2'
    """
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error as error:
        raise UnusableSecretError("base64 as the venue gave it", "something else") from error
    digest = hashlib.sha256((nonce + body).encode()).digest()
    return base64.b64encode(hmac.new(key, path.encode() + digest, hashlib.sha512).digest()).decode()
