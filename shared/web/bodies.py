"""Request bodies that may be too large, too slow, or break off: read piece by piece within limits, never onto the disk.

Knows nothing of what is in them, but that some are JSON.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import ClientDisconnect, Request

WITHIN_S = 300.0


class BodyRefused(Exception):
    """A body that is not read to its end.

    Args:
        status: Of HTTP: 408, 400 or 413.
        text: The reason, for people.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


async def pieces_of(request: Request, most_bytes: int, within_s: float = WITHIN_S) -> AsyncGenerator[bytes, None]:
    """Give a body's pieces until there are too many, or they take too long.

    Args:
        request: Whose body it is.
        most_bytes: More are refused; what is declared as more, before any of it is read.
        within_s: For all of it.

    Raises:
        BodyRefused: Too large, too slow, or the page has gone.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > most_bytes:
        raise BodyRefused(413, f"{declared} bytes; at most {most_bytes}")
    n_bytes = 0
    stream = request.stream()
    ends_s = asyncio.get_running_loop().time() + within_s
    while True:
        try:
            async with asyncio.timeout_at(ends_s):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise BodyRefused(408, f"not whole within {within_s:g} s") from None
        except ClientDisconnect:
            raise BodyRefused(400, "it broke off") from None
        n_bytes += len(piece)
        if n_bytes > most_bytes:
            raise BodyRefused(413, f"more than {most_bytes} bytes")
        yield piece


async def read_body(request: Request, most_bytes: int, within_s: float = WITHIN_S) -> bytes:
    """Read a body whole; see `pieces_of`.

    Raises:
        BodyRefused: Too large, too slow, or the page has gone.
    """
    return b"".join([piece async for piece in pieces_of(request, most_bytes, within_s)])


async def read_json(request: Request, most_bytes: int, within_s: float = WITHIN_S) -> dict[str, Any]:
    """Read a body that is one JSON object; see `pieces_of`.

    Raises:
        BodyRefused: As for any body; it is not declared as JSON, or is no JSON object.
    """
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise BodyRefused(400, "expected JSON")
    body = await read_body(request, most_bytes, within_s)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BodyRefused(400, "expected JSON") from None
    if not isinstance(found, dict):
        raise BodyRefused(400, "expected an object")
    return found
