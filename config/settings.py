"""Where this installation keeps and finds things; from the environment alone.

===========================  ====================================================================
``MIDSPAN_HOME``             project folder (config/, mappings/, dags/); default: the current
                             folder where it holds ``config/systems``, else the checkout
``MIDSPAN_STATE``            folder for stores and files of this installation; default HOME/var
``MIDSPAN_STORE_URL``        PostgreSQL URL of the centers' stores; default SQLite under STATE
``MIDSPAN_AMQP_URL``         broker; default amqp://guest:guest@127.0.0.1:5672/
``MIDSPAN_AMQP_NAMESPACE``   first word of exchanges and queues; default ``midspan``
===========================  ====================================================================
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_AMQP_URL = "amqp://guest:guest@127.0.0.1:5672/"


@dataclass(frozen=True, slots=True)
class Settings:
    """An installation's settings; ``store_url`` is None for the embedded SQLite stores."""

    home: Path
    state: Path
    store_url: str | None
    amqp_url: str
    amqp_namespace: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment; unset names take their defaults."""
        env = os.environ if environ is None else environ
        home = Path(env.get("MIDSPAN_HOME") or _default_home()).resolve()
        return cls(
            home=home,
            state=Path(env.get("MIDSPAN_STATE") or home / "var").resolve(),
            store_url=env.get("MIDSPAN_STORE_URL") or None,
            amqp_url=env.get("MIDSPAN_AMQP_URL") or DEFAULT_AMQP_URL,
            amqp_namespace=env.get("MIDSPAN_AMQP_NAMESPACE") or "midspan",
        )


def _default_home() -> Path:
    here = Path.cwd()
    return here if (here / "config" / "systems").is_dir() else Path(__file__).parent.parent
