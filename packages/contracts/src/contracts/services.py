"""The services, in flow order: what each reads and how it runs. Everything that names them follows from this list.

What a service writes stands with the topics (`writers`). A new service is its own folder and one entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.topics import (
    CANDLES,
    CANDLES_FORMING,
    CONTROL,
    FORWARD_TEST_EVENTS,
    MODEL_EVENTS,
    MODEL_QUALITY,
    ORDERS,
    POSITIONS,
    PREDICTIONS,
    PREDICTIONS_SHADOW,
    REFERENCE_CANDLES,
    SIGNALS,
    STRATEGY_CHECKS,
    STRATEGY_SETTINGS,
    SYMBOL_SUBSCRIPTIONS,
    TECHNICAL_INDICATORS,
    TOPICS,
    TRADES,
    TRADES_CHECKPOINTS,
    TopicSpec,
)

Variant = Literal["live", "historical"]
Need = Literal["store", "models", "venue", "keys"]


@dataclass(frozen=True)
class ServiceSpec:
    """A service as every environment has it.

    Parameters
    ----------
    name
        Its package, its image, its Kafka user and, with the environment behind it, its consumer group.
    reads
        Its topics in. The first that is not compacted is its input; compacted ones are read from their beginning.
    variants
        Beside `live`, whether history is a Job of its own.
    needs
        A SQL `store`, the registry of `models`, to be told which `venue` trades come from, or private
        `keys` of it, with which it trades on behalf of accounts: it runs once, and only where an account is there.
    in_every_run
        False for what keeps data for later or trades for real: it runs where trading goes on for long, and nothing
        waits for it.
    looks_back
        Its own topics out of which it reads, at a start, what it has said of windows whose input comes again.
    deployed_as
        Its name in a cluster and in compose, where that is another one.
    """

    name: str
    reads: tuple[TopicSpec, ...]
    variants: tuple[Variant, ...] = ("live",)
    needs: tuple[Need, ...] = ()
    in_every_run: bool = True
    looks_back: tuple[TopicSpec, ...] = ()
    deployed_as: str = ""

    @property
    def app(self) -> str:
        """What a cluster calls it."""
        return self.deployed_as or self.name

    @property
    def inputs(self) -> tuple[TopicSpec, ...]:
        """The topics whose messages its output follows from, the one that drives it first; none for a source."""
        return tuple(spec for spec in self.reads if spec.cleanup_policy != "compact" and not spec.operational)

    @property
    def input(self) -> TopicSpec | None:
        """The topic that drives it; None for a source."""
        return next(iter(self.inputs), None)

    @property
    def writes(self) -> tuple[TopicSpec, ...]:
        """Its topics out, in flow order."""
        return tuple(spec for spec in TOPICS if self.name in spec.writers)


SERVICES: tuple[ServiceSpec, ...] = (
    ServiceSpec("trades", (TRADES_CHECKPOINTS, SYMBOL_SUBSCRIPTIONS), ("live", "historical"), ("venue",)),
    ServiceSpec("candles", (TRADES, TRADES_CHECKPOINTS), ("live", "historical"), ("store",)),
    ServiceSpec(
        "indicators",
        (CANDLES, REFERENCE_CANDLES, CANDLES_FORMING, TRADES_CHECKPOINTS),
        ("live", "historical"),
        ("store",),
        deployed_as="technical-indicators",
    ),
    ServiceSpec(
        "predictions",
        (TECHNICAL_INDICATORS,),
        needs=("store", "models"),
        looks_back=(PREDICTIONS, PREDICTIONS_SHADOW, MODEL_EVENTS, MODEL_QUALITY),
    ),
    ServiceSpec(
        "signals",
        (
            TECHNICAL_INDICATORS,
            PREDICTIONS,
            SYMBOL_SUBSCRIPTIONS,
            STRATEGY_SETTINGS,
            STRATEGY_CHECKS,
            FORWARD_TEST_EVENTS,
        ),
        needs=("store", "venue"),
        looks_back=(SIGNALS,),
    ),
    ServiceSpec("execution", (SIGNALS,), needs=("store",)),
    ServiceSpec("gateway", (ORDERS, CONTROL, POSITIONS), needs=("venue", "keys"), in_every_run=False),
    ServiceSpec("history", (TRADES,), in_every_run=False),
)
SERVICE_NAMES: tuple[str, ...] = tuple(each.name for each in SERVICES)
#: The services that trading needs, source first.
FLOW: tuple[ServiceSpec, ...] = tuple(each for each in SERVICES if each.in_every_run)
FLOW_NAMES: tuple[str, ...] = tuple(each.name for each in FLOW)
#: Service -> its input, in flow order, without the source: what is waited for when a run drains.
INPUTS: dict[str, TopicSpec] = {each.name: each.input for each in FLOW if each.input is not None}


def service(name: str) -> ServiceSpec:
    """Return the service called `name`.

    Returns
    -------
    ServiceSpec
        With what it reads and writes.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {each.name: each for each in SERVICES}[name]


def readers_of(spec: TopicSpec) -> tuple[str, ...]:
    """Return the services that read a topic, in flow order.

    Returns
    -------
    tuple[str, ...]
        Names of services.

    Examples
    --------
    >>> readers_of(TRADES)
    ('candles', 'history')
    """
    return tuple(each.name for each in SERVICES if spec in each.reads)


def may_read(spec: TopicSpec) -> tuple[str, ...]:
    """Return the services that need the permission to read a topic, in flow order.

    Returns
    -------
    tuple[str, ...]
        Its readers, and who looks back at what it wrote itself.

    Examples
    --------
    >>> may_read(PREDICTIONS)
    ('predictions', 'signals')
    """
    return tuple(each.name for each in SERVICES if spec in (*each.reads, *each.looks_back))


def up_to(name: str) -> tuple[str, ...]:
    """Return the services whose work `name` needs, in flow order, the source left out, itself the last.

    Returns
    -------
    tuple[str, ...]
        Names of services.

    Examples
    --------
    >>> up_to("predictions")
    ('candles', 'indicators', 'predictions')
    """
    before = {each for spec in service(name).inputs for each in up_to(spec.written_by)}
    needed = before | ({name} if service(name).inputs else set())
    return tuple(each.name for each in SERVICES if each.name in needed)
