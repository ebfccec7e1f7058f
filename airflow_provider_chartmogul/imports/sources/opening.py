"""Say what a source is from plain data, and open it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Final

from airflow_provider_chartmogul.client.fields import SINGLE, Problem
from airflow_provider_chartmogul.imports.given import Given
from airflow_provider_chartmogul.imports.records import INPUT_KINDS
from airflow_provider_chartmogul.imports.sources.conversions import typed_text
from airflow_provider_chartmogul.imports.sources.files import FORMATS, read_files
from airflow_provider_chartmogul.imports.sources.ids import ids_as_text
from airflow_provider_chartmogul.imports.sources.inline import read_inline
from airflow_provider_chartmogul.imports.sources.letters import given_of_letter
from airflow_provider_chartmogul.imports.sources.mapping import Mapper, compiled
from airflow_provider_chartmogul.imports.sources.rows import Columns, Reader, Row
from airflow_provider_chartmogul.imports.sources.shapes import BULK_SHAPES, Shapes
from airflow_provider_chartmogul.imports.sources.sql import read_sql

Sound = Callable[[Any], Any]
"""Takes a record as it was given, returns it as the API has it."""

log = logging.getLogger(__name__)

_KEYS: Final = {
    "path": ("path", "conn_id", "format", "mapping"),
    "sql": ("sql", "conn_id", "parameters", "mapping"),
}


def open_source(
    kind: str | None,
    spec: object,
    *,
    path_conn_id: str | None = None,
    sql_conn_id: str | None = None,
    mapping: Mapping[str, Any] | None = None,
    name: str = "",
    shapes: Shapes = BULK_SHAPES,
) -> Iterator[Given]:
    """Return the records of a source, which is read while they are taken, a page at a time.

    :param kind: kind of the records. ``None``: each is ``{"kind": …, "record": {…}}``, as rejected ones are written;
        ``"replace": true`` may be with it, and further keys are ignored.
    :param spec: a list of records, or a record; a path, a folder or a glob of files, or a list of these; the text of a
        query, if there is a ``sql_conn_id``; ``{"path": …, "conn_id": …, "format": "jsonl|csv|parquet",
        "mapping": …}``; or ``{"sql": …, "conn_id": …, "parameters": …, "mapping": …}``.
    :param path_conn_id: Airflow connection of the object storage, where ``spec`` names none.
    :param sql_conn_id: Airflow connection of the database, where ``spec`` names none.
    :param mapping: how fields of the API are made of columns, where ``spec`` does not say it.
    :param name: of the argument that ``spec`` was given as.
    :param shapes: what records look like; by default, as a bulk import takes them.
    :return: the records; whole numbers are text where the API has ids.
    :raises ValueError: ``spec`` or ``mapping`` cannot be used; at the first record: nor can what was found there.
    """
    known = INPUT_KINDS if shapes.bulk else SINGLE
    if kind is not None and kind not in known:
        raise ValueError(f"kind must be one of {', '.join(known)}, not {kind!r}")
    reader, own_mapping = _reader(spec, path_conn_id, sql_conn_id, name or kind or "records")
    rules = own_mapping or mapping
    if kind is None:
        if rules:
            raise ValueError("mapping is for records of one kind: those that say their own kind have none")
        return _all_given(reader, Columns(), given_of_letter)
    sound = ids_as_text(kind, bulk=shapes.bulk)
    if not rules:
        return _all_given(reader, Columns(typed=typed_text(shapes.fields(kind))), partial(_given, kind, sound))
    return _all_mapped(kind, sound, reader, compiled(kind, rules, shapes))


def open_rows(
    spec: object, *, path_conn_id: str | None = None, sql_conn_id: str | None = None, name: str = "rows"
) -> Generator[Row, None, None]:
    """Return what stands in a source as it stands there, all columns of it; it is read while the rows are taken.

    :param spec: as in :func:`open_source`, without a mapping.
    :param path_conn_id: Airflow connection of the object storage, where ``spec`` names none.
    :param sql_conn_id: Airflow connection of the database, where ``spec`` names none.
    :param name: of the argument that ``spec`` was given as.
    :raises ValueError: ``spec`` cannot be used; at the first row: nor can what was found there.
    """
    reader, mapping = _reader(spec, path_conn_id, sql_conn_id, name)
    if mapping is not None:
        raise ValueError(f"{name} takes no mapping")
    return reader(Columns())


def _all_given(reader: Reader, columns: Columns, given: Callable[[Row], Given]) -> Iterator[Given]:
    with closing(reader(columns)) as rows:
        for row in rows:
            yield given(row)


def _all_mapped(kind: str, sound: Sound, reader: Reader, mapper: Mapper) -> Iterator[Given]:
    some = False
    with closing(reader(Columns(frozenset(mapper.columns)))) as rows:
        for row in rows:
            some = True
            yield _mapped(kind, sound, mapper, row)
    if some and (unseen := mapper.unseen()):
        log.warning("%s: no record has %s, which mapping names", kind, ", ".join(map(repr, unseen)))


def _given(kind: str, sound: Sound, row: Row) -> Given:
    record, place, faults, text = row
    if not faults and not isinstance(record, Mapping):
        faults = (("", "must be an object"),)
    return Given(kind, sound(record), place, tuple(Problem(*fault) for fault in faults) if faults else (), text)


def _mapped(kind: str, sound: Sound, mapper: Mapper, row: Row) -> Given:
    if not isinstance(row.record, Mapping):
        return _given(kind, sound, row)
    problems = [Problem(mapper.columns.get(column, column), message) for column, message in row.faults]
    record = mapper.map(row.record, problems)
    return Given(kind, sound(record), row.place, tuple(problems))


def _reader(spec: object, path_conn_id: str | None, sql_conn_id: str | None, name: str) -> tuple[Reader, Any]:
    """Return what reads a source, and the mapping that goes with it."""
    if isinstance(spec, Mapping):
        for key in _KEYS:
            if key in spec:
                return _named(key, spec, path_conn_id, sql_conn_id, name)
        return _inline([spec]), None
    if isinstance(spec, str):
        key = "sql" if sql_conn_id else "path"
        return _named(key, {key: spec}, path_conn_id, sql_conn_id, name)
    if isinstance(spec, Sequence) and not isinstance(spec, bytes):
        if spec and all(isinstance(one, str) for one in spec):
            return _named("path", {"path": spec}, path_conn_id, sql_conn_id, name)
        return _inline(spec), None
    raise TypeError(f"{name} must be records, a path or a query, not {type(spec).__name__}")


def _inline(records: Sequence[Any]) -> Reader:
    return lambda _: read_inline(records)


def _named(
    key: str, spec: Mapping[str, Any], path_conn_id: str | None, sql_conn_id: str | None, name: str
) -> tuple[Reader, Any]:
    if unknown := sorted(map(str, spec.keys() - set(_KEYS[key]))):
        raise ValueError(f"{name} with {key} has unknown keys {', '.join(unknown)}; known: {', '.join(_KEYS[key])}")
    own = _optional(spec.get("conn_id"))
    reader = _query(spec, own or sql_conn_id, name) if key == "sql" else _files(spec, own or path_conn_id, name)
    return reader, spec.get("mapping")


def _query(spec: Mapping[str, Any], conn_id: str | None, name: str) -> Reader:
    query, database = _text(name, spec["sql"]), _optional(conn_id)
    if database is None:
        raise ValueError(f"{name} with sql needs the connection of a database: conn_id")
    return lambda columns: read_sql(database, query, spec.get("parameters"), columns, name)


def _files(spec: Mapping[str, Any], conn_id: str | None, name: str) -> Reader:
    form = spec.get("format") or None
    if form is not None and form not in FORMATS:
        raise ValueError(f"format of {name} must be one of {', '.join(FORMATS)}, not {form!r}")
    given = [spec["path"]] if isinstance(spec["path"], str) else spec["path"]
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(f"path of {name} must be a path or a list of paths")
    paths, storage = [_text(name, path) for path in given], _optional(conn_id)
    return lambda columns: read_files(paths, storage, form, columns)


def _optional(conn_id: object) -> str | None:
    if conn_id in (None, ""):
        return None
    return _text("conn_id", conn_id)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or value.strip() in ("", "None"):
        raise ValueError(f"{name} is empty, or its template has no value")
    if value.lstrip().startswith(("[", "{")):
        raise ValueError(
            f"{name} is a list or a record as text: a template that stands for it needs render_template_as_native_obj "
            "of the DAG"
        )
    return value
