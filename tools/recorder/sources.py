"""Where frames come from: a camera, a film, a stream or a drawn actor; each frame with its capture time.

Cameras and live streams are stamped by the monotonic clock at the moment of their arrival, films keep the container's
timestamps, actors are simulated. Every source starts at 0 s with a take's first frame, a film whose picture starts late
too, which its remarks then say. Knows nothing of protocols' windows and datasets.
"""

import hashlib
import itertools
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from shared import contracts
from shared.dataset.protocol import Protocol as TakeProtocol
from shared.errors import MissingOutside
from shared.system import portable
from shared.video import Film, Frame
from tools.recorder.actor.actor import Actor
from tools.recorder.config import RecordingConfig

_FIRST = "the first picture"
_WARM_UP_S = 1.0  # cameras settle their exposure, streams empty their buffers


class Source(Protocol):
    """Gives takes of frames.

    Attributes:
        kind: ``camera``, ``film``, ``stream`` or ``synthetic``.
        clock: What the times are: ``monotonic``, ``container`` or ``simulated``.
        note: For the take's record: settings, no names and no addresses.
        sha256: Of the film's file, else None.
        nominal_fps: Frame rate that the source reports, or None.
        duration_s: Length that a film reports, or None.
        size_px: Width and height of its pictures.
        is_live: Whether frames come by themselves, requested or not.
        ending: Why frames end, in words for an error.
    """

    kind: str
    clock: str
    note: str
    sha256: str | None
    nominal_fps: float | None
    duration_s: float | None
    size_px: tuple[int, int]
    is_live: bool
    ending: str

    def remarks(self) -> list[str]:
        """Say what was assumed about the pictures and times of the last take, in words about "it", the film."""
        ...

    def idle(self) -> Iterator[Frame]:
        """Yield frames for the preview between takes."""
        ...

    def take(self, number: int) -> Iterator[Frame]:
        """Yield the frames of a take; the first one's time is 0."""
        ...

    def close(self) -> None:
        """Let go of the device or file."""
        ...


def kind_of(name: str) -> str:
    """Say what --source names: ``synthetic``, ``camera``, ``stream`` or ``film``; nothing is opened."""
    if name == "synthetic":
        return "synthetic"
    if portable.is_camera_path(name) or (re.fullmatch(r"\d{1,4}", name) and not Path(name).exists()):
        return "camera"
    return "stream" if "://" in name else "film"


def open_source(settings: RecordingConfig, protocol: TakeProtocol) -> Source:
    """Open what --source names.

    Raises:
        MissingOutside: No such camera.
        InvalidInput: No such film, no film, or no video stream.
    """
    name, kind = settings.source, kind_of(settings.source)
    if kind == "synthetic":
        return SyntheticSource(settings, protocol)
    if kind == "camera":
        return Camera(int(name) if name.isdigit() else name, settings)
    return StreamSource(name) if kind == "stream" else FilmSource(Path(name).expanduser())


