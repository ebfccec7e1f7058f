"""What all ChartMogul operators share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator, ObjectStoragePath

from airflow_provider_chartmogul.hooks.chartmogul import ChartMogulHook

_UUID = re.compile(r"[\w-]+")


class ChartMogulOperator(BaseOperator):
    """Base of the operators that talk to ChartMogul.

    :param chartmogul_conn_id: Airflow connection with the API key. (templated)
    """

    template_fields: Sequence[str] = ("chartmogul_conn_id",)

    def __init__(self, *, chartmogul_conn_id: str = ChartMogulHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chartmogul_conn_id = chartmogul_conn_id

    @cached_property
    def hook(self) -> ChartMogulHook:
        """The hook of the connection; opens nothing by itself."""
        return ChartMogulHook(self.chartmogul_conn_id)


def is_literal(value: Any) -> bool:
    """Tell whether a template field holds its final text already at parse time, and so can be checked early."""
    return isinstance(value, str) and "{{" not in value and "{%" not in value


def is_plain(value: Any) -> bool:
    """Tell the same of a template field that is data: of every text in it."""
    if isinstance(value, Mapping):
        return all(map(is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float) or is_literal(value)


def optional_text(name: str, value: object, *, several: bool = False) -> str | None:
    """Return a rendered argument that may be left out in the one form that is sent and stored, or ``None``.

    :param several: a list of texts will do as well; it becomes comma-separated.
    :raises ValueError: something else, or ``None`` as text: a template without a value must not pass for a value, nor
        for an argument left out. An empty text is meant.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return required_text(name, value)
    # not of a set, whose order is another in each process
    if several and isinstance(value, Sequence) and all(isinstance(one, str) and one for one in value):
        return ",".join(value) or None
    raise ValueError(f"{name} must be text{' or a list of texts' if several else ''}, not {value!r}")


def required_text(name: str, value: object) -> str:
    """Return a rendered argument as text.

    :raises ValueError: it is missing, or only what a template without a value renders to.
    """
    text = str(value)
    if text.strip() in ("", "None"):
        raise ValueError(f"{name} is empty, or its template has no value")
    return text


def required_id(name: str, value: object) -> str:
    """Return a rendered argument as an id.

    :raises ValueError: it is missing, or is none.
    """
    text = required_text(name, value)
    if complaint := id_complaint(name, text):
        raise ValueError(f"{name} {complaint}: {text!r}")
    return text


def id_complaint(name: str, value: str) -> str | None:
    """Return what is wrong with the text of an id, if anything is: no record has it, and so it would pass for deleted.

    :param name: of the field: your own ids may look like anything but what templates make of nothing.
    """
    if value in ("", "None", "[]"):
        return "is missing"
    # such as a whole list that a template has made into text
    return "must be an id" if name.endswith("uuid") and not _UUID.fullmatch(value) else None


def required_truth(name: str, value: object) -> bool:
    """Return a flag that a template may have made into text; nothing is false.

    :raises ValueError: it is something else.
    """
    truth = {"true": True, "false": False, "none": False, "": False}.get(str(value).strip().lower())
    if truth is None:
        raise ValueError(f"{name} must be true or false, not {value!r}")
    return truth


def check_count(name: str, value: object, least: int) -> None:
    """Refuse what is no count: a number that is too small, or a template.

    :raises ValueError: it is none.
    """
    if not isinstance(value, int):
        raise ValueError(f"{name} must be a number, not {value!r}; it cannot be a template")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


def check_allowance(name: str, value: object) -> None:
    """Refuse what is neither a number of records nor, below 1, a share of them.

    :raises ValueError: it is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r}; it cannot be a template")
    if value < 0 or (value > 1 and value != int(value)):
        raise ValueError(f"{name} must be at least 0, a number of records or below 1 a share, not {value}")


def check_flag(name: str, value: object) -> None:
    """Refuse what is no truth value: a template, whose text would count as true.

    :raises ValueError: it is none.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, not {value!r}; it cannot be a template")


def storage_path(path: str, path_conn_id: str | None) -> ObjectStoragePath:
    """Return a file or directory on a local disk or in object storage.

    :param path_conn_id: Airflow connection of the object storage, if it needs one.
    :raises ValueError: the template of the connection has no value.
    """
    return ObjectStoragePath(path, conn_id=optional_text("path_conn_id", path_conn_id))
