"""Binance spot: public REST and WebSocket, and the private ones.

What it gives: every trade at once, with consecutive ids per symbol, and old trades from any id on.

What it does not give, and what follows:

* No frame of a quiet connection carries the venue's time. The feed reads it over REST, then asks the WebSocket what
  it streams: whatever was matched before that time has come before the answer. That is a heartbeat.
* No snapshot on subscribing, and an unknown symbol is acknowledged like a known one. What a pair starts with comes
  from REST, and names are checked against the list of symbols before they are subscribed.
* Times are whole milliseconds.
* A connection lives 24 hours; the feed connects anew and repairs, as after any loss.
"""
