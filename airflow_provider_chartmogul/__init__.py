"""Apache Airflow provider for ChartMogul subscription analytics."""

__version__ = "0.1.0"
