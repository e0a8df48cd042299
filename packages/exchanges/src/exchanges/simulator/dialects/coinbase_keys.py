"""Whether a private call of Coinbase's may be made: the token that it shows, what for, and how often it asks."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from contracts.units import US_PER_SECOND
from exchanges.coinbase.signing import TOKEN_SECONDS, private_key
from exchanges.simulator.accounts.key import SimulatedKey
from exchanges.simulator.dialects.rest_answers import RestError
from exchanges.simulator.limits import Counters

#: Calls a second of a key.
_MOST, _DECAY_PER_SECOND = 30, 30
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, and until when it is good, microseconds."""

    account: str
    until_us: int


class CoinbaseKeys:
    """The keys of Coinbase's accounts, and what each has used; a token is good once."""

    def __init__(self, keys: Sequence[SimulatedKey], limited: bool) -> None:
        self._keys = {key.key: key for key in keys if key.venue == "coinbase"}
        self._public = {
            name: private_key(key.secret.get_secret_value()).public_key() for name, key in self._keys.items()
        }
        self._counters = Counters(_MOST if limited else inf, _DECAY_PER_SECOND)
        self._seen: set[tuple[str, str]] = set()

    def bearer(self, token: str, uri: str | None, now_us: int) -> Bearer:
        """Return whose token it is; `uri` is what it has to be for, None for a WebSocket.

        Raises
        ------
        RestError
            As Coinbase refuses it: without a reason.
        """
        header, claims, signed, made = _parts(token)
        name, nonce = header.get("kid"), header.get("nonce")
        if header.get("alg") != "ES256" or not isinstance(name, str) or name not in self._keys:
            raise unauthorized()
        if not self._is_signed(name, signed, made):
            raise unauthorized()
        begins, ends = claims.get("nbf"), claims.get("exp")
        if not isinstance(begins, int) or not isinstance(ends, int) or ends - begins > TOKEN_SECONDS:
            raise unauthorized()
        in_time = begins * US_PER_SECOND <= now_us < ends * US_PER_SECOND
        if claims.get("sub") != name or claims.get("iss") != "cdp" or claims.get("uri") != uri or not in_time:
            raise unauthorized()
        if not isinstance(nonce, str) or (name, nonce) in self._seen:
            raise unauthorized()
        self._seen.add((name, nonce))
        if not self._counters.allows(name, 1, now_us):
            raise RestError(429, {"error": "rate_limit_exceeded", "message": "too many requests"})
        return Bearer(self._keys[name].account, ends * US_PER_SECOND)

    def _is_signed(self, name: str, signed: bytes, made: bytes) -> bool:
        if len(made) != _SIGNATURE_BYTES:
            return False
        half = _SIGNATURE_BYTES // 2
        numbers = encode_dss_signature(int.from_bytes(made[:half], "big"), int.from_bytes(made[half:], "big"))
        try:
            self._public[name].verify(numbers, signed, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def unauthorized() -> RestError:
    """Return the refusal of whoever may not ask."""
    return RestError(401, "Unauthorized\n")


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    try:
        header, claims, made = token.split(".")
        read = [json.loads(_decoded(part)) for part in (header, claims)]
    except (ValueError, binascii.Error):
        raise unauthorized() from None
    if not all(isinstance(each, dict) for each in read):
        raise unauthorized()
    return read[0], read[1], f"{header}.{claims}".encode(), _decoded(made)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
