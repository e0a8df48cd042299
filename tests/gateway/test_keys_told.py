"""Whether a key or a secret gets out where it is in hand, at each venue: and that it would be found."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.chaos.gateway_broken.__main__ import FAULT
from tests.gateway.test_gateway_process import KEY, opened
from tests.support.fork_server import prepare_server, start
from tests.support.venue_keys import SECRETS, bodies

from exchanges.private.venues import PRIVATE_VENUES

pytestmark = [pytest.mark.slow, pytest.mark.long]
BROKEN = "tests.chaos.gateway_broken"


def forms(venue: str) -> set[bytes]:
    """Return how a key or a secret may stand somewhere: whole, in its lines, and as what those are written for."""
    found: set[bytes] = set()
    for each in (KEY, *bodies(SECRETS[venue])):
        plain = each.encode()
        found |= {plain, quote(each, safe="").encode(), b64encode(plain), plain.hex().encode()}
        with suppress(binascii.Error):
            found.add(b64decode(each, validate=True))
    return found


def where(folder: Path, venue: str) -> list[Path]:
    """Return the files in which a key or a secret stands, in any form."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if any(form in file.read_bytes() for form in forms(venue))]


@pytest.mark.parametrize("venue", sorted(PRIVATE_VENUES))
def test_no_log_state_or_traceback_tells_a_key_and_what_is_planted_is_found_once(tmp_path: Path, venue: str) -> None:
    prepare_server(["gateway.app"])
    with opened(tmp_path, venue) as market:
        bought = market.books.place(1)
        market.books.wait(bought, "FILLED")
        market.kill()
        log = tmp_path / "broken.log"
        settings = market.settings
        about = {"TRADESTREAM_BROKER_ADDRESS": settings.broker_address, "TRADESTREAM_DATA_DIR": str(tmp_path)}
        broken = start(BROKEN, {**about, **market.variables(), "TRADESTREAM_LOG_LEVEL": "DEBUG"}, str(log))
        broken.join(60)
        assert broken.exitcode == 1
        said = log.read_text(encoding="utf-8")
        assert "Traceback" in said and FAULT in said and "auth_flow" in said
        assert where(tmp_path, venue) == []
        for body in bodies(SECRETS[venue]):
            log.write_text(said + body, encoding="utf-8")
            assert where(tmp_path, venue) == [log]
