"""Every sync of the project as an Airflow DAG; see ``midspan.orchestration.factory``.

Airflow's safe mode parses only files in which both its name and the word dag stand.
"""

from config.settings import Settings
from midspan.orchestration.factory import build_dags

globals().update(build_dags(Settings.from_environment().home))
