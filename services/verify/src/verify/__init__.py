"""`tradestream verify`: replay the trades of a log through the services and compare what comes out, by message id."""
