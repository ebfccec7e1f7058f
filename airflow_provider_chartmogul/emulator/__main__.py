"""``python -m airflow_provider_chartmogul.emulator``."""

from airflow_provider_chartmogul.emulator.cli import main

raise SystemExit(main())
