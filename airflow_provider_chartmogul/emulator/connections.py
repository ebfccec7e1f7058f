"""The open connections of the server: counted, and within reach of faults that break them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope

    from airflow_provider_chartmogul.emulator.traffic import Traffic


class Connections:
    """Open connections by the address of the client.

    :param traffic: where they are counted.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def opened(self, transport: asyncio.Transport) -> None:
        """Take note of a new connection."""
        self._open[_peer(transport)] = transport
        self._traffic.connections_opened += 1
        self._traffic.connections_open += 1

    def lost(self, transport: asyncio.Transport) -> None:
        """Take note of a connection that is gone."""
        self._open.pop(_peer(transport), None)
        self._traffic.connections_open -= 1

    def of(self, scope: Scope) -> asyncio.Transport | None:
        """Return the connection of a request, or None when the client has gone."""
        host, port = scope["client"]
        return self._open.get((host, port))


def tracking_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol, extended by the tracking of its connections."""

    class TrackingProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
        def connection_made(self, transport: Any) -> None:
            connections.opened(transport)
            self._tracked = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.lost(self._tracked)
            super().connection_lost(exc)

    return TrackingProtocol


def _peer(transport: asyncio.Transport) -> tuple[str, int]:
    host, port = transport.get_extra_info("peername")[:2]
    return host, port
