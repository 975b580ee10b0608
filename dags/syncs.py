"""Every sync of the project as a DAG; see ``midspan.orchestration.factory``."""

from config.settings import Settings
from midspan.orchestration.factory import build_dags

globals().update(build_dags(Settings.from_environment().home))
