"""What is wrong with rows that only shows when it is known whom they reach. All of it before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.enrichment.values import FITTING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.enrichment.columns import Columns
    from airflow_provider_chartmogul.enrichment.ledger import Ledger

_REPEATED: Final = """
WITH firsts AS (SELECT customer, min(position) AS position FROM matches GROUP BY customer HAVING count(*) > 1)
SELECT m.position, m.customer, f.position, first.place, first.wanted = later.wanted
FROM matches m JOIN firsts f ON f.customer = m.customer
JOIN rows first ON first.position = f.position JOIN rows later ON later.position = m.position
WHERE m.position > f.position ORDER BY m.position
"""


def fan_out(ledger: Ledger) -> dict[str, int]:
    """Return how many rows reach how many customers, and how many one row reaches at most."""
    question = (
        "SELECT count(*), ifnull(sum(number), 0), ifnull(max(number), 0)"
        " FROM (SELECT count(*) AS number FROM matches GROUP BY position)"
    )
    ((rows, customers, largest),) = ledger.ask(question)
    return {"rows": rows, "customers": customers, "largest": largest}


def check(ledger: Ledger, columns: Columns, seeming_types: Mapping[str, set[str]], max_fan_out: int) -> None:
    """Reject what must not be sent.

    :param ledger: with all rows and their customers.
    :param seeming_types: the types that the values of the attributes seem to have in ChartMogul.
    :param max_fan_out: how many customers one row may reach.
    """
    _without_customer(ledger, columns)
    _with_many_customers(ledger, columns, max_fan_out)
    _of_other_types(ledger, columns, seeming_types)
    _repeated(ledger, columns)


def _field(columns: Columns) -> str:
    return columns.names[columns.naming]


def _without_customer(ledger: Ledger, columns: Columns) -> None:
    problem = Problem(_field(columns), "names no customer")
    for position, _, _ in list(ledger.unmatched_rows()):
        ledger.reject(position, [problem], "not_found")


def _with_many_customers(ledger: Ledger, columns: Columns, max_fan_out: int) -> None:
    question = "SELECT position, count(*) FROM matches GROUP BY position HAVING count(*) > ?"
    for position, number in list(ledger.ask(question, (max_fan_out,))):
        message = f"reaches {number} customers, more than max_fan_out ({max_fan_out}) allows"
        ledger.reject(position, [Problem(_field(columns), message)])


def _of_other_types(ledger: Ledger, columns: Columns, seeming_types: Mapping[str, set[str]]) -> None:
    """Reject the rows that set an attribute of another type: the first value of a key gave it one for the account."""
    question = (
        "SELECT position FROM rows WHERE state IS NULL"
        " AND EXISTS (SELECT 1 FROM json_each(rows.wanted, '$.values') WHERE key = ?)"
    )
    faults: dict[int, list[Problem]] = {}
    for attribute in columns.attributes:
        for other in seeming_types[attribute.key] - FITTING[attribute.type]:
            message = f"attribute {attribute.key} is of type {other} in ChartMogul, not {attribute.type}"
            for (position,) in ledger.ask(question, (attribute.key,)):
                faults.setdefault(position, []).append(Problem(attribute.column, message))
    for position, problems in faults.items():
        ledger.reject(position, problems)


def _repeated(ledger: Ledger, columns: Columns) -> None:
    for position, customer, first, place, equal in list(ledger.ask(_REPEATED)):
        if equal:
            # what the first one does is what this one wants
            ledger.match(position, customer, None)
            continue
        where = f" ({place})" if place else ""
        message = f"is the customer of row {first}{where}, which wants something else"
        ledger.reject(position, [Problem(_field(columns), message)])
