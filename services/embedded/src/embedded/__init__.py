"""All services on one machine, supervised; the tradestream command."""
