"""`tradestream subscribe`, `unsubscribe`, `subscriptions`: which pairs stream, changed while everything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from contracts.clock import Clock, SystemClock
from contracts.currency import quote_currency
from contracts.errors import BadInputError
from contracts.symbol_subscription import ACCOUNT_REQUESTER, SymbolSubscription
from contracts.timestamps import iso_utc
from contracts.topics import SYMBOL_SUBSCRIPTIONS, TRADES_CHECKPOINTS
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import MS_PER_DAY, US_PER_MS, US_PER_SECOND
from embedded.environment import ENVIRONMENT
from results.run_folder import RunFolder
from results.run_settings import recorded_settings
from streaming.broker_address import is_embedded, log_folder
from streaming.clients import read_dead_letters, read_topic
from streaming.control import ControlSettings
from streaming.producer import open_producer
from streaming.settings import load_settings, read_settings

OPERATOR = "operator"
#: In a run's folder: the exchange whose trades it writes.
EXCHANGE_FILE = "exchange"
#: Under this name the trades service counts the pairs of its own settings.
_RESERVED = "settings"
_MAX_REQUESTER_CHARACTERS = 200
#: Checkpoints are written about once a second; a pair without one for so long does not stream.
_SILENT_US = 30 * US_PER_SECOND
_BEHIND_US = 120 * US_PER_SECOND
#: Of what `subscription_rows` returns.
SUBSCRIPTIONS = {
    "exchange": "Exchange",
    "pair": "Pair",
    "requesters": "Requesters",
    "since": "Since",
    "state": "State",
}
_US_PER_HOUR = 3_600 * US_PER_SECOND


class SubscriptionSettings(ControlSettings):
    """Which log, whose accounts, and whose pairs where the log does not say."""

    trades_exchange: str = Field("kraken", validation_alias="TRADES_EXCHANGE", min_length=1)
    trades_exchange_label: str | None = Field(None, validation_alias="TRADES_EXCHANGE_LABEL", min_length=1)


@dataclass
class PairOnLog:
    """What the log knows of one pair of one exchange."""

    requests: dict[str, SymbolSubscription] = field(default_factory=dict)
    checkpoint: TradesCheckpoint | None = None
    checkpointed_at_us: int = 0
    refusal: str | None = None

    @property
    def requesters(self) -> str:
        """Who wants it."""
        return ", ".join(sorted(self.requests)) or "nobody, or TRADES_PAIRS"


def settings_of(run_folder: Path | None) -> SubscriptionSettings:
    """Return the settings of a run's log, or of the configured one, embedded or Kafka.

    Raises
    ------
    BadInputError
        If the run has no log.
    """
    if run_folder is None:
        return load_settings(SubscriptionSettings)
    place = RunFolder(run_folder)
    if not place.log.is_dir():
        raise BadInputError("--run", "the folder of a run that has a log", str(run_folder))
    accounts = read_settings(SubscriptionSettings, recorded_settings(place)).accounts
    settings = SubscriptionSettings(broker_address=place.broker_address, environment=ENVIRONMENT, accounts=accounts)
    file = place.file(EXCHANGE_FILE)
    if not file.exists():
        return settings
    # Before anything is on the log, only the run itself knows whose trades these will be.
    return settings.model_copy(update={"trades_exchange_label": file.read_text(encoding="utf-8")})


def settings_to_say(run_folder: Path | None) -> SubscriptionSettings:
    """Return the same for what is said to those who read the log: one that nobody has begun has no readers.

    Raises
    ------
    BadInputError
        If the run has no log, or the configured one is not there.
    """
    settings = settings_of(run_folder)
    address = settings.broker_address
    if is_embedded(address) and not log_folder(address).is_dir():
        expected = "the folder of a run (make run writes to data/paper, of the simulator to data/simulated)"
        raise BadInputError("--run", expected, f"none, and nothing has ever run on {address}")
    return settings


def ask(
    settings: SubscriptionSettings,
    pair: str,
    *,
    wanted: bool,
    requester: str = OPERATOR,
    exchange: str | None = None,
    history_days: float | None = None,
    clock: Clock | None = None,
) -> SymbolSubscription:
    """Write that `requester` wants `pair`, or no longer, and return what was written.

    Parameters
    ----------
    exchange
        By default the one whose trades are on the log.
    history_days
        Counted back from where the market of the log is.

    Raises
    ------
    BadInputError
        If the pair is quoted in a currency that no account has; if it comes from another exchange, or several
        exchanges are on the log and none was named; or if what is to be taken back was never asked for; or if a name
        is none.
    """
    if not _is_name(requester) or requester == _RESERVED or len(requester) > _MAX_REQUESTER_CHARACTERS:
        expected = f"a name other than {_RESERVED!r} of 1 to {_MAX_REQUESTER_CHARACTERS} characters"
        raise BadInputError("--requester", expected, requester)
    if exchange is not None and not _is_name(exchange):
        raise BadInputError("--exchange", "the name of an exchange", exchange)
    clock = clock or SystemClock()
    known = pairs_on_log(settings)
    if wanted:
        _require_currency(settings, known, pair)
    exchange = _exchange(settings, known, pair, exchange)
    if not wanted and requester not in known.get((exchange, pair), PairOnLog()).requests:
        raise BadInputError("PAIR", f"one of {exchange} that {requester} has requested", pair)
    message = SymbolSubscription(
        exchange=exchange,
        pair=pair,
        requester=requester,
        wanted=wanted,
        history_from_ms=None if history_days is None else _days_back_ms(known, exchange, history_days, clock),
        requested_at_us=clock.now_us(),
    )
    with open_producer(settings, "embedded", clock) as producer:
        producer.produce(SYMBOL_SUBSCRIPTIONS, message)
    return message


def who_hears(settings: SubscriptionSettings, asked: SymbolSubscription) -> str:
    """Return on which log `asked` is, and whether a trades service of its exchange has ever written there."""
    heard = any(
        entry.checkpoint for (exchange, _), entry in pairs_on_log(settings).items() if exchange == asked.exchange
    )
    never = "" if heard else f", where no trades service of {asked.exchange} has written anything yet"
    return f"on {settings.broker_address}{never}"


def pairs_on_log(settings: SubscriptionSettings) -> dict[tuple[str, str], PairOnLog]:
    """Return what the log knows of each (exchange, pair) that streams, did, or is asked for."""
    found: dict[tuple[str, str], PairOnLog] = {}
    for record in read_topic(settings, SYMBOL_SUBSCRIPTIONS):
        request = record.readable_message()
        if isinstance(request, SymbolSubscription):
            entry = found.setdefault((request.exchange, request.pair), PairOnLog())
            entry.requests.pop(request.requester, None)
            if request.wanted:
                entry.requests[request.requester] = request
    for record in read_topic(settings, TRADES_CHECKPOINTS):
        checkpoint = record.readable_message()
        if isinstance(checkpoint, TradesCheckpoint):
            entry = found.setdefault((checkpoint.exchange, checkpoint.pair), PairOnLog())
            entry.checkpoint = checkpoint
            produced_at_us = record.headers.get("produced_at_us") or b""
            entry.checkpointed_at_us = int(produced_at_us) if produced_at_us.isdigit() else 0
    for letter in read_dead_letters(settings, "trades"):
        if letter.headers.get("source_topic") == SYMBOL_SUBSCRIPTIONS.name.encode() and letter.key:
            exchange, pair, *_ = [*letter.key.decode(errors="replace").split(":"), ""]
            if (exchange, pair) in found:
                found[exchange, pair].refusal = (letter.headers.get("error") or b"").decode(errors="replace")
    return {key: entry for key, entry in sorted(found.items()) if entry.requests or entry.checkpoint}


def subscription_rows(settings: SubscriptionSettings, clock: Clock | None = None) -> list[dict[str, Any]]:
    """Return pairs, who asked for them, since when, and what the trades service does about it."""
    now_us = (clock or SystemClock()).now_us()
    known = pairs_on_log(settings)
    newest_us = max((e.checkpoint.covered_to_us for e in known.values() if e.checkpoint), default=0)
    return [
        {
            "exchange": exchange,
            "pair": pair,
            "requesters": entry.requesters,
            "since": iso_utc(min(times_us)) if times_us else None,
            "state": _state(entry, newest_us, now_us),
        }
        for (exchange, pair), entry in known.items()
        for times_us in [[request.requested_at_us for request in entry.requests.values()]]
    ]


def _state(entry: PairOnLog, newest_us: int, now_us: int) -> str:
    if entry.refusal and entry.requests and entry.checkpoint is None:
        return f"refused: {entry.refusal}"
    if entry.checkpoint is None:
        return "waiting for the trades service"
    covered_us = entry.checkpoint.covered_to_us
    if now_us - entry.checkpointed_at_us > _SILENT_US:
        return f"not streaming; complete to {iso_utc(covered_us)}"
    if newest_us - covered_us > _BEHIND_US:
        return f"catching up, {(newest_us - covered_us) / _US_PER_HOUR:.1f} h behind"
    return f"streaming; complete to {iso_utc(covered_us)}"


def _require_currency(settings: SubscriptionSettings, known: dict[tuple[str, str], PairOnLog], pair: str) -> None:
    """Refuse a pair that no account here could trade; where no account is known, every pair is only looked at."""
    traded = {other for account in settings.accounts for other in account.pairs}
    for (_, other), entry in known.items():
        if any(requester.startswith(ACCOUNT_REQUESTER) for requester in entry.requests):
            traded.add(other)
    currencies = sorted({quote_currency(other) for other in traded})
    if traded and quote_currency(pair) not in currencies:
        expected = (
            f"a pair quoted in {' or '.join(currencies)}, as what the accounts trade: {', '.join(sorted(traded))}"
        )
        raise BadInputError("PAIR", expected, pair)


def _is_name(text: str) -> bool:
    return text != "" and text.isprintable()


def _exchange(
    settings: SubscriptionSettings, known: dict[tuple[str, str], PairOnLog], pair: str, given: str | None
) -> str:
    writers = {(exchange, name) for (exchange, name), entry in known.items() if entry.checkpoint}
    of_pair = sorted(exchange for exchange, name in writers if name == pair)
    if of_pair:
        if given not in (None, of_pair[0]):
            raise BadInputError("--exchange", f"{of_pair[0]!r}, which {pair} on this log comes from", given)
        return of_pair[0]
    exchanges = sorted({exchange for exchange, _ in writers})
    if given is None and len(exchanges) > 1:
        raise BadInputError("--exchange", f"one of {', '.join(exchanges)}, which are all on this log", "none")
    configured = settings.trades_exchange_label or settings.trades_exchange
    return given or (exchanges[0] if exchanges else configured)


def _days_back_ms(known: dict[tuple[str, str], PairOnLog], exchange: str, history_days: float, clock: Clock) -> int:
    reached = [e.checkpoint.covered_to_us for (name, _), e in known.items() if name == exchange and e.checkpoint]
    now_ms = max(reached, default=clock.now_us()) // US_PER_MS
    return max(0, now_ms - round(history_days * MS_PER_DAY))
