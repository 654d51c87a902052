"""Web addresses: how to show one without its password, and whether a redirect is safe."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def without_password(url: str) -> str:
    """Return an address as it may be printed: without the user's name and password in it."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=host))
    except ValueError:  # it is no address
        return url.rpartition("@")[2]


def loses_protection(asked: str, answered: str) -> bool:
    """Tell whether a request that began encrypted has been sent on to an address that is not."""
    return asked.lower().startswith("https:") and not answered.lower().startswith("https:")
