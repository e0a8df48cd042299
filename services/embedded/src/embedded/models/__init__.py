"""`tradestream models`: models of one's own, and which version is served."""
