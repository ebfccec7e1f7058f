"""Which fields the records of a source may have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.client.fields import table
from airflow_provider_chartmogul.client.fields.values import anything

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client.fields import Fields


@dataclass(frozen=True, slots=True)
class Shapes:
    """What records look like, by which mappings and columns of text are judged.

    :param bulk: as a bulk import takes them; otherwise as the endpoints for single objects do.
    :param also: by kind, what records may have besides: names of what is looked up or is there already.
    """

    bulk: bool = False
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def fields(self, kind: str) -> Fields:
        """Return the fields of a kind."""
        fields = table(kind, bulk=self.bulk)
        others = [name for name in self.also.get(kind, ()) if name not in fields.checks]
        return fields.also(**dict.fromkeys(others, anything)) if others else fields


BULK_SHAPES: Final = Shapes(bulk=True)
