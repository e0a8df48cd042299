"""The processes of a pipeline: which modules, with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.account import Account
from contracts.accounts_settings import AccountsSettings
from contracts.services import FLOW, SERVICE_NAMES, SERVICES, ServiceSpec
from embedded.environment import ENVIRONMENT
from embedded.paper_money import lenient
from embedded.process import ProcessSpec
from predictions.settings import PredictionsSettings
from results.run_folder import RunFolder
from streaming.exit_codes import EXIT_TOO_FEW_ROWS
from streaming.settings import ENV_FILE, ServiceSettings, environment_of, read_settings
from streaming.variables import set_variables
from trades.settings import TradesSettings
from training.settings import TrainingSettings


def group_of(service: str) -> str:
    """Return the consumer group of a service."""
    return f"{service}-{ENVIRONMENT}"


def _metrics_port(service: str) -> dict[str, str]:
    """Return the setting of a service's own port: the first has the one that was asked for, each the next."""
    first = read_settings(ServiceSettings).metrics_port
    port = first + SERVICE_NAMES.index(service) if first and service in SERVICE_NAMES else 0
    return environment_of(ServiceSettings, metrics_port=port)


@dataclass(frozen=True)
class Services:
    """Makes the process specifications of one run.

    Parameters
    ----------
    run_folder
        Where the run lives.
    accounts
        The accounts.
    model
        Which kind of model is trained; nothing where none is.
    seed
        Seed of training.
    trades
        Where trades come from: fields of `TradesSettings` for both variants.
    extra
        More variables that every service is given.
    """

    run_folder: RunFolder
    accounts: tuple[Account, ...]
    model: str
    seed: int
    trades: Mapping[str, Any]
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def progress_file(self) -> Path:
        """How far training is."""
        return self.run_folder.file("training.json")

    @property
    def ready_file(self) -> Path:
        """Which model is served, once one is."""
        return self.run_folder.file("predictions-ready.json")

    def shared(self) -> dict[str, str]:
        """Settings that every service is given.

        Returns
        -------
        dict[str, str]
            Values by environment variable.
        """
        return {
            **environment_of(
                ServiceSettings,
                broker_address=self.run_folder.broker_address,
                environment=ENVIRONMENT,
                data_dir=self.run_folder.work.resolve(),
            ),
            **environment_of(AccountsSettings, accounts=self.accounts),
            # Small linear algebra on a busy machine: one thread per process is faster, and sums in one order.
            "OMP_NUM_THREADS": "1",
            **self.extra,
        }

    def _spec(self, name: str, told: Mapping[str, str] | None = None, **how: Any) -> ProcessSpec:
        shared = {**_metrics_port(how.get("service", name)), **self.shared()}
        return ProcessSpec(name, how.pop("command", (name,)), {**shared, **(told or {})}, **how)

    def _trades(self, name: str, fields: Mapping[str, Any], **how: Any) -> ProcessSpec:
        told = environment_of(TradesSettings, **{**self.trades, **fields})
        return self._spec(name, told, command=("trades",), **how)

    def every(self) -> list[ProcessSpec]:
        """Every process that a run may start, with what all their starts have in common.

        Returns
        -------
        list[ProcessSpec]
            To be looked at, not to be started.
        """
        sources = [self.trades_historical(), self.trades_live(ends=False)]
        return [*sources, *self.flow(), *self.keeping(), self.train(), self.serve()]

    def flow(self) -> list[ProcessSpec]:
        """The services that run from the start to the end, in flow order; without those that wait for a model.

        Returns
        -------
        list[ProcessSpec]
            Not started yet.
        """
        return [
            self._spec(each.name, self._venue(each))
            for each in FLOW
            if each.input is not None and "models" not in each.needs
        ]

    def keeping(self) -> list[ProcessSpec]:
        """The services that keep data for later or trade for real; nothing waits for them.

        Returns
        -------
        list[ProcessSpec]
            Not started yet.
        """
        return [
            self._spec(each.name, self._venue(each))
            for each in SERVICES
            if not each.in_every_run and ("keys" not in each.needs or self._trade_at_venue())
        ]

    def _trade_at_venue(self) -> bool:
        return any(account.broker == "venue" for account in self.accounts)

    def _venue(self, service: ServiceSpec) -> dict[str, str]:
        """Return whose pairs and orders they are, for a service that has to know: signals asks for pairs by it."""
        whose = {name: value for name, value in self.trades.items() if name in ("exchange", "exchange_label")}
        return environment_of(TradesSettings, **whose) if "venue" in service.needs else {}

    def trades_historical(self, **fields: Any) -> ProcessSpec:
        """The job that writes the past.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        return self._trades("trades-historical", {"variant": "historical", **fields}, kind="job", service="trades")

    def trades_live(self, *, ends: bool, **fields: Any) -> ProcessSpec:
        """The live feed; with `ends` it ends by itself and is then done.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        return self._trades("trades", {"variant": "live", **fields}, kind="job" if ends else "service")

    def train(self, until_ms: int | None = None) -> ProcessSpec:
        """The job that trains and registers a model.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        until: dict[str, object] = {} if until_ms is None else {"train_until_ms": until_ms}
        paper = lenient(set_variables(ENV_FILE))
        told = environment_of(
            TrainingSettings, model=self.model, seed=self.seed, progress_file=self.progress_file, **until, **paper
        )
        how = {"kind": "job", "service": "predictions", "final_codes": (EXIT_TOO_FEW_ROWS,)}
        return self._spec("train", told, command=("training",), **how)

    def serve(self) -> ProcessSpec:
        """The service that predicts.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        return self._spec("predictions", environment_of(PredictionsSettings, ready_file=self.ready_file))
