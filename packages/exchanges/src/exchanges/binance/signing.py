"""The signature of a private call; pure.

Source: Binance, "SIGNED endpoint security" of the spot REST documentation.
"""

from __future__ import annotations

import hashlib
import hmac

from exchanges.private.refusal import UnusableSecretError

#: How private halves of key pairs begin; what such a key signs with is not built.
_PEM = "-----BEGIN"


def signature(payload: str, secret: str) -> str:
    """Return what the parameter ``signature`` has to say.

    Parameters
    ----------
    payload
        The query and the form one after the other, percent-encoded, exactly as they are sent.
    secret
        The key's private half.

    Returns
    -------
    str
        HMAC-SHA256 of `payload`, hexadecimal.

    Raises
    ------
    UnusableSecretError
        If `secret` is that of an RSA or Ed25519 key; it is not shown.

    Examples
    --------
    >>> signature("symbol=LTCBTC&timestamp=1499827319559", "secret")[:16]
    'bf17d6f9af5f8f8f'
    """
    if secret.lstrip().startswith(_PEM):
        raise UnusableSecretError("that of an HMAC key", "a private key of another kind")
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
