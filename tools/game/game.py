"""Serves the game's page with a hand-off folder and onnxruntime-web, on the loopback address, until it is interrupted.

Reads the hand-off's spec to say early what a page would only say late; writes nothing but npm's cache, and with --keep
what players who have agreed keep (`tools.game.keep`).
  python -m tools.game --model demo
"""

import errno
import webbrowser
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared import cli, contracts, paths, stale_models
from shared.errors import InvalidInput, MissingOutside
from shared.onnx.contract import SMILE_PROB, class_of
from shared.onnx.stream import kind_of
from shared.sound import laughter
from shared.web.browser_proof import read_proof
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from shared.web.private import read_token
from shared.web.server import PageServer
from tools.game.config import GameConfig

CLIENT_FILE = "smile-detector.mjs"
KEEP_FILE = "smile-detector.keep.mjs"
_CLIP_KINDS = {
    ".mp4": "film",
    ".webm": "film",
    ".jpg": "picture",
    ".jpeg": "picture",
    ".png": "picture",
    ".gif": "picture",
}
_MOST_CLIPS = 500


@dataclass(frozen=True)
class Played:
    """What was served.

    Attributes:
        url: The page's address.
        spec_id: The model's hand-off.
        proven: On which execution providers a browser has shown it.
    """

    url: str
    spec_id: str
    proven: tuple[str, ...]
    exit_code: int = 0  # who ends a game has not failed

    def as_text(self) -> str:
        """Say what was played."""
        return f"game: {self.spec_id} was served at {self.url}"

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"url": self.url, "spec_id": self.spec_id, "proven": list(self.proven)}


def read_handoff(config: GameConfig) -> dict[str, Any]:
    """Read a hand-off's spec and see that its client is there.

    Returns:
        The front-end spec.

    Raises:
        InvalidInput: There is no hand-off, or it is from before the client; says which command writes one. Or it is of
            a model of another class than smiles.
    """
    handoff = "./inv handoff" + (f" --model {config.model}" if config.model else "")
    spec_file = config.handoff / paths.SPEC_FILE
    if not spec_file.is_file():
        raise InvalidInput(
            paths.shown(config.handoff), found="no hand-off", expected=paths.SPEC_FILE, todo=f"write one: {handoff}"
        )
    spec = contracts.read_document(spec_file, "frontend_spec")
    if spec["decision"]["output"] != SMILE_PROB:
        raise InvalidInput(
            paths.shown(config.handoff),
            found=f"a model of {class_of(spec['decision']['output'])}",
            expected="a model of smiles: the game ends when the player smiles",
            todo=f"see this model at work in its own page: node {paths.shown(config.handoff)}/serve.mjs",
        )
    for name in (CLIENT_FILE, KEEP_FILE):
        if not (config.handoff / name).is_file():
            raise InvalidInput(
                paths.shown(config.handoff),
                found="a hand-off without its client, or with an older one",
                expected=name,
                todo=f"write it again: {handoff}",
            )
    return spec


def list_clips(folder: Path) -> list[dict[str, str]]:
    """List a folder's films and pictures by name, each with its kind; none in folders below, none that is hidden.

    Raises:
        InvalidInput: There is no such folder, or nothing in it that a browser shows.
    """
    if not folder.is_dir():
        raise InvalidInput(paths.shown(folder), found="no such folder", expected="films and pictures to laugh at")
    found = [
        {"name": path.name, "kind": _CLIP_KINDS[path.suffix.lower()]}
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in _CLIP_KINDS and path.is_file() and not path.name.startswith(".")
    ]
    if not found:
        kinds = ", ".join(kind.removeprefix(".") for kind in _CLIP_KINDS)
        raise InvalidInput(paths.shown(folder), found="no film and no picture", expected=f"files of {kinds}")
    return found[:_MOST_CLIPS]


def _make_about(clips: list[dict[str, str]], keep: Path | None, listens: bool) -> ASGIApp:
    """Tell the page what there is beside the jokes."""
    found = {
        "clips": clips,
        "keep": keep.name if keep else None,
        "listens": listens,
        "how_to_listen": laughter.HOW_TO_GET_IT,
    }

    async def about(request: Request) -> Response:
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/game", about)])


