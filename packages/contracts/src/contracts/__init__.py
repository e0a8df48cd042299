"""The words every part of Tradestream shares: messages, topics, features, units, clock, errors."""