class Camera:
    """A camera of this computer.

    Args:
        device: Its number, or a device path.
        settings: fps, width_px and height_px are wishes; the camera may choose otherwise.

    Raises:
        MissingOutside: There is none, or it gives no picture.
    """

    kind = "camera"
    clock = "monotonic"
    sha256: str | None = None
    duration_s: float | None = None
    size_px = (0, 0)
    is_live = True
    ending = "the camera stopped"

    def __init__(self, device: int | str, settings: RecordingConfig) -> None:
        self._device = device
        self._settings = settings
        self._capture: Any = None
        if not self._open():
            raise MissingOutside(
                f"camera {device}",
                found="none, or one that gives no picture",
                expected="a camera that no other program uses",
                todo="choose another with --source 1, or a film with --source FILM",
            )
        import cv2

        capture: Any = self._capture
        fps = capture.get(cv2.CAP_PROP_FPS)
        self.nominal_fps: float | None = float(fps) if 0 < fps <= 1000 else None
        wish = f"{settings.width_px}x{settings.height_px} at {settings.fps:g} fps"
        self.note = f"{capture.getBackendName()}, requested {wish}"

    def _open(self) -> bool:
        """Open the device and wait until its exposure has settled."""
        import cv2

        # OpenCV tries one backend after another and reports each failure; the one line of this tool covers them.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        for backend in portable.camera_backends():
            self._capture = cv2.VideoCapture(self._device, getattr(cv2, backend))
            if self._capture.isOpened():
                break
        else:
            return False
        # Uncompressed 720p fills USB 2 at 10 fps; motion JPEG reaches 30. Drivers without it ignore this.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._settings.width_px)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._settings.height_px)
        self._capture.set(cv2.CAP_PROP_FPS, self._settings.fps)
        until_s = time.monotonic() + _WARM_UP_S
        grabbed = self._capture.grab()
        while grabbed and time.monotonic() < until_s:
            grabbed = self._capture.grab()
        got, bgr = self._capture.retrieve() if grabbed else (False, None)
        if got and bgr is not None:
            self.size_px = bgr.shape[1], bgr.shape[0]
        return bool(got)

    def idle(self) -> Iterator[Frame]:
        """Yield what the camera sees."""
        return self.take(0)

    def take(self, number: int) -> Iterator[Frame]:
        """Yield what the camera sees from now on, until it stops. A camera that had stopped is opened again."""
        import cv2

        if self._capture is None and not self._open():
            self._release()
            return
        start_s: float | None = None
        while self._capture.grab():
            now_s = time.monotonic()  # before decoding, which takes a while
            got, bgr = self._capture.retrieve()
            if not got or bgr is None:
                break
            start_s = now_s if start_s is None else start_s
            yield Frame(now_s - start_s, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        self._release()

    def _release(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture = None

    def remarks(self) -> list[str]:
        """Nothing is assumed."""
        return []

    def close(self) -> None:
        """Let go of the camera."""
        self._release()


class FilmSource:
    """A film file; each take is cut from its beginning.

    Args:
        path: The film.

    Raises:
        InvalidInput: Missing, unreadable, no film, or without a video stream.
    """

    kind = "film"
    clock = "container"
    is_live = False
    ending = "the film ends"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._played: Film | None = None
        with self._open() as film:
            self.nominal_fps: float | None = film.nominal_fps
            first = next(iter(film), None)
            self.size_px = _size_of(first)
            late_s = first.time_s if first else 0.0
            self.duration_s: float | None = film.duration_s and film.duration_s - late_s  # of its picture
        # Not the file's name: people call films by the name of who is in them. The hash finds it again.
        self.note = f"a film ({path.suffix.lstrip('.').lower() or 'no suffix'})"
        self.sha256: str | None = contracts.sha256_file(path)

    def _open(self) -> Film:
        return Film(str(self._path))

    def idle(self) -> Iterator[Frame]:
        """Yield the film over and over."""
        for _ in itertools.count():
            yield from self.take(0)

    def take(self, number: int) -> Iterator[Frame]:
        """Yield the film's frames from its first one."""
        with self._open() as film:
            self._played = film
            yield from _from_first(film)

    def remarks(self) -> list[str]:
        """Say how the film was read."""
        return self._played.notes(counted_from=_FIRST) if self._played else []

    def close(self) -> None:
        """Nothing is held between takes."""


class StreamSource:
    """A film or live stream behind a URL.

    Args:
        url: What FFmpeg can open: rtsp, http, tcp and others.

    Raises:
        InvalidInput: Nothing answers, or no video stream.
    """

    kind = "stream"
    sha256: str | None = None
    ending = "the stream ended"

    def __init__(self, url: str) -> None:
        self._url = url
        self._film: Film | None = Film(url)
        self._frames = iter(self._film)
        self._played = self._film
        self.nominal_fps: float | None = self._film.nominal_fps
        self.duration_s: float | None = self._film.duration_s
        self.is_live = self._film.is_live
        self.clock = "monotonic" if self.is_live else "container"
        # Not the address, which may hold a password.
        self.note = f"a {'live ' if self.is_live else ''}stream ({url.partition('://')[0]})"
        if self.is_live:
            until_s = time.monotonic() + _WARM_UP_S
            first = next(self._frames, None)
            while time.monotonic() < until_s and next(self._frames, None) is not None:
                pass
        else:
            first = next(self._frames, None)
            self._film.close()
            self._film = None
        self.size_px = _size_of(first)

    def idle(self) -> Iterator[Frame]:
        """Yield what the stream shows."""
        return self.take(0)

    def take(self, number: int) -> Iterator[Frame]:
        """Yield the frames from now on (live, stamped on arrival) or from the beginning."""
        if not self.is_live:
            with Film(self._url) as self._played:
                yield from _from_first(self._played)
            return
        start_s: float | None = None
        last_s = -1.0
        for frame in self._frames:
            now_s = time.monotonic()
            start_s = now_s if start_s is None else start_s
            if now_s - start_s > last_s:
                last_s = now_s - start_s
                yield Frame(last_s, frame.rgb_hwc_u8)

    def remarks(self) -> list[str]:
        """Say how the stream was read; its own times do not count while it is live."""
        return self._played.notes(counted_from=_FIRST)

    def close(self) -> None:
        """Close the connection."""
        if self._film is not None:
            self._film.close()


class SyntheticSource:
    """Drawn actors: the subject and --seed make the face, the number of the take makes its performance.

    Args:
        settings: subject_id, seed, difficulty and fps are used.
        protocol: Its phases prompt for the smile.
    """

    kind = "synthetic"
    clock = "simulated"
    sha256: str | None = None
    is_live = False
    duration_s: float | None = None
    size_px = (640, 480)
    ending = "the actor left"

    def __init__(self, settings: RecordingConfig, protocol: TakeProtocol) -> None:
        self._settings = settings
        self._protocol = protocol
        self.nominal_fps: float | None = settings.fps
        self.note = f"drawn actor, seed {settings.seed}, difficulty {settings.difficulty}"

    def idle(self) -> Iterator[Frame]:
        """Yield the actor, at rest."""
        for lap in itertools.count():
            yield from self._perform(f"idle {lap}", smiles=False)

    def take(self, number: int) -> Iterator[Frame]:
        """Yield the performance with this number: the same for the same subject, seed and number."""
        return self._perform(str(number), smiles=True)

    def _perform(self, take: str, *, smiles: bool) -> Iterator[Frame]:
        who = f"{self._settings.subject_id}:{self._settings.seed}"
        actor = Actor(_seed(who), _seed(f"{who}:{take}"), self._settings.difficulty, self._protocol)
        for time_s in actor.frame_times_s(self._settings.fps):
            yield Frame(time_s, actor.render(time_s, None if smiles else 0.0))

    def remarks(self) -> list[str]:
        """Nothing is assumed."""
        return []

    def close(self) -> None:
        """Nothing is held."""


def _from_first(film: Film) -> Iterator[Frame]:
    """Yield a film's frames with times from its first one, at which a take begins."""
    start_s: float | None = None
    for frame in film:
        start_s = frame.time_s if start_s is None else start_s
        yield Frame(frame.time_s - start_s, frame.rgb_hwc_u8)


def _size_of(frame: Frame | None) -> tuple[int, int]:
    """Return a picture's width and height; (0, 0) where there is none, which the first take will say."""
    return (0, 0) if frame is None else (frame.rgb_hwc_u8.shape[1], frame.rgb_hwc_u8.shape[0])


def _seed(text: str) -> int:
    """Turn text into a seed that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def silence_libraries() -> None:
    """Keep OpenCV's and Qt's own remarks off stderr; call before cv2 is imported."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;*.info=false;*.warning=false")
