"""The recording protocol: what a person is asked to do when, and which frames become labelled sequences.

Pure functions of times; reads a protocol file, writes nothing. Times are seconds (``_s``) or milliseconds (``_ms``)
from the start of the take.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.contracts import read_document
from shared.errors import InvalidInput

DEFAULT_PROTOCOL = Path(__file__).with_name("protocol.json")
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
DURATION_SLACK_S = 0.5  # a film that ends this much early still counts as whole


@dataclass(frozen=True)
class Phase:
    """A span in which the person is asked for one thing."""

    start_s: float
    end_s: float
    prompt: dict[str, str]


@dataclass(frozen=True)
class Window:
    """A span whose frames carry a label."""

    start_s: float
    end_s: float
    label: str
    emotion: str | None


@dataclass(frozen=True)
class Protocol:
    """A take's script. `document` is the JSON that it was read from.

    Where `whole_windows` holds, sequences are clips: a whole window each, of `frame_count` pictures or more.
    """

    document: dict[str, Any]
    duration_s: float
    phases: tuple[Phase, ...]
    windows: tuple[Window, ...]
    frame_count: int
    frame_interval_ms: float
    sequences_per_window: int
    image_size_px: int
    min_fps: float
    max_gap_ms: float
    whole_windows: bool = False

    def phase_at(self, time_s: float) -> Phase:
        """Return the phase that a moment lies in; the last one after the end."""
        return next((phase for phase in self.phases if time_s < phase.end_s), self.phases[-1])


def read_protocol(path: Path = DEFAULT_PROTOCOL) -> Protocol:
    """Read a protocol file.

    Raises:
        InvalidInput: The file does not fit the schema, or its times contradict each other.
    """
    return parse_protocol(read_document(path, "protocol"), str(path))


def parse_protocol(document: dict[str, Any], what: str) -> Protocol:
    """Build a protocol from a document that fits the schema, and check what a schema cannot.

    Raises:
        InvalidInput: Phases with gaps, windows outside of the take or too short for their sequences, unknown classes.
    """
    phases = tuple(Phase(p["start_s"], p["end_s"], p["prompt"]) for p in document["phases"])
    windows = tuple(Window(w["start_s"], w["end_s"], w["label"], w.get("emotion")) for w in document["windows"])
    duration = document["duration_s"]
    edges = [0.0, *[phase.end_s for phase in phases]]
    for index, phase in enumerate(phases):
        if phase.start_s != edges[index] or phase.end_s <= phase.start_s:
            raise InvalidInput(
                f"{what}: phases.{index}",
                found=f"{phase.start_s} to {phase.end_s} s",
                expected=f"a phase that begins where the one before ends ({edges[index]} s)",
            )
    if edges[-1] != duration:
        raise InvalidInput(f"{what}: phases", found=f"an end at {edges[-1]} s", expected=f"duration_s, {duration} s")
    span_s = (document["frame_count"] - 1) * document["frame_interval_ms"] / 1000
    for index, window in enumerate(windows):
        where = f"{what}: windows.{index}"
        if not 0 <= window.start_s < window.end_s <= duration:
            raise InvalidInput(
                where, found=f"{window.start_s} to {window.end_s} s", expected=f"a span within 0 to {duration} s"
            )
        if window.label not in document["classes"]:
            raise InvalidInput(
                where, found=f"the label {window.label!r}", expected="one of " + ", ".join(document["classes"])
            )
        if span_s > window.end_s - window.start_s:
            raise InvalidInput(
                where,
                found=f"{window.end_s - window.start_s:g} s",
                expected=f"at least {span_s:g} s for frame_count frames at frame_interval_ms",
            )
    if document["positive_class"] not in document["classes"]:
        raise InvalidInput(
            f"{what}: positive_class",
            found=repr(document["positive_class"]),
            expected="one of " + ", ".join(document["classes"]),
        )
    if document["frame_count"] > 1 and document["frame_interval_ms"] <= 0:
        raise InvalidInput(f"{what}: frame_interval_ms", found="0", expected="more than 0 for sequences of frames")
    return Protocol(
        document=document,
        duration_s=duration,
        phases=phases,
        windows=windows,
        whole_windows=document.get("whole_windows", False),
        **{
            key: document[key]
            for key in (
                "frame_count",
                "frame_interval_ms",
                "sequences_per_window",
                "image_size_px",
                "min_fps",
                "max_gap_ms",
            )
        },
    )


def for_clips(protocol: Protocol, pictures_per_s: float) -> Protocol:
    """Return the protocol whose sequences are whole windows, so many pictures a second of each.

    Example:
        >>> clips = for_clips(read_protocol(), 2)
        >>> clips.frame_interval_ms, clips.whole_windows
        (500.0, True)
    """
    changed = {"frame_count": 2, "frame_interval_ms": 1000 / pictures_per_s, "sequences_per_window": 1}
    name = f"{protocol.document['name']}-clips"[:64]
    windows = [{**w, "end_s": max(w["end_s"], w["start_s"] + 1 / pictures_per_s)} for w in protocol.document["windows"]]
    document = {**protocol.document, **changed, "name": name, "windows": windows, "whole_windows": True}
    return parse_protocol(document, "the protocol for clips")


def fit_window(protocol: Protocol, window: Window) -> Protocol:
    """Return the protocol with as many pictures as fill a window, for `choose_frames`; others than clips as they are.

    Example:
        >>> fit_window(for_clips(read_protocol(), 2), Window(10.0, 16.2, "smile", None)).frame_count
        13
    """
    if not protocol.whole_windows:
        return protocol
    interval_s = protocol.frame_interval_ms / 1000
    n_pictures = int((window.end_s - window.start_s) / interval_s + 1e-6) + 1
    return replace(protocol, frame_count=max(n_pictures, protocol.frame_count))


def choose_frames(protocol: Protocol, window: Window, times_s: Sequence[float]) -> list[list[int]]:
    """Choose the frames of a window's sequences by their capture times, never by counting frames.

    The window is divided into equal slots, one per sequence. A sequence begins at the first frame at or after its place
    in the slot; each further frame is the one nearest to that frame's time plus a multiple of the interval.

    Args:
        protocol: Gives frame count, interval and sequences per window.
        window: The labelled span.
        times_s: Capture times of the take's frames in seconds, increasing.

    Returns:
        A list of frame indices for each sequence that fits; all of them lie inside the window and differ, and no two
        sequences are the same. Shorter than sequences_per_window where the frames do not allow it.

    Of clips the window's only sequence fills it; it lacks its last picture where no frame lies near enough to the end.

    Source: our own choice: an anchor on a real frame keeps the spacing even at any frame rate.
    """
    if protocol.whole_windows:
        fitting = fit_window(protocol, window)
        fewer = replace(fitting, frame_count=max(fitting.frame_count - 1, protocol.frame_count))
        return _choose(fitting, window, times_s) or _choose(fewer, window, times_s)
    return _choose(protocol, window, times_s)


def _choose(protocol: Protocol, window: Window, times_s: Sequence[float]) -> list[list[int]]:
    """Choose the frames of sequences of frame_count pictures; see `choose_frames`."""
    span_s = (protocol.frame_count - 1) * protocol.frame_interval_ms / 1000
    slot_s = (window.end_s - window.start_s) / protocol.sequences_per_window
    chosen: list[list[int]] = []
    for number in range(protocol.sequences_per_window):
        wanted_s = window.start_s + number * slot_s + max(0.0, (slot_s - span_s) / 2)
        first = bisect.bisect_left(times_s, min(wanted_s, window.end_s - span_s))
        # The frame before is the anchor where the last frame would else fall just outside of the window.
        for anchor in (first, first - 1):
            indices = _follow(protocol, window, times_s, anchor)
            if indices and indices not in chosen:
                chosen.append(indices)
                break
    return chosen


def _follow(protocol: Protocol, window: Window, times_s: Sequence[float], anchor: int) -> list[int]:
    """Choose a sequence that begins at a frame; empty where it would leave the window, repeat a frame or be uneven."""
    if not 0 <= anchor < len(times_s):
        return []
    interval_s = protocol.frame_interval_ms / 1000
    offsets_s = [step * interval_s for step in range(protocol.frame_count)]
    indices = [nearest(times_s, times_s[anchor] + offset_s) for offset_s in offsets_s]
    inside = all(window.start_s <= times_s[index] <= window.end_s for index in indices)
    even = all(
        abs(times_s[index] - times_s[anchor] - offset_s) <= interval_s / 2
        for index, offset_s in zip(indices, offsets_s, strict=True)
    )
    return indices if inside and even and len(set(indices)) == len(indices) else []


def nearest(times_s: Sequence[float], moment_s: float) -> int:
    """Return the index of the time nearest to a moment; the earlier one of two that are equally near."""
    right = bisect.bisect_left(times_s, moment_s)
    if right == 0:
        return 0
    if right == len(times_s):
        return len(times_s) - 1
    return right if times_s[right] - moment_s < moment_s - times_s[right - 1] else right - 1
