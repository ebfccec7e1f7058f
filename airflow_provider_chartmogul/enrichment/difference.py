"""What a row wants of a customer, and what has to change for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.enrichment.values import equal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from airflow_provider_chartmogul.client.values import Record


@dataclass(frozen=True, slots=True)
class OwnedTags:
    """Tags that the rows alone decide about: those that a row does not name are taken off.

    :param names: tags, or their beginnings with ``*`` at the end.
    """

    names: Sequence[str] = ()

    def __contains__(self, tag: str) -> bool:
        return any(tag.startswith(name[:-1]) if name.endswith("*") else tag == name for name in self.names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row wants.

    :param values: attributes to have, by key.
    :param cleared: keys of attributes not to have.
    :param tags: tags to have.
    :param refused: tags not to have, as far as they are owned.
    :param kept: tags that the row leaves as they are.
    :param exact: whether all other owned tags are to go.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    exact: bool = False

    def as_json(self) -> str:
        """Return it as JSON: equal wishes give equal text."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, sort_keys=True)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """Return what was written so."""
        return cls(**json.loads(text))


def difference(wanted: Wanted, there: Mapping[str, Any], types: Mapping[str, str], owned: OwnedTags) -> Record | None:
    """Return what has to change: ``set``, ``removed``, ``tags_added`` and ``tags_removed``; ``None`` if nothing has.

    :param there: the ``attributes`` of a customer.
    :param types: the type of each attribute, by key.
    """
    custom, tags = there.get("custom") or {}, there.get("tags") or []
    change = {
        "set": {key: value for key, value in wanted.values.items() if not equal(types[key], value, custom.get(key))},
        "removed": [key for key in wanted.cleared if custom.get(key) is not None],
        "tags_added": [tag for tag in wanted.tags if tag not in tags],
        "tags_removed": [tag for tag in tags if tag in owned and _is_unwanted(tag, wanted)],
    }
    return change if any(change.values()) else None


def _is_unwanted(tag: str, wanted: Wanted) -> bool:
    return tag not in wanted.tags and tag not in wanted.kept and (wanted.exact or tag in wanted.refused)
