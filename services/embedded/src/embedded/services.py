"""The processes of a pipeline: which modules, with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.account import Account
from contracts.services import FLOW, SERVICES
from embedded.process import ProcessSpec
from results.run_folder import RunFolder
from training.exit_codes import EXIT_TOO_FEW_ROWS

ENVIRONMENT = "dev"


def group_of(service: str) -> str:
    """Return the consumer group of a service."""
    return f"{service}-{ENVIRONMENT}"


@dataclass(frozen=True)
class Services:
    """Makes the process specifications of one run.

    Parameters
    ----------
    run_folder
        Where the run lives.
    accounts
        The paper accounts.
    model
        Which kind of model is trained; nothing where none is.
    seed
        Seed of training.
    trades
        Where trades come from: `TRADES_*` settings of both variants.
    extra
        More settings that every service is given.
    """

    run_folder: RunFolder
    accounts: tuple[Account, ...]
    model: str
    seed: int
    trades: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)

    def shared(self) -> dict[str, str]:
        """Settings that every service is given.

        Returns
        -------
        dict[str, str]
            Values by environment variable.
        """
        accounts = ",".join(account.model_dump_json() for account in self.accounts)
        return {
            "TRADESTREAM_BROKER_ADDRESS": self.run_folder.broker_address,
            "TRADESTREAM_ENVIRONMENT": ENVIRONMENT,
            "TRADESTREAM_DATA_DIR": str(self.run_folder.work.resolve()),
            "TRADESTREAM_ACCOUNTS": f"[{accounts}]",
            # Small linear algebra on a busy machine: one thread per process is faster, and sums in one order.
            "OMP_NUM_THREADS": "1",
            **self.extra,
        }

    def _spec(self, name: str, *command: str, **settings: str) -> ProcessSpec:
        return ProcessSpec(name, command or (name,), {**self.shared(), **settings})

    def flow(self) -> list[ProcessSpec]:
        """The services that run from the start to the end, in flow order; without those that wait for a model.

        Returns
        -------
        list[ProcessSpec]
            Not started yet.
        """
        # Signals asks for its accounts' pairs, so it has to know whose they are.
        venue = {name: value for name, value in self.trades.items() if name.startswith("TRADES_EXCHANGE")}
        return [
            self._spec(each.name, **(venue if "venue" in each.needs else {}))
            for each in FLOW
            if each.input is not None and "models" not in each.needs
        ]

    def keeping(self) -> list[ProcessSpec]:
        """The services that keep data for later; nothing waits for them.

        Returns
        -------
        list[ProcessSpec]
            Not started yet.
        """
        return [self._spec(each.name) for each in SERVICES if not each.in_every_run]

    def trades_historical(self, settings: Mapping[str, str]) -> ProcessSpec:
        """The job that writes the past.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        environment = {**self.shared(), **self.trades, "TRADES_VARIANT": "historical", **settings}
        return ProcessSpec("trades-historical", ("trades",), environment, kind="job", service="trades")

    def trades_live(self, settings: Mapping[str, str], ends: bool) -> ProcessSpec:
        """The live feed; with `ends` it ends by itself and is then done.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        environment = {**self.shared(), **self.trades, "TRADES_VARIANT": "live", **settings}
        return ProcessSpec("trades", ("trades",), environment, kind="job" if ends else "service")

    def train(self, until_ms: int | None = None) -> ProcessSpec:
        """The job that trains and registers a model.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        environment = {
            **self.shared(),
            "PREDICTIONS_MODEL": self.model,
            "PREDICTIONS_SEED": str(self.seed),
            "PREDICTIONS_PROGRESS_FILE": str(self.run_folder.file("training.json")),
        }
        if until_ms is not None:
            environment["PREDICTIONS_TRAIN_UNTIL_MS"] = str(until_ms)
        return ProcessSpec(
            "train",
            ("training",),
            environment,
            kind="job",
            service="predictions",
            final_codes=(EXIT_TOO_FEW_ROWS,),
        )

    def serve(self) -> ProcessSpec:
        """The service that predicts.

        Returns
        -------
        ProcessSpec
            Not started yet.
        """
        ready_file = str(self.run_folder.file("predictions-ready.json"))
        return self._spec("predictions", PREDICTIONS_READY_FILE=ready_file)
