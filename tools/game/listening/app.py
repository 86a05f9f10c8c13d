"""Serves what the page listens with: the definition of laughter, and YAMNet as an ONNX graph made when the game starts.

Both are in memory; nothing is written. No sound arrives here: the page's scores stay in the page.
"""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.sound import laughter
from tools.game.listening.network import convert

_HEADERS = {"Cache-Control": "no-store"}


def make_app(yamnet: Path) -> ASGIApp:
    """Make the application; the page finds it at /laughter.

    Args:
        yamnet: The .tflite.

    Raises:
        InvalidInput: It is another network.
    """
    network = convert(yamnet.read_bytes(), yamnet.name)

    async def definition(request: Request) -> Response:
        return JSONResponse(laughter.as_json(), headers=_HEADERS)

    async def graph(request: Request) -> Response:
        return Response(network, media_type="application/octet-stream", headers=_HEADERS)

    return Starlette(routes=[Route("/definition.json", definition), Route("/yamnet.onnx", graph)])
