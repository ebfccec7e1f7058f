"""``docs/streams.md`` is current and says something about every stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from airflow_provider_chartmogul.streams import STREAMS
from docs.streams import DOCUMENT, render

if TYPE_CHECKING:
    from airflow_provider_chartmogul.streams.model import Stream

PAGE = DOCUMENT.read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    assert render() == PAGE, "write it anew: make docs"


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_every_stream_has_a_section_with_all_its_columns(stream: Stream) -> None:
    _, _, section = PAGE.partition(f"\n## {stream.name}\n")
    section = section.partition("\n## ")[0]
    text = " ".join(section.split())

    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE) == [
        (column.name, column.type) for table in stream.tables for column in table.all_columns
    ]
    for told in (stream.about, stream.remarks, f"`{stream.default_mode}`", *stream.options, *stream.intervals):
        assert told in text
    for table in stream.tables[1:]:
        assert f"`<table>_{table.suffix}`" in section
