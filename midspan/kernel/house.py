"""The platform's top-level packages have plain names; make sure they are really ours.

``config``, ``adapters`` and ``mappings`` are names that another package may have as well. An
environment in which one of them is somebody else's is refused before anything is read.
"""

from importlib.util import find_spec
from pathlib import Path

from midspan.kernel.errors import ConfigurationError, Problem

_OURS = ("adapters", "config", "mappings", "shared_services")


def require_own_packages() -> None:
    """Raise ConfigurationError when a package of ours resolves to somebody else's."""
    root = Path(__file__).resolve().parents[2]
    problems = []
    for name in _OURS:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != root:
            problems.append(
                Problem(
                    "house.foreign_package",
                    origin or root / name,
                    0,
                    0,
                    f"the package '{name}' that Python finds is not Midspan's",
                    "Run Midspan in an environment and a working directory of its own",
                )
            )
    if problems:
        raise ConfigurationError(problems)
