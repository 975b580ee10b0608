"""What Airflow shows of this package among its providers."""

from midspan import __version__


def get_provider_info() -> dict[str, object]:
    """Return the provider's metadata in Airflow's own form."""
    return {
        "package-name": "midspan",
        "name": "Midspan",
        "description": "Syncs legacy systems into shared services.",
        "versions": [__version__],
    }
