"""The paper broker: what would have become of an order."""

from exchanges.paper.broker import PaperBroker

__all__ = ["PaperBroker"]
