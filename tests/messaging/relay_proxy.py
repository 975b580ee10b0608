"""A fault proxy in front of the broker, by its URL."""

from urllib.parse import urlsplit

from adapters.testing.proxy import FaultProxy


class RelayProxy(FaultProxy):
    """Forwards to the broker of ``url``; ``self.url`` leads through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        super().__init__((parts.hostname or "127.0.0.1", parts.port or 5672))
        credentials = parts.netloc.rpartition("@")[0]
        host, port = self.address
        self.url = f"amqp://{credentials}@{host}:{port}{parts.path}"
