"""Coinbase Advanced Trade: public REST and WebSocket, and the private ones.

What it gives: trades in batches of about 250 ms, a snapshot of the newest on subscribing, a heartbeat a second with
the venue's time, and a number on each message of a connection, so that a lost one is noticed.

What it does not give, and what follows:

* Trade ids of a product are consecutive in every recording at hand, but Coinbase does not promise it. A hole is
  treated as lost data: REST is asked, and what it does not have makes the candle a `gap`. Were the ids ever to have
  holes by nature, every candle would say so.
* `side` is the maker's, as Coinbase documents for its exchange feed; a trade's side here is the taker's, the other.
* REST pages by whole seconds, newest first, a thousand trades at most: of a second with more than a thousand the
  oldest cannot be had; a bad row says so, and the candle is a `gap`.
* Products that are another name of a book (BTC-USDC of BTC-USD) are refused: their trades come under that name.
"""
