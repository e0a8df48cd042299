"""Settings: environment variables and `local.env`, checked once at the start."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import to_json, to_jsonable_python
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from contracts.json_text import RepeatedNameError, decode
from contracts.validation_errors import expectation, shown
from streaming.broker_address import SCHEME
from streaming.errors import SettingsError
from streaming.exit_codes import EXIT_BAD_SETTINGS
from streaming.variables import set_variables, unknown_variables

SHARED_PREFIX = "TRADESTREAM_"
ENV_FILE = "local.env"
_FIRST = "0"
#: Reports more often than this would be most of what is on the log.
_LEAST_REPORT_SECONDS = 0.1

#: How long a service waits in place for brokers that are away: for a message to be taken, for offsets to be
#: committed, and while nothing is to be done. Then it drops what it has not committed, and begins again when they are
#: back (`streaming.service.resuming`). QuixStreams would end it after two minutes, a commit after half of one.
BROKERS_AWAY_SECONDS = 300.0

_BROKER = r"(?:(?:PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)://)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}"
_ADDRESS = re.compile(rf"{SCHEME}.+|{_BROKER}(?:\s*,\s*{_BROKER})*")

#: <consumer group>/<topic>[<partition>]@<offset>
_GO_ON_AT = r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+\[\d+\]@\d+$"

SettingsT = TypeVar("SettingsT", bound="ServiceSettings")


def _shared(name: str, default: Any, description: str, **constraints: Any) -> Any:
    """A field that every service reads from the same variable."""
    return Field(default, validation_alias=SHARED_PREFIX + name, description=description, **constraints)


class _CommaLists:
    """Reads `BTC/USD,ETH/USD` where pydantic-settings wants `["BTC/USD","ETH/USD"]`; takes both."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        text = value.strip() if isinstance(value, str) else value
        if isinstance(text, str) and not text.startswith(("[", "{")) and _is_collection(field.annotation):
            return [part.strip() for part in text.split(",") if part.strip()]
        variable = environment_variable(self.settings_cls, field_name)  # type: ignore[attr-defined]
        try:
            return decode(value)
        except RepeatedNameError as error:
            raise SettingsError(f"  {variable}: expected {error}") from error
        except ValueError as error:
            hint = _hint(self.settings_cls, field_name)  # type: ignore[attr-defined]
            came = shown(variable, value)
            raise SettingsError(f"  {variable}: expected JSON ({error}), was {came}{hint}") from error


#: Variables that settings are read from instead of this process's, where somebody asks how another one would fare.
_INSTEAD: ContextVar[Mapping[str, str] | None] = ContextVar("environment", default=None)


class _Environment(_CommaLists, EnvSettingsSource):
    def _load_env_vars(self) -> Mapping[str, str | None]:
        given = _INSTEAD.get()
        if given is None:
            return super()._load_env_vars()
        return {name.lower(): value for name, value in given.items() if value}


class _EnvFile(_CommaLists, DotEnvSettingsSource):
    def _load_env_vars(self) -> Mapping[str, str | None]:
        return super()._load_env_vars() if _INSTEAD.get() is None else {}


def _is_collection(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_is_collection(choice) for choice in get_args(annotation))
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, Collection) and not issubclass(kind, (str, bytes, dict))


