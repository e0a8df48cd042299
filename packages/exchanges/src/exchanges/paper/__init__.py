"""The paper broker: what a market order would have cost."""

from exchanges.paper.broker import PaperBroker

__all__ = ["PaperBroker"]
