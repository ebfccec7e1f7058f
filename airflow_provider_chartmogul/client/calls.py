"""Operations by name, such as ``"customers.merge"``: found and checked without a connection.

The names are those of :class:`~airflow_provider_chartmogul.client.ChartMogulClient`: attribute, dot, method.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.client.resources._resource import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OF_THE_CLIENT = ("ping",)
_NO_OPERATIONS = ("activities_exports.download",)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of the client.

    :param name: attribute and method, such as ``customers.merge``.
    :param signature: of the method, without ``self``.
    """

    name: str
    signature: inspect.Signature

    @property
    def required(self) -> list[str]:
        """The arguments that must be given."""
        empty = inspect.Parameter.empty
        return [parameter.name for parameter in self._named() if parameter.default is empty]

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Compare the names of arguments with the signature. Their values are the method's own concern.

        :raises ValueError: an argument is missing, or is unknown to a method that takes no further fields.
        """
        known = [parameter.name for parameter in self._named()]
        unknown = [name for name in arguments if name not in known]
        missing = [name for name in self.required if name not in arguments]
        if missing:
            raise ValueError(f"{self.name} lacks {' and '.join(_with_hint(name, unknown) for name in missing)}")
        if unknown and not self._takes_fields():
            near = _nearest(unknown[0], known)
            hint = f"is {near!r} meant?" if near else f"it takes {', '.join(known) or 'nothing'}"
            raise ValueError(f"{self.name} takes no argument {unknown[0]!r}: {hint}")

    def run(self, client: ChartMogulClient, arguments: Mapping[str, Any]) -> Any:
        """Call the operation and return its answer: a record, a ``Listing``, or ``None``."""
        target: Any = client
        for part in self.name.split("."):
            target = getattr(target, part)
        return target(**arguments)

    def _named(self) -> list[inspect.Parameter]:
        return [p for p in self.signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]

    def _takes_fields(self) -> bool:
        return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in self.signature.parameters.values())


@cache
def calls() -> dict[str, Call]:
    """Return every operation of the client by its name."""
    # never used to ask: nothing is opened before the first request
    client = ChartMogulClient("no key")
    resources = {name: value for name, value in vars(client).items() if isinstance(value, Resource)}
    methods = {
        f"{name}.{method}": function
        for name, resource in sorted(resources.items())
        for method, function in inspect.getmembers(resource, inspect.ismethod)
        if not method.startswith("_") and f"{name}.{method}" not in _NO_OPERATIONS
    }
    methods |= {name: getattr(client, name) for name in _OF_THE_CLIENT}
    return {name: Call(name, inspect.signature(method)) for name, method in methods.items()}


def find_call(name: str) -> Call:
    """Return the operation of a name.

    :raises ValueError: there is none; the text suggests the nearest names.
    """
    found = calls().get(name)
    if found is None:
        near = _near_calls(name)
        hint = f"is {' or '.join(map(repr, near))} meant?" if near else "calls are named like 'customers.merge'"
        raise ValueError(f"ChartMogul's client has no call {name!r}: {hint}")
    return found


def _near_calls(name: str) -> list[str]:
    resource, _, method = name.partition(".")
    siblings = [call for call in calls() if call.startswith(f"{resource}.")]
    if not siblings:
        return get_close_matches(name, calls())
    near = get_close_matches(method, [call.partition(".")[2] for call in siblings])
    return [f"{resource}.{one}" for one in near] or siblings


def _with_hint(name: str, given: Iterable[str]) -> str:
    near = _nearest(name, given)
    return f"{name} ({near!r} was given; the name is {name!r})" if near else name


def _nearest(name: str, names: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, list(names), n=1)), None)
