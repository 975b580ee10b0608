"""Holds no DAG: raises every error of configuration and mappings, which Airflow shows as one."""

from config.settings import Settings
from midspan.sync.mapped import require_sound_files

require_sound_files(Settings.from_environment().home)
