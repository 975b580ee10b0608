"""Midspan inside Airflow: DAGs made from configuration, and the operators they run."""
