"""What a verb begins with: the installation's settings, and the project they name, checked."""

from typing import TYPE_CHECKING

from config.settings import Settings
from midspan.kernel.house import require_own_packages

if TYPE_CHECKING:
    from midspan.sync.project import Project


def open_settings() -> Settings:
    """Return the settings of the environment; refuse one whose packages are not ours."""
    require_own_packages()
    return Settings.from_environment()


def open_project() -> "Project":
    """Return the project; raise ConfigurationError with everything that is wrong in it."""
    from midspan.sync.project import assemble

    return assemble(open_settings())
