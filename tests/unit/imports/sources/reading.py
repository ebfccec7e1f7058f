"""Write files and read sources in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.imports.sources import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_chartmogul.imports.given import Given


def given(spec: object, kind: str | None = "customers", **options: Any) -> list[Given]:
    return list(open_source(kind, spec, **options))


def records(spec: object, kind: str | None = "customers", **options: Any) -> list[Any]:
    """Return the records of a source that has nothing bad in it."""
    found = given(spec, kind, **options)
    assert [one for one in found if one.problems or one.text] == []
    return [one.record for one in found]


def mapped(mapping: dict[str, Any], *rows: dict[str, Any], kind: str = "customers") -> list[Any]:
    """Return the records that a mapping makes of rows."""
    return records(list(rows), kind, mapping=mapping)


def problems(spec: object, kind: str | None = "customers", **options: Any) -> list[tuple[str, str, str]]:
    """Return place, field and message of all that is wrong."""
    return [
        (one.place, problem.field, problem.message) for one in given(spec, kind, **options) for problem in one.problems
    ]


def written(folder: Path, name: str, data: bytes) -> str:
    """Return the path of a new file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)