class ServiceSettings(BaseSettings):
    """What every service needs to know; each adds fields of its own under its own prefix.

    Examples
    --------
    >>> class CandlesSettings(ServiceSettings):
    ...     model_config = SettingsConfigDict(env_prefix="CANDLES_")
    ...     intervals_s: tuple[int, ...] = (60, 300)  # CANDLES_INTERVALS_S=60,300
    >>> CandlesSettings(broker_address="embedded://runs/log").broker_address
    'embedded://runs/log'
    """

    model_config = SettingsConfigDict(
        env_prefix=SHARED_PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    broker_address: str = _shared(
        "BROKER_ADDRESS", f"{SCHEME}data/log", "embedded://<folder>, or host:9092 of a Kafka broker", min_length=1
    )
    environment: str = _shared("ENVIRONMENT", "dev", "suffix of every topic name", pattern=r"^[a-z][a-z0-9]*$")
    data_dir: Path = _shared("DATA_DIR", Path("data"), "folder for everything the services keep")
    state_dir: Path | None = _shared(
        "STATE_DIR", None, "folder of the state stores; by default <data_dir>/state/<service>"
    )
    log_level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = _shared(
        "LOG_LEVEL", "INFO", "lowest severity that is logged"
    )
    log_format: Literal["human", "json"] = _shared("LOG_FORMAT", "human", "one line for people, or JSON for machines")
    commit_interval_seconds: float = _shared(
        "COMMIT_INTERVAL_SECONDS", 1.0, "seconds between checkpoints", ge=0, le=300
    )
    commit_every_messages: int = _shared(
        "COMMIT_EVERY_MESSAGES", 0, "messages after which a checkpoint comes earlier; 0 = by time only", ge=0
    )
    processing_guarantee: Literal["at-least-once", "exactly-once"] = _shared(
        "PROCESSING_GUARANTEE", "at-least-once", "exactly-once adds a commit interval of latency per service"
    )
    metrics_port: int = _shared("METRICS_PORT", 0, "port of /metrics and /health; 0 = off", ge=0, le=65_535)
    metrics_host: str = _shared(
        "METRICS_HOST", "127.0.0.1", "address on which it listens; 0.0.0.0 in a container", min_length=1
    )
    report_seconds: float = _shared(
        "REPORT_SECONDS", 10.0, "seconds between reports to service-health, metrics and audit-log; 0 = none", ge=0
    )
    consumer_group: str | None = _shared(
        "CONSUMER_GROUP", None, "consumer group; by default <service>-<environment>", min_length=1
    )
    go_on_at: tuple[Annotated[str, Field(pattern=_GO_ON_AT)], ...] = _shared(
        "GO_ON_AT", (), "after a refusal to start, which says the value: offsets at which to go on with what is left"
    )
    replication_factor: int = _shared("REPLICATION_FACTOR", 1, "replicas of topics created on Kafka", ge=1)
    instance_id: str = _shared(
        "INSTANCE_ID",
        _FIRST,
        "name of this replica on Kafka, the same after a restart",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
    )
    static_membership: bool = _shared(
        "STATIC_MEMBERSHIP",
        True,
        "whether partitions wait for a replica that ended to return; false frees them at once",
    )
    session_timeout_seconds: float = _shared(
        "SESSION_TIMEOUT_SECONDS",
        45.0,
        "seconds after which a silent replica's partitions go to the others",
        ge=6,
        le=1_800,
    )
    broker_patience_seconds: float = _shared(
        "BROKER_PATIENCE_SECONDS",
        BROKERS_AWAY_SECONDS,
        "seconds that messages and commits wait for Kafka before a service begins again where it last committed",
        ge=1,
        le=3_600,
    )
    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] | None = _shared(
        "SECURITY_PROTOCOL", None, "Kafka only: how to connect"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = _shared(
        "SASL_MECHANISM", None, "Kafka only: how the user proves who it is"
    )
    sasl_username: str | None = _shared("SASL_USERNAME", None, "Kafka only: the user")
    sasl_password: SecretStr | None = _shared("SASL_PASSWORD", None, "Kafka only: its password")
    ssl_ca_location: FilePath | None = _shared(
        "SSL_CA_LOCATION", None, "Kafka only: file with the certificate of the broker's authority"
    )
    ssl_certificate_location: FilePath | None = _shared(
        "SSL_CERTIFICATE_LOCATION", None, "Kafka only: file with the client's certificate"
    )
    ssl_key_location: FilePath | None = _shared(
        "SSL_KEY_LOCATION", None, "Kafka only: file with that certificate's key"
    )
    ssl_key_password: SecretStr | None = _shared("SSL_KEY_PASSWORD", None, "Kafka only: password of that key")

    @field_validator("broker_address")
    @classmethod
    def _names_a_log(cls, address: str) -> str:
        if not _ADDRESS.fullmatch(address):
            raise ValueError("the address of a log")
        return address

    @field_validator("report_seconds")
    @classmethod
    def _does_not_flood_the_log(cls, seconds: float) -> float:
        if 0 < seconds < _LEAST_REPORT_SECONDS:
            raise ValueError(f"0, or at least {_LEAST_REPORT_SECONDS}")
        return seconds

    @model_validator(mode="after")
    def _says_who_it_is(self) -> Self:
        """Without this a broker would be asked with half of what it wants, and the answer is a riddle."""
        protocol = self.security_protocol or ""
        for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
            if protocol.startswith("sasl") and getattr(self, name) is None:
                variable = environment_variable(type(self), name)
                raise ValueError(f"{variable} with {SHARED_PREFIX}SECURITY_PROTOCOL={protocol}, was not set")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Constructor arguments, then the environment, then `local.env`.

        Parameters
        ----------
        settings_cls
            The class that is read.
        init_settings
            The constructor's arguments.
        env_settings, dotenv_settings, file_secret_settings
            Pydantic's own sources, which ours stand in for.

        Returns
        -------
        tuple[PydanticBaseSettingsSource, ...]
            The first that has a value wins.
        """
        return init_settings, _Environment(settings_cls), _EnvFile(settings_cls)

    def group_for(self, service: str) -> str:
        """Return the consumer group of `service`.

        Returns
        -------
        str
            `consumer_group`, or the service's name and the environment.
        """
        return self.consumer_group or f"{service}-{self.environment}"

    def state_dir_for(self, service: str) -> Path:
        """Return the folder of the state stores of `service`; another one for every replica on this machine.

        Returns
        -------
        Path
            It need not exist.
        """
        folder = self.state_dir or self.data_dir / "state" / service
        return folder if self.instance_id == _FIRST else folder / f"instance-{self.instance_id}"


def read_settings(cls: type[SettingsT], environment: Mapping[str, str] | None = None) -> SettingsT:
    """Return the settings that the environment gives.

    Parameters
    ----------
    environment
        Read these variables instead of the process's and `local.env`.

    Returns
    -------
    SettingsT
        Checked.

    Raises
    ------
    SettingsError
        Naming each wrong variable, what was expected and what came.
    """
    before = _INSTEAD.set(environment)
    try:
        return cls()
    except ValidationError as error:
        raise SettingsError("\n".join(complaints(cls, error))) from error
    finally:
        _INSTEAD.reset(before)


def load_settings(cls: type[SettingsT]) -> SettingsT:
    """Return the settings, or say what is wrong with them on stderr and exit with code 2.

    Returns
    -------
    SettingsT
        Checked.

    Raises
    ------
    SystemExit
        With `EXIT_BAD_SETTINGS`, if they are wrong.
    """
    try:
        own = {environment_variable(cls, field) for field in cls.model_fields}
        if unknown := unknown_variables(set_variables(ENV_FILE), own):
            raise SettingsError("\n".join(f"  {complaint}" for complaint in unknown))
        return read_settings(cls)
    except SettingsError as error:
        print(f"settings are wrong, not starting:\n{error}", file=sys.stderr)
        raise SystemExit(EXIT_BAD_SETTINGS) from error


def environment_variable(cls: type[BaseModel], field: str) -> str:
    """Return the variable that sets `field`.

    Returns
    -------
    str
        In capitals.

    Examples
    --------
    >>> environment_variable(ServiceSettings, "broker_address")
    'TRADESTREAM_BROKER_ADDRESS'
    """
    info = cls.model_fields.get(field)
    if info is not None and isinstance(info.validation_alias, str):
        return info.validation_alias
    return field if info is None else f"{cls.model_config.get('env_prefix', '')}{field}".upper()


def environment_of(cls: type[BaseModel], **fields: Any) -> dict[str, str]:
    """Return the variables from which `cls` reads `fields`, for a process that is started with them.

    Returns
    -------
    dict[str, str]
        Text by variable.

    Raises
    ------
    TypeError
        If `cls` has no such field.

    Examples
    --------
    >>> environment_of(ServiceSettings, broker_address="embedded://runs/log", metrics_port=9_000)
    {'TRADESTREAM_BROKER_ADDRESS': 'embedded://runs/log', 'TRADESTREAM_METRICS_PORT': '9000'}
    """
    if unknown := sorted(fields.keys() - cls.model_fields):
        raise TypeError(f"{cls.__name__}: expected fields of it, was {', '.join(unknown)}")
    return {environment_variable(cls, name): _as_text(value) for name, value in fields.items()}


def _as_text(value: Any) -> str:
    plain = to_jsonable_python(value)
    return plain if isinstance(plain, str) else to_json(plain).decode()


def complaints(cls: type[BaseSettings], error: ValidationError) -> list[str]:
    """Return a line for each thing that is wrong with settings of `cls`.

    A list that is too short only because its entries were wrong is not worth one.

    Returns
    -------
    list[str]
        Naming the variable, what was expected and what came.
    """
    found: Sequence[Any] = error.errors(include_url=False)
    wrong_inside = {complaint["loc"][0] for complaint in found if len(complaint["loc"]) > 1}
    return [
        _complaint(cls, complaint)
        for complaint in found
        if not (complaint["type"] == "too_short" and complaint["loc"][0] in wrong_inside)
    ]


def _complaint(cls: type[BaseSettings], complaint: Any) -> str:
    expected = expectation(complaint)
    if not complaint[
        "loc"
    ]:  # settings that do not fit together; the message says which, the input would be all of them
        return f"  expected {expected}"
    field, *inside = complaint["loc"]
    variable = environment_variable(cls, str(field))
    hint = _hint(cls, str(field))
    place = "".join(f"[{part}]" for part in inside)
    if complaint["type"] == "missing":
        return f"  {variable}{place}: expected a value, was not set{hint}"
    return f"  {variable}{place}: expected {expected}, was {shown(variable, complaint['input'])}{hint}"


def _hint(cls: type[BaseSettings], field: str) -> str:
    """Return what the setting is for, to be put behind a complaint."""
    info = cls.model_fields.get(field) or next(
        (each for each in cls.model_fields.values() if each.validation_alias == field), None
    )
    return f" ({info.description})" if info is not None and info.description else ""
