"""HTTP for strangers: who is slow with a request, or opens many connections, is cut off.

Bodies have limits of their own (`shared.web.bodies`); here it is what comes before them.
"""

import asyncio
from collections import Counter

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
MOST_OF_ONE = 24  # connections of one address; a browser opens six
MOST = 200


def make_protocol() -> type[asyncio.Protocol]:
    """Make the protocol of one server, with its own count of connections."""
    open_ones: Counter[str] = Counter()

    class PatientProtocol(H11Protocol):
        """uvicorn's HTTP, whose patience ends."""

        _address = ""
        _since_s = 0.0
        _watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._address = self.client[0] if self.client else ""
            open_ones[self._address] += 1
            if open_ones[self._address] > MOST_OF_ONE or open_ones.total() > MOST:
                transport.abort()
                return
            self._since_s = self.loop.time()
            self._look()

        def connection_lost(self, exc: Exception | None) -> None:
            open_ones[self._address] -= 1
            if open_ones[self._address] <= 0:
                del open_ones[self._address]
            if self._watch is not None:
                self._watch.cancel()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            self._since_s = self.loop.time()
            super().on_response_complete()

        def _look(self) -> None:
            """Close a connection that has no whole head of a request for too long."""
            is_waiting = self.cycle is None or self.cycle.response_complete
            if is_waiting and self.loop.time() - self._since_s >= HEAD_S:
                self.transport.abort()
                return
            self._watch = self.loop.call_later(HEAD_S / 4, self._look)

    return PatientProtocol
