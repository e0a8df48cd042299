"""Whether a private call of Binance's may be made: its key, its signature, its time, its weight."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from math import inf

from contracts.units import US_PER_MS
from exchanges.binance.signing import signature
from exchanges.simulator.accounts.key import SimulatedKey
from exchanges.simulator.dialects.binance_refusals import no
from exchanges.simulator.limits import Counters

MAX_WINDOW_MS = 60_000
_DEFAULT_WINDOW_MS = 5_000
_AHEAD_MS = 1_000
#: What an address may weigh within a minute, which falls as it goes by.
_MOST_WEIGHT, _DECAY_PER_SECOND = 6_000, 100
_KEY = re.compile(r"[ -~]{1,128}", re.ASCII)


class BinanceKeys:
    """The keys of Binance's accounts, and what each has used; orders weigh 1, lists more."""

    def __init__(self, keys: Sequence[SimulatedKey], limited: bool) -> None:
        self._keys = {key.key: key for key in keys if key.venue == "binance"}
        self._counters = Counters(_MOST_WEIGHT if limited else inf, _DECAY_PER_SECOND)

    def account_of(self, key: str, payload: str, form: Mapping[str, str], weight: int, now_us: int) -> str:
        """Return whose call it is; `payload` is all of it but the signature, as it was sent.

        Raises
        ------
        RestError
            In Binance's words, for the first of weight, key, signature and time that is not right.
        """
        if not self._counters.allows(key, weight, now_us):
            raise no(-1003, "Too much request weight used; current limit is 6000 request weight per 1 MINUTE.", 429)
        found = self._keys.get(key)
        if found is None:
            known = _KEY.fullmatch(key) is not None
            raise (
                no(-2015, "Invalid API-key, IP, or permissions for action.", 401)
                if known
                else no(-2014, "API-key format invalid.", 401)
            )
        if not hmac.compare_digest(
            signature(payload, found.secret.get_secret_value()), form.get("signature", "").lower()
        ):
            raise no(-1022, "Signature for this request is not valid.")
        check_time(form, now_us)
        return found.account


def check_time(form: Mapping[str, str], now_us: int) -> int:
    """Return until when a request holds, microseconds.

    Raises
    ------
    RestError
        If it is over, or not yet there.
    """
    timestamp, window = _number(form, "timestamp"), _number(form, "recvWindow", _DEFAULT_WINDOW_MS)
    if window > MAX_WINDOW_MS:
        raise no(-1131, "recvWindow must be less than 60000.")
    now_ms = now_us // US_PER_MS
    if timestamp >= now_ms + _AHEAD_MS:
        raise no(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window:
        raise no(-1021, "Timestamp for this request is outside of the recvWindow.")
    return (timestamp + window) * US_PER_MS


def _number(form: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = form.get(name, "" if default is None else str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        raise no(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return int(text)
