"""Whether a private call may be made: its key, its signature, its nonce, its counters."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from contracts.units import US_PER_SECOND
from exchanges.kraken.signing import signature
from exchanges.simulator.accounts.draws import venue_id
from exchanges.simulator.accounts.key import SimulatedKey
from exchanges.simulator.accounts.order import VenueRefusalError
from exchanges.simulator.limits import Counters, Tier

TOKEN_SECONDS = 900
_MAX_NONCE = 2**64 - 1
#: What calls count; orders are counted apart, by pair.
_POINTS = {"TradesHistory": 2, "AddOrder": 0, "CancelOrder": 0, "CancelAll": 0, "CancelAllOrdersAfter": 0}


class Keys:
    """The keys of Kraken's accounts, and what each has used."""

    def __init__(self, keys: Sequence[SimulatedKey], tier: Tier, seed: int) -> None:
        self._keys = {key.key: key for key in keys if key.venue == "kraken"}
        self._nonces: dict[str, int] = {}
        self._counters = Counters(tier.rest_most, tier.rest_decay)
        self._seed = seed
        self._tokens: dict[str, tuple[str, int]] = {}

    def account_of(
        self, headers: Mapping[str, str], path: str, body: str, form: Mapping[str, str], now_us: int
    ) -> str:
        """Return whose call it is.

        Raises
        ------
        VenueRefusalError
            In Kraken's words, for the first of key, signature, nonce and counter that is not right.
        """
        key = self._keys.get(headers.get("API-Key", ""))
        if key is None:
            raise VenueRefusalError("EAPI:Invalid key")
        nonce = form.get("nonce", "")
        expected = signature(path, nonce, body, key.secret.get_secret_value())
        if not hmac.compare_digest(expected, headers.get("API-Sign", "")):
            raise VenueRefusalError("EAPI:Invalid signature")
        if not (nonce.isascii() and nonce.isdigit() and self._nonces.get(key.key, 0) < int(nonce) <= _MAX_NONCE):
            raise VenueRefusalError("EAPI:Invalid nonce")
        self._nonces[key.key] = int(nonce)
        if not self._counters.allows(key.key, _POINTS.get(path.rsplit("/", 1)[-1], 1), now_us):
            raise VenueRefusalError("EAPI:Rate limit exceeded")
        return key.account

    def new_token(self, account: str, now_us: int) -> str:
        """Return a token with which a socket may listen to an account; it has to be used before it expires."""
        token = venue_id("W", self._seed, account, "token", len(self._tokens))
        self._tokens[token] = (account, now_us + TOKEN_SECONDS * US_PER_SECOND)
        return token

    def account_of_token(self, token: object, now_us: int) -> str | None:
        """Return whose token it is; None if it is nobody's, or has expired."""
        account, until_us = self._tokens.get(token, ("", 0)) if isinstance(token, str) else ("", 0)
        return account if now_us < until_us else None
