"""Writes a timeline's moments in the formats that were asked for, and the moments themselves as films."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, contracts, paths
from shared.errors import InvalidInput
from shared.system import portable
from shared.text.catalogue import Words, read_catalogue
from tools.timeline.config import FORMATS, ExportConfig
from tools.timeline.exports import editors, texts
from tools.timeline.exports.timebase import Timebase
from tools.timeline.media import write_part
from tools.timeline.moments.write import read_moments
from tools.timeline.table.rows import read_timeline

TEXTS = read_catalogue(Path(__file__).with_name("words.toml"))


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        files: In the order of writing.
        left_out: Formats that were not asked for by name and cannot hold these moments, with the reason.
    """

    files: list[Path]
    left_out: dict[str, str]
    exit_code: int = 0

    def as_text(self) -> str:
        """List the files for people."""
        lines = [paths.shown(file) for file in self.files]
        return "\n".join([*lines, *(f"left out: {name} ({reason})" for name, reason in self.left_out.items())])

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"files": [str(file) for file in self.files], "left_out": self.left_out}


def export(config: ExportConfig) -> Exported:
    """Write moments.json in other formats.

    Raises:
        InvalidInput: There are no moments, the film is gone where it is cut, or a format cannot hold them.
    """
    timeline = read_timeline(config.timeline)
    moments = read_moments(config.timeline)["moments"]
    if not moments:
        todo = f"find some: ./inv timeline-moments --timeline {config.timeline.name} --high 0.3"
        raise InvalidInput(str(config.timeline), found="no moments", expected="one or more", todo=todo)
    film = {**timeline.manifest["film"], "has_sound": timeline.manifest["sound"] is not None}
    timebase, words = Timebase.of(film["fps"]), Words(TEXTS, config.lang)
    name = timeline.name
    writers: dict[str, tuple[str, Callable[[], str]]] = {
        "csv": ("csv", lambda: texts.write_csv(moments)),
        "vtt": ("vtt", lambda: texts.write_vtt(moments, words)),
        "srt": ("srt", lambda: texts.write_srt(moments, words)),
        "youtube": ("chapters.txt", lambda: texts.write_chapters(moments, film["duration_s"], words)),
        "edl": ("edl", lambda: texts.write_edl(moments, timebase, name, film["file"])),
        "fcpxml": ("fcpxml", lambda: editors.write_fcpxml(moments, timebase, name, film)),
        "otio": ("otio", lambda: editors.write_otio(moments, timebase, name, film)),
    }
    files: list[Path] = []
    left_out: dict[str, str] = {}
    for kind in config.formats or (() if config.cut else FORMATS):
        suffix, write = writers[kind]
        try:
            text = write()
        except InvalidInput as reason:
            if kind in config.formats:
                raise
            left_out[kind] = str(reason)
            continue
        path = config.out / f"{name}.{suffix}"
        contracts.write_bytes(path, text.encode("utf-8"))
        files.append(path)
    if config.cut is not None:
        config.cut.mkdir(parents=True, exist_ok=True)
        source = timeline.film()
        for number, moment in enumerate(moments, 1):
            path = config.cut / f"{name}_{number:03d}.mp4"
            part = path.with_suffix(".part")
            cli.note(f"timeline: {paths.shown(path)}")
            write_part(source, part, start_s=moment["start_s"], end_s=moment["end_s"])
            portable.replace(part, path)
            files.append(path)
    return Exported(files, left_out)
