"""The command ``recorder``: flags in, a recording session, its summary out.

Reads a camera, a film, a stream or drawn actors; writes a dataset. Try it without a camera::

    recorder --source synthetic --subject s01 --dataset trial --no-preview
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from shared import cli, paths
from shared.errors import WrongUsage
from tools.recorder.config import Settings

_EXAMPLES = """
recorder --subject s01 --dataset people                                 the first webcam, in a window
recorder --source 1 --subject s02 --dataset people --target 10          the second webcam, ten takes in total
recorder --source film.mp4 --subject s03 --dataset people --no-preview  one take from a film
recorder --source rtsp://192.168.0.5/live --subject s04 --dataset people
recorder --source synthetic --subject a01 --dataset trial --no-preview --target 3
recorder --source film.mp4 --subject s03 --dataset people --no-preview --consent train,publish
recorder --dataset people --list                                        takes that were undone, or kept apart and why
recorder --dataset people --restore take_0007                           use one all the same
recorder --dataset people --undo --subject s01                          take the last one of s01 back
"""
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # as in schemas/take.schema.json


def build_parser() -> cli.Parser:
    """Build the command line's parser."""
    parser = cli.Parser(
        "recorder",
        "Record takes by the protocol (get ready, smile, stop) and store their labelled sequences in a dataset.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--source", default="0", help="camera number or device, film, URL of a stream, or 'synthetic' (default: 0)"
    )
    parser.add_argument("--subject", metavar="ID", help="the person's pseudonym, such as s01; no name")
    parser.add_argument("--dataset", required=True, help="a name under datasets/, or a path; made on first use")
    parser.add_argument("--protocol", metavar="FILE", help="a protocol file (default: 0-3-6-9 s, smile from 3 to 6)")
    parser.add_argument(
        "--target", type=cli.positive_int, metavar="N", help="takes of this person in total; run again to go on"
    )
    parser.add_argument("--no-preview", action="store_true", help="no window")
    parser.add_argument("--realtime", action="store_true", help="play films and actors at their own speed")
    parser.add_argument("--lang", choices=("en", "ko"), default="ko", help="language of the prompts (default: ko)")
    parser.add_argument(
        "--consent",
        type=_scopes,
        default=(),
        metavar="SCOPES",
        help="what the person has agreed to on paper: train, or train,publish (default: the window asks once)",
    )
    parser.add_argument(
        "--given-by", choices=("self", "guardian"), default="self", help="who has agreed (default: self)"
    )
    parser.add_argument("--face-model", metavar="FILE", help="YuNet's file, or none (default: the fetched one)")
    parser.add_argument(
        "--landmark-model", metavar="FILE", help="the Face Landmarker's file, or none (default: the fetched one)"
    )
    parser.add_argument("--no-sound", action="store_true", help="no tones when a phase begins")
    parser.add_argument("--no-review", action="store_true", help="do not look back at each take in the window")
    parser.add_argument("--mixed", action="store_true", help="let a person's takes differ in size and frame rate")
    managing = parser.add_mutually_exclusive_group()
    managing.add_argument("--list", action="store_true", help="record nothing; list the takes in trash/ and rejected/")
    managing.add_argument(
        "--undo", action="store_true", help="record nothing; move the last take (of --subject) to trash/"
    )
    managing.add_argument("--restore", metavar="TAKE", help="record nothing; put a take of trash/ or rejected/ back")
    managing.add_argument(
        "--withdraw-consent", action="store_true", help="record nothing; take everything of --subject out of the data"
    )
    parser.add_argument("--seed", type=int, default=0, help="varies the drawn actors (default: 0)")
    parser.add_argument(
        "--difficulty", choices=("easy", "normal"), default="normal", help="of the drawn actors (default: normal)"
    )
    parser.add_argument("--fps", type=_rate, default=30.0, help="ask the camera for this rate (default: 30)")
    parser.add_argument("--width", type=cli.positive_int, default=1280, help="and for this width (default: 1280)")
    parser.add_argument("--height", type=cli.positive_int, default=720, help="and this height (default: 720)")
    cli.add_json(parser)
    parser.description = (
        f"{parser.description}\nKeys in the window: space starts a take and keeps it, r repeats it, u undoes it, "
        "p pauses, q ends. Exit codes:\n0 all that was asked for is stored, 1 a take was refused or kept apart (with "
        "the reason) or consent was not\ngiven, 3 no camera or no screen, 130 interrupted."
    )
    return parser


def _rate(text: str) -> float:
    """Parse a frame rate."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected frames a second, such as 30")
    return value


def _scopes(text: str) -> tuple[str, ...]:
    """Parse what was agreed to."""
    scopes = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if "train" not in scopes or not set(scopes) <= {"train", "publish"}:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected train or train,publish")
    return scopes


def _subject(arguments: argparse.Namespace) -> str:
    """Return the pseudonym.

    Raises:
        WrongUsage: None, or no pseudonym.
    """
    if arguments.subject is None or not _SUBJECT.fullmatch(arguments.subject):
        raise WrongUsage(
            "--subject",
            found="nothing" if arguments.subject is None else repr(arguments.subject),
            expected="a pseudonym of letters a-z, digits, '-' and '_' (at most 64), such as s01",
            todo="never write a person's name into a dataset",
        )
    return str(arguments.subject)


def _settings(arguments: argparse.Namespace) -> Settings:
    """Turn parsed flags into settings.

    Raises:
        WrongUsage: A subject that is no pseudonym, or a dataset that is neither a name nor a path.
    """
    protocol = Path(arguments.protocol).expanduser() if arguments.protocol else None
    return Settings(
        source=arguments.source,
        subject_id=_subject(arguments),
        dataset=paths.dataset_dir(arguments.dataset),
        protocol=protocol,
        target=arguments.target,
        preview=not arguments.no_preview,
        realtime=arguments.realtime,
        lang=arguments.lang,
        seed=arguments.seed,
        difficulty=arguments.difficulty,
        fps=arguments.fps,
        width_px=arguments.width,
        height_px=arguments.height,
        consent=arguments.consent,
        given_by=arguments.given_by,
        face_model=arguments.face_model,
        landmark_model=arguments.landmark_model,
        sound=not arguments.no_sound,
        review=not arguments.no_review,
        mixed=arguments.mixed,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        if arguments.list or arguments.undo or arguments.restore or arguments.withdraw_consent:
            return _keep_up(arguments)
        settings = _settings(arguments)
        from tools.recorder.record import record

        return record(settings)

    return cli.run("recorder", arguments, work)


def _keep_up(arguments: argparse.Namespace) -> cli.Result:
    """Do what records nothing."""
    dataset = paths.dataset_dir(arguments.dataset)
    from tools.recorder import manage

    if arguments.list:
        return manage.list_takes_outside(dataset)
    if arguments.restore:
        return manage.restore(dataset, arguments.restore)
    if arguments.undo:
        return manage.undo(dataset, _subject(arguments) if arguments.subject else None)
    return manage.withdraw_consent(dataset, _subject(arguments))
