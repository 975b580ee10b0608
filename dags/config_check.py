"""Holds no DAG: raises every configuration error, so that Airflow shows them all as one."""

from config.loader import load_project
from config.settings import Settings

load_project(Settings.from_environment().home)
