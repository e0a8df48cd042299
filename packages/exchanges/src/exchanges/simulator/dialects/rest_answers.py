"""What the REST sides of venues with honest HTTP statuses share: counting, limits, errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from exchanges.simulator.text import to_json
from exchanges.simulator.venue import Venue

Handler = Callable[[web.Request], Awaitable[web.Response]]


class RestError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body
        super().__init__(str(body))


def guarded(venue: Venue, endpoint: Callable[[web.Request], str], too_many: Any) -> Handler:
    """Count, limit and inject errors around `endpoint`, which returns JSON; `too_many` is the body of a 429."""

    async def handler(request: web.Request) -> web.Response:
        venue.requests += 1
        try:
            if venue.faults.next_rest_error() is not None or not venue.rest_limit.allows(request.path):
                raise RestError(429, too_many)
            return web.Response(text=endpoint(request), content_type="application/json")
        except RestError as error:
            return web.Response(status=error.status, text=to_json(error.body), content_type="application/json")

    return handler


def whole(text: str | None, error: RestError) -> int:
    """Return a whole number of the query, or raise `error`."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 20):
        raise error
    return int(text)
