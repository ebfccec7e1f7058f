"""Hooks: from an Airflow connection to a ChartMogul client."""
