"""Registers the fixtures that are real servers: broker, ERP, CRM, Airflow, databases."""

pytest_plugins = [
    "tests.fixtures_airflow",
    "tests.fixtures_broker",
    "tests.fixtures_crm",
    "tests.fixtures_erp",
    "tests.fixtures_sql",
    "tests.fixtures_store",
]
