"""A signed client of the simulated venue's private calls, as raw as possible."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import httpx

from exchanges.kraken.signing import signature

KEY = "a-key-of-tests"
SECRET = base64.b64encode(b"a secret of tests").decode()


def keys(account: str = "main", **balances: str) -> list[dict[str, Any]]:
    """Return the simulator's setting `keys` with one account."""
    return [{"key": KEY, "secret": SECRET, "account": account, "balances": balances}]


class KrakenAccount:
    """Calls about one account; `nonces` grow by one."""

    def __init__(self, http: httpx.AsyncClient, base_url: str, key: str = KEY, secret: str = SECRET) -> None:
        self.http, self.base_url, self.key, self.secret = http, base_url, key, secret
        self.nonces = itertools.count(1)

    async def response(
        self, method: str, arguments: Mapping[str, str] = MappingProxyType({}), nonce: int | None = None
    ) -> httpx.Response:
        """Return the whole answer to a call."""
        path = f"/0/private/{method}"
        number = str(next(self.nonces) if nonce is None else nonce)
        body = urlencode({"nonce": number, **arguments})
        headers = {
            "API-Key": self.key,
            "API-Sign": signature(path, number, body, self.secret),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self.http.post(f"{self.base_url}{path}", content=body, headers=headers)

    async def text(self, method: str, **arguments: str) -> str:
        """Return the answer's text."""
        return (await self.response(method, arguments)).text

    async def call(self, method: str, **arguments: str) -> Any:
        """Return the answer's result.

        Raises
        ------
        AssertionError
            If the venue refused, with its words.
        """
        answer = (await self.response(method, arguments)).json()
        assert not answer["error"], answer["error"]
        return answer["result"]

    async def refusal(self, method: str, **arguments: str) -> str:
        """Return the words in which the venue refused."""
        answer = (await self.response(method, arguments)).json()
        assert "result" not in answer, answer
        return str(answer["error"][0])

    async def truth(self, account: str = "main") -> Any:
        """Return everything that is true of an account."""
        return (await self.http.get(f"{self.base_url}/sim/orders")).json()["accounts"][account]
