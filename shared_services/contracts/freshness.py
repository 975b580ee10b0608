"""How old an answer's data may be: said by the caller, judged by whoever answers."""

from datetime import datetime

from midspan.kernel.errors import RemoteError


def require_fresh(as_of: datetime | None, max_staleness: float | None, now: datetime) -> None:
    """Raise RemoteError ``rpc.too_stale`` for data older than ``max_staleness`` seconds.

    ``as_of`` is the time of the data, None before the first sync; the error tells it, so that
    the caller may decide to take it after all. Asking again does not help by itself.
    """
    if max_staleness is None:
        return
    if as_of is None:
        raise _too_stale("nothing was synced yet", as_of, max_staleness)
    age = (now - as_of).total_seconds()
    if age > max_staleness:
        raise _too_stale(f"the data is {age:.0f} s old", as_of, max_staleness)


def _too_stale(what: str, as_of: datetime | None, max_staleness: float) -> RemoteError:
    return RemoteError(
        "rpc.too_stale",
        f"{what}, and at most {max_staleness:g} s were asked for",
        detail={"as_of": as_of.isoformat() if as_of else None, "max_staleness": max_staleness},
    )
