"""Moments for editors: FCPXML and OpenTimelineIO, the moments one after the other, each pointing into the film.

Source: Apple, FCPXML 1.10; Academy Software Foundation, OpenTimelineIO's JSON of Timeline.1.
"""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tools.timeline.exports.texts import Moment, frames
from tools.timeline.exports.timebase import Timebase


def write_fcpxml(moments: Sequence[Moment], timebase: Timebase, name: str, film: dict[str, Any]) -> str:
    """Write FCPXML 1.10: an asset, and a project of the moments."""
    root = ElementTree.Element("fcpxml", version="1.10")
    resources = ElementTree.SubElement(root, "resources")
    duration = _rational(timebase.seconds(timebase.frame(film["duration_s"])))
    shape = {"width": str(film["width_px"]), "height": str(film["height_px"])}
    ElementTree.SubElement(resources, "format", {"id": "r1", "frameDuration": _rational(1 / timebase.rate), **shape})
    about = {"id": "r2", "name": film["file"], "start": "0s", "duration": duration, "hasVideo": "1", "format": "r1"}
    if film["has_sound"]:
        about |= {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"}
    asset = ElementTree.SubElement(resources, "asset", about)
    ElementTree.SubElement(asset, "media-rep", kind="original-media", src=Path(film["path"]).as_uri())
    event = ElementTree.SubElement(ElementTree.SubElement(root, "library"), "event", name=name)
    project = ElementTree.SubElement(event, "project", name=name)
    total = sum(end - begin for begin, end in (frames(moment, timebase) for moment in moments))
    code = "DF" if timebase.is_drop else "NDF"
    facts = {"format": "r1", "duration": _rational(timebase.seconds(total)), "tcStart": "0s", "tcFormat": code}
    spine = ElementTree.SubElement(ElementTree.SubElement(project, "sequence", facts), "spine")
    place = 0
    for number, moment in enumerate(moments, 1):
        begin, end = frames(moment, timebase)
        spans = {"offset": place, "start": begin, "duration": end - begin}
        times = {key: _rational(timebase.seconds(value)) for key, value in spans.items()}
        ElementTree.SubElement(spine, "asset-clip", {"ref": "r2", "name": f"{name} {number}", **times})
        place += end - begin
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{text}\n'


def _rational(seconds: Fraction) -> str:
    """Write seconds as FCPXML does: 1001/30000s."""
    return f"{seconds.numerator}s" if seconds.denominator == 1 else f"{seconds.numerator}/{seconds.denominator}s"


def write_otio(moments: Sequence[Moment], timebase: Timebase, name: str, film: dict[str, Any]) -> str:
    """Write an OpenTimelineIO document."""
    rate = float(timebase.rate)

    def time(frame: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(frame)}

    def span(begin: int, end: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(begin), "duration": time(end - begin)}

    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": film["file"],
        "target_url": Path(film["path"]).as_uri(),
        "available_range": span(0, timebase.frame(film["duration_s"])),
        "metadata": {},
    }
    clips = [
        {
            "OTIO_SCHEMA": "Clip.2",
            "name": f"{name} {number}",
            "source_range": span(*frames(moment, timebase)),
            "media_references": {"DEFAULT_MEDIA": media},
            "active_media_reference_key": "DEFAULT_MEDIA",
            "metadata": {"smilebench": {key: moment[key] for key in ("score", "onset_s", "peak_s", "track")}},
        }
        for number, moment in enumerate(moments, 1)
    ]
    track = {"OTIO_SCHEMA": "Track.1", "name": name, "kind": "Video", "children": clips, "metadata": {}}
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track], "metadata": {}}
    timeline = {"OTIO_SCHEMA": "Timeline.1", "name": name, "tracks": stack, "metadata": {}}
    return json.dumps(timeline, ensure_ascii=False, indent=2) + "\n"
