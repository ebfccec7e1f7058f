"""Read the customers that rows are about, and compare each with what its row wants."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.client.merged import external_ids_of, sources_of, tells_its_parts
from airflow_provider_chartmogul.client.resources.customers import find_customer
from airflow_provider_chartmogul.enrichment.difference import difference
from airflow_provider_chartmogul.enrichment.ledger import key_of
from airflow_provider_chartmogul.enrichment.values import seeming
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.enrichment.columns import Columns
    from airflow_provider_chartmogul.enrichment.difference import Wanted
    from airflow_provider_chartmogul.enrichment.ledger import Ledger

log = logging.getLogger(__name__)

FEW: Final = 200
"""So many customers are looked up one by one; for more, the list of all is read, of which a page holds as many, unless
it has more pages than there are rows. Merged ones, named by external id, are looked up in any case."""


class Customers:
    """Finds the customers of rows, and enters into the ledger what has to change.

    :param client: client of the account.
    :param columns: what the columns of the rows mean.
    :param ledger: with all rows.
    :param data_source_uuid: only customers with a part in this data source.
    """

    def __init__(
        self, client: ChartMogulClient, columns: Columns, ledger: Ledger, data_source_uuid: str | None = None
    ) -> None:
        self._client = client
        self._columns = columns
        self._types = columns.types
        self._ledger = ledger
        self._data_source_uuid = data_source_uuid
        self._unclear: set[int] = set()
        self.seeming_types: dict[str, set[str]] = {key: set() for key in self._types}
        """What types the values of the attributes seem to have, of all customers that were read."""

    def find(self) -> None:
        """Find the customers of all open rows.

        :raises ChartMogulError: they cannot be read; nothing was sent by then.
        """
        rows = self._ledger.unmatched()
        to_the_end = rows > FEW and self._walk(rows)
        # after that, few are such as moved in the list while it was read; many are not there
        all_left = not to_the_end or self._ledger.unmatched() <= FEW
        self._look_up([row for row in self._ledger.unmatched_rows() if all_left or row[0] in self._unclear])

    def _walk(self, most: int) -> bool:
        """Read the list of customers, and tell whether to its end.

        :param most: most pages of it, as many as there are rows to look up instead. By e-mail address to the end
            always: an address may be that of several.
        """
        sources: list[str] | list[str | None] = [self._data_source_uuid]
        if self._columns.naming == "external_id":
            sources = self._ledger.data_sources()
        pages = (page for source in sources for page in self._client.customers.list(data_source_uuid=source).pages())
        for read, page in enumerate(pages, start=1):
            self._match(page.records)
            if read >= most and self._columns.naming != "email":
                return False
        return True

    def _match(self, customers: Iterable[Record]) -> None:
        by_key: dict[str, list[Record]] = {}
        unclear: set[str] = set()
        for customer in customers:
            self._learn(customer)
            if self._columns.naming == "external_id" and not tells_its_parts(customer):
                unclear.update(self._keys(customer))
                continue
            for key in self._keys(customer):
                by_key.setdefault(key, []).append(customer)
        for position, key, wanted in self._ledger.wanting(by_key):
            for customer in by_key[key]:
                self._compare(position, wanted, customer)
        if unclear:
            self._unclear.update(position for position, _, _ in self._ledger.wanting(unclear))

    def _look_up(self, rows: Sequence[tuple[int, dict[str, str], Wanted]]) -> None:
        with ThreadPoolExecutor(self._client.max_connections, thread_name_prefix="chartmogul-customers") as pool:
            found = pool.map(self._named, [name for _, name, _ in rows])
            for (position, _, wanted), customers in zip(rows, found, strict=True):
                for customer in customers:
                    self._learn(customer)
                    self._compare(position, wanted, customer)

    def _named(self, name: Mapping[str, str]) -> list[Record]:
        """Return the customers with a name; from any thread."""
        if "email" in name:
            try:
                found = list(self._client.customers.search(email=name["email"].strip()))
            except ChartMogulNotFoundError:
                return []
        else:
            customer = find_customer(self._client.customers, name)
            found = [customer] if customer else []
        source = self._data_source_uuid
        return [customer for customer in found if source is None or source in sources_of(customer)]

    def _keys(self, customer: Record) -> Iterator[str]:
        """Yield what a customer may be named by."""
        if self._columns.naming == "email":
            yield key_of({"email": customer.get("email") or ""})
        elif self._columns.naming == "customer_uuid":
            yield customer["uuid"]
        else:
            for source, external_id in product(sources_of(customer), external_ids_of(customer)):
                yield key_of({"data_source_uuid": source, "external_id": external_id})

    def _learn(self, customer: Record) -> None:
        custom = _attributes(customer).get("custom") or {}
        for key, seen in self.seeming_types.items():
            kind = seeming(custom.get(key))
            if kind is not None:
                seen.add(kind)

    def _compare(self, position: int, wanted: Wanted, customer: Record) -> None:
        change = difference(wanted, _attributes(customer), self._types, self._columns.owned)
        self._ledger.match(position, customer["uuid"], change)


def _attributes(customer: Record) -> Mapping[str, Any]:
    return customer.get("attributes") or {}
