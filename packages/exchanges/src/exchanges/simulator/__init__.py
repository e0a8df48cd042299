"""A simulated market and accounts behind REST and WebSocket of Kraken, Coinbase and Binance.

`python -m exchanges.simulator` runs it as a process; tests use ``async with simulator(settings) as urls``.
"""

from exchanges.simulator.faults import Fault
from exchanges.simulator.server import SimulatorUrls, simulator
from exchanges.simulator.settings import SimulatorSettings

__all__ = ["Fault", "SimulatorSettings", "SimulatorUrls", "simulator"]
