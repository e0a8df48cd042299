"""Which proxy a call goes through: none to this machine, otherwise the one that the environment names."""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import urlsplit

#: As websockets asks for it: `wss` goes the way of `https`.
_SCHEMES = {"ws": "http", "wss": "https"}


def is_loopback(url: str) -> bool:
    """Return whether `url` leads to this machine, which no proxy can reach.

    Returns
    -------
    bool
        True for localhost and the addresses of the loopback interface.

    Examples
    --------
    >>> is_loopback("http://127.0.0.1:9000/x"), is_loopback("ws://[::1]:9000"), is_loopback("wss://ws.kraken.com/v2")
    (True, True, False)
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def through(url: str) -> str:
    """Return words on the proxy between here and `url`, for an error; nothing where there is none.

    Returns
    -------
    str
        Such as `` (through the proxy proxy.example:3128)``: without the user and password that its address may hold.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(url) or urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(_SCHEMES.get(parts.scheme, parts.scheme)) or proxies.get("all")
    if not proxy:
        return ""
    return f" (through the proxy {urlsplit(proxy if '://' in proxy else f'//{proxy}').netloc.rpartition('@')[2]})"
