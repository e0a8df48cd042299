"""What chance makes of a result: of its entries, of the order of its trades, of the market, of costs and waiting."""
