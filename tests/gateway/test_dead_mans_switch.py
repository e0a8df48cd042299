"""The venue's dead man's switch: set while the gateway is well, taken back by a clean end, pulled by a kill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gateway.market import FakeVenue, settings_for
from tests.gateway.test_gateway_fold import NOW, run, survey
from tests.gateway.test_gateway_process import Market, opened
from tests.gateway.venue_model import POLICY
from tests.support.waiting import wait_for

from contracts.units import MS_PER_SECOND, US_PER_SECOND
from gateway.core.events import SurveyFailed, SwitchAnswered, Ticked
from gateway.core.requests import Output, SetSwitch
from gateway.desk import Desk
from gateway.settings import GatewaySettings
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.errors import PutOutError, SettingsError
from streaming.producer import open_producer
from streaming.settings import read_settings

SECONDS = 60
SWITCHED = replace(POLICY, switch_seconds=SECONDS)
EVERY_MS = SECONDS * MS_PER_SECOND // 4


def switches(outputs: list[Output]) -> list[SetSwitch]:
    return [each for each in outputs if isinstance(each, SetSwitch)]


def test_it_is_off_unless_asked_for() -> None:
    _, outputs = run(survey(), Ticked(NOW + 10 * EVERY_MS))
    assert switches(outputs) == []


def test_it_is_set_again_in_time_and_sooner_where_that_was_not_answered() -> None:
    state, outputs = run(survey(), Ticked(NOW), policy=SWITCHED)
    assert switches(outputs) == [SetSwitch(SECONDS)], "one at a time"
    state, outputs = run(SwitchAnswered(True, NOW), Ticked(NOW + EVERY_MS - 1), state=state, policy=SWITCHED)
    assert switches(outputs) == []
    state, outputs = run(Ticked(NOW + EVERY_MS), state=state, policy=SWITCHED)
    assert switches(outputs) == [SetSwitch(SECONDS)]
    later = NOW + EVERY_MS + EVERY_MS // 4
    _, outputs = run(SwitchAnswered(False, NOW + EVERY_MS), Ticked(later), state=state, policy=SWITCHED)
    assert switches(outputs) == [SetSwitch(SECONDS)]


def test_it_is_not_set_while_the_venue_cannot_be_compared_with() -> None:
    state, outputs = run(SurveyFailed("busy", NOW), Ticked(NOW + 1), policy=SWITCHED)
    assert switches(outputs) == []
    _, outputs = run(survey(), state=state, policy=SWITCHED)
    assert switches(outputs) == [SetSwitch(SECONDS)]


class Place:
    """A lease that may be lost."""

    lost = False

    def look(self) -> bool:
        return True

    def require(self) -> None:
        if self.lost:
            raise PutOutError("another gateway has the place")


@pytest.mark.parametrize(("lost", "said"), [(False, [SECONDS, 0]), (True, [SECONDS])])
def test_an_end_takes_it_back_unless_another_gateway_has_set_its_own(
    tmp_path: Path, lost: bool, said: list[int]
) -> None:
    settings = settings_for(tmp_path, cancel_all_after_seconds=SECONDS)
    venue, clock, place = FakeVenue(), VenueClock(), Place()
    clock.heard(venue.venue_time_ms())
    with open_producer(settings, "gateway") as producer:
        desk = Desk(settings, VenueCalls(venue, clock, settings.label), clock, producer)
        desk.turn(place)  # type: ignore[arg-type]
        place.lost = lost
        desk.end()
    assert venue.switch == said


def test_it_must_outlive_calls_that_are_not_answered() -> None:
    with pytest.raises(SettingsError, match="at least 60, 12 times GATEWAY_TIMEOUT_SECONDS, was 59"):
        read_settings(GatewaySettings, {"GATEWAY_CANCEL_ALL_AFTER_SECONDS": "59"})
    assert read_settings(GatewaySettings, {"GATEWAY_CANCEL_ALL_AFTER_SECONDS": "60"}).policy.switch_seconds == 60


AFTER_SECONDS = 6


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    with opened(tmp_path, timeout_seconds=0.5, cancel_all_after_seconds=AFTER_SECONDS) as made:
        yield made


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_what_rests_is_cancelled_when_the_venue_says_if_the_gateway_is_killed(market: Market, ending: int) -> None:
    books, venue = market.books, market.venue
    resting = books.place(1, order_type="limit", limit_price="1", quantity="1")
    books.wait(resting, "ACCEPTED")
    set_us = venue.now_us()
    wait_for(lambda: venue.now_us() > set_us + 2 * AFTER_SECONDS * US_PER_SECOND, "twice its time", seconds=60)
    assert venue.truth()["orders"][-1]["status"] == "open"
    market.gateway.send_signal(ending)
    market.gateway.wait(30)
    ended_us = venue.now_us()
    wait_for(lambda: venue.now_us() > ended_us + 2 * AFTER_SECONDS * US_PER_SECOND, "the switch", seconds=60)
    there = venue.truth()["orders"][-1]
    if ending == signal.SIGTERM:
        assert there["status"] == "open"
        return
    assert (there["status"], there["reason"]) == ("canceled", "Cancel all orders after")
    late_s = (there["closed_us"] - ended_us) / US_PER_SECOND
    print(f"killed; the venue cancelled {late_s:.2f} s later, set to {AFTER_SECONDS} s")
    assert 0.5 * AFTER_SECONDS <= late_s <= AFTER_SECONDS
    market.start()
    books.wait(resting, "CANCELLED")
    market.compare()
