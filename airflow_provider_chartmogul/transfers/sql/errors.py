"""What may be told of a failure of a database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.databases import error_codes
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulError, ChartMogulLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

# No retry mends them: insufficient privilege, no such schema, a database that is read only, a column of another type.
_HOPELESS = ("42501", "3F000", "25006", "42804", "SQLITE_READONLY", "CatalogException")


class UnfitValueError(Exception):
    """A database cannot store a value; the text names its column and never quotes it."""


class OvertakenError(Exception):
    """What was staged belongs to a newer try of the load."""

    def __init__(self) -> None:
        super().__init__("another try of this load is under way")


@contextmanager
def failing_as(table: str, step: str) -> Iterator[None]:
    """Turn whatever a driver raises into one error that names table, step and code, and never a value.

    :param table: name of the target table, for people.
    :param step: what is being done, as a participle.
    """
    try:
        yield
    except ChartMogulError:
        raise
    except (UnfitValueError, OvertakenError) as err:
        raise ChartMogulLoadError(f"Loading into {table} failed while {step}: {err}") from None
    except Exception as err:  # noqa: BLE001 - what a driver raises is not always its own kind of error
        codes = error_codes(err)
        kind = ChartMogulConfigError if any(code.startswith(_HOPELESS) for code in codes) else ChartMogulLoadError
        # drivers quote rows in their messages: neither text nor cause may pass
        raise kind(f"Loading into {table} failed while {step}: {' '.join(codes)}") from None
