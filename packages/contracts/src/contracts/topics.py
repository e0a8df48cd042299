"""The topics, in the order in which a trade flows through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from contracts.audit_event import AuditEvent
from contracts.candle import Candle
from contracts.candle_mark import CandleMark
from contracts.end_of_history import EndOfHistory
from contracts.feature_row import FeatureRow
from contracts.feed_outage import FeedOutage
from contracts.fill import Fill
from contracts.forming_candle import FormingCandle
from contracts.forming_row import FormingRow
from contracts.forward_test_event import ForwardTestEvent
from contracts.heartbeat import Heartbeat
from contracts.message import Message, bad_message
from contracts.model_event import ModelEvent
from contracts.model_quality import ModelQuality
from contracts.operator_command import OperatorCommand
from contracts.order import Order
from contracts.order_report import OrderReport
from contracts.pnl import Pnl
from contracts.position import Position
from contracts.prediction import Prediction
from contracts.reference_candle import ReferenceCandle
from contracts.risk_alert import RiskAlert
from contracts.service_health import ServiceHealth
from contracts.service_metrics import ServiceMetrics
from contracts.shadow_prediction import ShadowPrediction
from contracts.signal import Signal
from contracts.strategy_check import StrategyCheck
from contracts.strategy_setting import StrategySetting
from contracts.symbol_subscription import SymbolSubscription
from contracts.trade_frame import TradeFrame
from contracts.trades_checkpoint import TradesCheckpoint
from contracts.units import MS_PER_DAY

FOREVER = -1
_30_DAYS = 30 * MS_PER_DAY
_7_DAYS = 7 * MS_PER_DAY
#: `written_by` of what every service writes.
EVERY_SERVICE = "every service"
#: Of what people write, by commands, as Kafka's operator: no service has it, so it needs no permissions of its own.
OPERATORS = "operators"


@dataclass(frozen=True)
class TopicSpec:
    """A topic as every environment has it.

    Parameters
    ----------
    name
        Name without the environment's suffix.
    messages
        The message classes it carries; several are told apart by their `type` field.
    key
        What the topic is keyed by.
    written_by
        A service; who reads it says so itself (`contracts.services`).
    also_written_by
        Others that write it, services or `OPERATORS`.
    given
        Of `messages`, those that do not follow from the trades: a replay takes them as they are, each at its place
        among the others of its key.
    partitions
        On Kafka; all inputs of a service have the same number. The embedded log uses one.
    retention_ms
        Milliseconds by message timestamp, or `FOREVER`. Backfilled messages carry their true event time, which may be
        years old: a topic that history flows through must keep forever, or Kafka deletes it on arrival.
    cleanup_policy
        Kafka's.
    operational
        It carries facts of the wall clock about the running system, or partial bars for screens: no
        part of what a replay must reproduce, and not exported.
    not_replayed
        Why a replay of the trades does not write it again; empty if it does.
    """

    name: str
    messages: tuple[type[Message], ...]
    key: Literal[
        "pair", "account", "model", "exchange:pair", "exchange:pair:requester", "setting", "check", "service"
    ]
    written_by: str
    partitions: int = 6
    retention_ms: int = FOREVER
    cleanup_policy: Literal["delete", "compact"] = "delete"
    operational: bool = False
    not_replayed: str = ""
    also_written_by: tuple[str, ...] = ()
    given: tuple[type[Message], ...] = ()

    @property
    def writers(self) -> tuple[str, ...]:
        """Everybody who writes it, the one whose topic it is first."""
        return (self.written_by, *self.also_written_by)

    def full_name(self, environment: str) -> str:
        """Return the topic's name in `environment`.

        Returns
        -------
        str
            As Kafka and the embedded log know it.

        Examples
        --------
        >>> TRADES.full_name("dev")
        'trades-dev'
        """
        return f"{self.name}-{environment}"

    @cached_property
    def _decoder(self) -> Callable[[bytes], Message]:
        if len(self.messages) == 1:
            return self.messages[0].from_json
        union: Any = Annotated[_union(self.messages), Field(discriminator="type")]
        adapter: TypeAdapter[Message] = TypeAdapter(union)

        def decode(data: bytes) -> Message:
            try:
                return adapter.validate_json(data)
            except ValidationError as error:
                raise bad_message(self.name, error) from error

        return decode

    def decode(self, data: bytes) -> Message:
        """Read and check a message of this topic.

        Returns
        -------
        Message
            One of `messages`.

        Raises
        ------
        contracts.errors.BadMessageError
            Naming the field, what was expected and what came.
        """
        return self._decoder(data)


def _union(classes: tuple[type[Message], ...]) -> Any:
    combined: Any = classes[0]
    for cls in classes[1:]:
        combined = combined | cls
    return combined


TRADES = TopicSpec(
    "trades",
    (TradeFrame, Heartbeat, FeedOutage, EndOfHistory),
    key="pair",
    written_by="trades",
    not_replayed="the input",
)
TRADES_CHECKPOINTS = TopicSpec(
    "trades-checkpoints",
    (TradesCheckpoint,),
    key="exchange:pair",
    written_by="trades",
    partitions=1,
    cleanup_policy="compact",
    not_replayed="how far the feed has come, not what it brought",
)
CANDLES = TopicSpec("candles", (Candle,), key="pair", written_by="candles")
#: Its key is the pair that is compared, not the one whose candle it is: it lies beside that pair's own candles.
REFERENCE_CANDLES = TopicSpec("reference-candles", (ReferenceCandle,), key="pair", written_by="candles")
CANDLES_FORMING = TopicSpec(
    "candles-forming",
    (FormingCandle,),
    key="pair",
    written_by="candles",
    retention_ms=MS_PER_DAY,
    operational=True,
    not_replayed="moments for screens, which depend on how trades came",
)
TECHNICAL_INDICATORS = TopicSpec("technical_indicators", (FeatureRow,), key="pair", written_by="indicators")
INDICATORS_FORMING = TopicSpec(
    "indicators-forming",
    (FormingRow,),
    key="pair",
    written_by="indicators",
    retention_ms=MS_PER_DAY,
    operational=True,
    not_replayed="the same of features",
)
PREDICTIONS = TopicSpec("predictions", (Prediction,), key="pair", written_by="predictions")
#: What a challenger says of the same rows: for people who compare, no service reads it.
PREDICTIONS_SHADOW = TopicSpec("predictions-shadow", (ShadowPrediction,), key="pair", written_by="predictions")
#: All that execution learns, in one order for each account: decisions, prices, what venues and operators say.
SIGNALS = TopicSpec(
    "signals",
    (Signal, CandleMark, OrderReport, OperatorCommand, ForwardTestEvent),
    key="account",
    written_by="signals",
    also_written_by=("gateway", OPERATORS),
    given=(OrderReport, OperatorCommand, ForwardTestEvent),
)
ORDERS = TopicSpec("orders", (Order,), key="account", written_by="execution")
FILLS = TopicSpec("fills", (Fill,), key="account", written_by="execution")
POSITIONS = TopicSpec("positions", (Position,), key="account", written_by="execution")
PNL = TopicSpec("pnl", (Pnl,), key="account", written_by="execution")
RISK_ALERTS = TopicSpec("risk-alerts", (RiskAlert,), key="account", written_by="execution")
MODEL_EVENTS = TopicSpec(
    "model-events",
    (ModelEvent,),
    key="model",
    written_by="predictions",
    partitions=1,
    not_replayed="training is not replayed; the versions it made are fetched from the registry",
)
MODEL_QUALITY = TopicSpec(
    "model-quality",
    (ModelQuality,),
    key="model",
    written_by="predictions",
    partitions=1,
    not_replayed="its windows begin where predictions did, which a part of a log does not say",
)
SYMBOL_SUBSCRIPTIONS = TopicSpec(
    "symbol-subscriptions",
    (SymbolSubscription,),
    key="exchange:pair:requester",
    written_by="signals",
    partitions=1,
    cleanup_policy="compact",
    not_replayed="what people and services asked for, at a wall clock's time",
    also_written_by=(OPERATORS,),
)
#: The last word on each account, for what looks at it right before it sends something to a venue.
CONTROL = TopicSpec(
    "control",
    (OperatorCommand,),
    key="account",
    written_by=OPERATORS,
    partitions=1,
    cleanup_policy="compact",
    not_replayed="what operators said, at a wall clock's time",
)
#: Read from its beginning by each process of signals, and kept: each setting has a key of its own.
STRATEGY_SETTINGS = TopicSpec(
    "strategy-settings",
    (StrategySetting,),
    key="setting",
    written_by=OPERATORS,
    partitions=1,
    cleanup_policy="compact",
    not_replayed="what operators set, at a wall clock's time; from which candle it held the signals say",
)
#: Verdicts on strategies' files, with their texts: what `signals` has loaded, it can load again.
STRATEGY_CHECKS = TopicSpec(
    "strategy-checks",
    (StrategyCheck,),
    key="check",
    written_by="signals",
    partitions=1,
    cleanup_policy="compact",
    not_replayed="when files were read, at a wall clock's time; from which candle they decided the signals say",
    also_written_by=(OPERATORS,),
)
#: The last word on each forward test, read as settings are; its start is on `signals`, too.
FORWARD_TEST_EVENTS = TopicSpec(
    "forward-test-events",
    (ForwardTestEvent,),
    key="account",
    written_by=OPERATORS,
    partitions=1,
    cleanup_policy="compact",
    not_replayed="what operators started and stopped, at a wall clock's time; with which candle the signals say",
)

SERVICE_HEALTH = TopicSpec(
    "service-health",
    (ServiceHealth,),
    key="service",
    written_by=EVERY_SERVICE,
    partitions=1,
    retention_ms=_7_DAYS,
    operational=True,
    not_replayed="how the processes fare, by a wall clock",
)
METRICS = TopicSpec(
    "metrics",
    (ServiceMetrics,),
    key="service",
    written_by=EVERY_SERVICE,
    partitions=1,
    retention_ms=MS_PER_DAY,
    operational=True,
    not_replayed="the same in numbers",
)
AUDIT_LOG = TopicSpec(
    "audit-log",
    (AuditEvent,),
    key="service",
    written_by=EVERY_SERVICE,
    partitions=1,
    operational=True,
    not_replayed="who did what, by a wall clock",
)

#: All of the above, in the order in which they stand there.
TOPICS: tuple[TopicSpec, ...] = tuple(value for value in list(globals().values()) if isinstance(value, TopicSpec))

#: Dead letters keep the original bytes, so they have a name and no schema.
DEAD_LETTERS_PREFIX = "dead-letters"
DEAD_LETTERS_RETENTION_MS = _30_DAYS


def dead_letters_name(service: str, environment: str) -> str:
    """Return the dead-letter topic of `service` in `environment`.

    Returns
    -------
    str
        Such as ``dead-letters.candles-dev``.
    """
    return f"{DEAD_LETTERS_PREFIX}.{service}-{environment}"


def dead_letters_spec(service: str) -> TopicSpec:
    """Return the dead-letter topic of `service`; what is on it is what came, so it has no message class.

    Returns
    -------
    TopicSpec
        One partition, kept for `DEAD_LETTERS_RETENTION_MS`.
    """
    return TopicSpec(
        f"{DEAD_LETTERS_PREFIX}.{service}",
        (),
        key="pair",
        written_by=service,
        partitions=1,
        retention_ms=DEAD_LETTERS_RETENTION_MS,
    )


def topic(name: str) -> TopicSpec:
    """Return the topic called `name`.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {spec.name: spec for spec in TOPICS}[name]
