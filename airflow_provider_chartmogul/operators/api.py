"""Any operation of the API as a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.calls import find_call
from airflow_provider_chartmogul.client.pagination import Listing
from airflow_provider_chartmogul.operators.base import is_literal, optional_text, required_text
from airflow_provider_chartmogul.operators.reading import ChartMogulReadingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client.calls import Call
    from airflow_provider_chartmogul.client.values import Record

_SECRETS = ("file_url",)
"""Fields of answers that nobody may read in XCom: whoever has the link to an export has the file."""


class ChartMogulApiOperator(ChartMogulReadingOperator):
    """Call one operation of the API by its name: for all that has no operator of its own.

    Names and arguments are those of the methods of
    :class:`~airflow_provider_chartmogul.client.ChartMogulClient`, which say what they need, answer and raise. Retries
    within the task are those of the method as well. A retry of the task calls again: think of that before creating
    what has no key, such as notes.

    Arguments are passed as they are, and templates render to text: where a number, a list or ``true`` is meant, set
    ``render_template_as_native_obj`` of the DAG. Dates may be text.

    Returns the answer: a dict as it came (without the link to the file of an export, which is a secret), the records of
    a list as :class:`ChartMogulReadingOperator`, or ``None`` where ChartMogul answers with nothing.

    :param call: attribute and method of the client, such as ``customers.merge``. (templated)
    :param arguments: arguments of the method by name. (templated)
    :raises ValueError: there is no such call, or it does not take these arguments; when the DAG is parsed, as far as
        they are not templated, and with ``.partial().expand()`` when the task runs.
    """

    template_fields: Sequence[str] = (*ChartMogulReadingOperator.template_fields, "call", "arguments")
    template_fields_renderers = {"arguments": "json"}

    def __init__(self, *, call: str, arguments: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.call = call
        self.arguments = arguments
        required_text("call", call)
        if isinstance(arguments, list | tuple):
            raise _no_mapping(arguments)
        if is_literal(call):
            found = find_call(call)
            if arguments is None or isinstance(arguments, Mapping):
                found.check(arguments or {})

    def execute(self, context: Context) -> Any:
        """Call, and return the answer."""
        call = find_call(required_text("call", self.call))
        arguments = self._checked(call)
        # not only when there is something to write: the call may be one that changes things
        optional_text("path", self.path)
        answer = call.run(self.hook.get_conn(), arguments)
        if answer is None:
            return None
        if isinstance(answer, Listing):
            return self.deliver(_public(record) for record in answer)
        return self.deliver_one(_public(answer))

    def _checked(self, call: Call) -> Mapping[str, Any]:
        arguments = self.arguments or {}
        if not isinstance(arguments, Mapping):
            raise _no_mapping(arguments)
        call.check(arguments)
        for name, value in arguments.items():
            if name in call.required:
                required_text(name, value)
            elif isinstance(value, str):
                optional_text(name, value)
        return arguments


def _no_mapping(arguments: object) -> TypeError:
    return TypeError(
        f"arguments must be a mapping, not {type(arguments).__name__}: a template that stands for all of them "
        "needs render_template_as_native_obj of the DAG"
    )


def _public(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _SECRETS}