def _make_keep(config: GameConfig) -> tuple[ASGIApp, str] | None:
    """Make the keep endpoint and its token; None where nothing is kept.

    Raises:
        InvalidInput: The dataset there is not valid, or one of drawn actors.
    """
    if config.keep is None:
        return None
    from tools.game.keep.app import by_one_token, make_app
    from tools.game.keep.endpoint import open_store

    store = open_store(config.keep, config.face_model)
    token = read_token(paths.artifacts("games") / f".token-{config.keep.name}")
    return make_app(store, by_one_token(token), config.given_by), token


def make_server(
    config: GameConfig, ort_dir: Path, tasks_dir: Path | None = None, keep: ASGIApp | None = None
) -> PageServer:
    """Open the server: the page at /, the hand-off at /model/, the runtime at /ort/, what there is at /about/game.

    Clips lie at /clips/, the keep endpoint is at /keep/, and where it keeps and YAMNet is here, what the page listens
    with is at /laughter/; there is nothing else.

    Args:
        config: Which hand-off, on which port.
        ort_dir: onnxruntime-web's dist folder.
        tasks_dir: tasks-vision's folder, which the client of a model of landmarks looks for beside itself.
        keep: The keep endpoint; None where nothing is kept.

    Raises:
        InvalidInput: The folder of clips holds none, or YAMNet's file is another network.
        MissingOutside: The port is taken.
    """
    page_dir = Path(str(files("tools.game") / "page"))
    folders = {"/": page_dir, "/model/": config.handoff, "/ort/": ort_dir}
    if tasks_dir is not None:
        folders[f"/model/node_modules/{TASKS_VISION.name}/"] = tasks_dir
    clips: list[dict[str, str]] = []
    if config.clips is not None:
        clips = list_clips(config.clips)
        folders["/clips/"] = config.clips
    yamnet = laughter.find_yamnet_file() if keep else None
    apps = {"/about": _make_about(clips, config.keep, yamnet is not None)}
    if keep:
        apps["/keep"] = keep
    if yamnet:
        from tools.game.listening.app import make_app

        apps["/laughter"] = make_app(yamnet)
    try:
        return PageServer(folders, config.port, apps=apps)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise MissingOutside(
            f"port {config.port}",
            found="a port that this program cannot have",
            expected="a free one",
            todo="give another (--port 8500) or let the system choose (--port 0)",
        ) from None


def play(config: GameConfig) -> Played:
    """Serve the game until Control-C.

    Raises:
        InvalidInput: There is no hand-off to play with.
        MissingOutside: npm cannot fetch a package that the page needs, or the port is taken.
    """
    spec = read_handoff(config)
    if (stale := stale_models.why_stale(spec["model"]["sha256"])) is not None:
        cli.note(f"game: this model is {stale}; do not ship it")
    elif "stale" in spec:  # copied from another computer
        cli.note(f"game: this model is stale since {spec['stale']['since_utc'][:10]}; do not ship it")
    proof = read_proof(config.handoff / paths.SPEC_FILE)
    proven = tuple(proof["execution_providers"]) if proof else ()
    if not proven:
        cli.note(
            f"game: no browser has proven {spec['spec_id']} yet; it is played all the same "
            "(prove it: ./inv validate-spec --browser)"
        )
    tasks_dir = None if kind_of(spec) == "frames" else TASKS_VISION.install()
    keep = _make_keep(config)
    server = make_server(config, ONNXRUNTIME_WEB.install() / "dist", tasks_dir, keep[0] if keep else None)
    # A browser sends what stands behind # to nobody: the token is in no log.
    url = server.url + (f"?lang={config.lang}" if config.lang else "") + (f"#keep={keep[1]}" if keep else "")
    if keep and laughter.find_yamnet_file() is None:
        cli.note(f"game: without YAMNet the page does not listen for laughter (get it: {laughter.HOW_TO_GET_IT})")
    try:
        cli.note(f"game: {url}  (Control-C ends it)")
        if config.opens_browser and not webbrowser.open(url):
            cli.note("game: no browser could be opened; open the address yourself")
        server.serve_forever()
    except KeyboardInterrupt:
        cli.note("")
    return Played(url.partition("#")[0], spec["spec_id"], proven)
