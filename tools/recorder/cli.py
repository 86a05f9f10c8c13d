"""The command ``recorder``: flags in, a recording session, its summary out.

Reads a camera, a film, a stream or drawn actors; writes a dataset. Try it without a camera::

    recorder --source synthetic --subject s01 --dataset trial --no-preview
"""

import argparse

from shared import cli, paths
from shared.errors import WrongUsage
from shared.text import language
from tools.recorder.config import RecordingConfig

_EXAMPLES = """
recorder --subject s01 --dataset people                                 the first webcam, in a window
recorder --source 1 --subject s02 --dataset people --target 10          the second webcam, ten takes in total
recorder --source film.mp4 --subject s03 --dataset people --no-preview  one take from a film
recorder --source rtsp://192.168.0.5/live --subject s04 --dataset people
recorder --source synthetic --subject a01 --dataset trial --no-preview --target 3
recorder --source synthetic --subject a --actors 20 --dataset trial --no-preview --target 1     a01 to a20
recorder --source film.mp4 --subject s03 --dataset people --no-preview --consent train,publish
recorder takes --dataset people                                         takes in use, undone, or kept apart and why
recorder takes --dataset people --restore take_0007                     use one all the same
recorder takes --dataset people --undo --subject s01                    take the last one of s01 back
"""
_TAKES_EXAMPLES = """
recorder takes --dataset people
recorder takes --dataset people --restore take_0007
recorder takes --dataset people --undo --subject s01
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "recorder",
        "Record takes by the protocol (get ready, smile, stop) and store their labelled sequences in a dataset.\n"
        "Keys in the window: space starts a take and keeps it, r repeats it, u undoes it, p pauses, q ends.\n"
        "Exit codes: 0 the target is reached, 1 a take was refused or kept apart (with the reason) or no\n"
        "consent was given, 3 no camera or no screen, 130 interrupted.",
        _EXAMPLES,
        _record,
    )
    add = parser.add_argument
    add("--source", default="0", help="camera number or device, film, URL of a stream, or 'synthetic' (default: 0)")
    add("--subject", metavar="ID", help="the person's pseudonym, such as s01; never a name")
    cli.add_dataset(parser)
    add("--protocol", type=cli.path, metavar="FILE", help="a protocol file (default: 0-3-6-9 s, smile from 3 to 6)")
    add("--actors", type=cli.positive_int, metavar="N", help="so many drawn people: --subject a gives a01, a02, ...")
    add("--target", type=cli.positive_int, metavar="N", help="takes of this person in total; run again to go on")
    add(
        "--capture",
        type=cli.path,
        metavar="FILE",
        help="what the studio's page noted of the film that it has recorded (default: none)",
    )
    add("--no-preview", action="store_true", help="no window")
    add("--realtime", action="store_true", help="play films and actors at their own speed")
    cli.add_lang(parser)
    add(
        "--consent",
        type=_scopes,
        default=(),
        metavar="SCOPES",
        help="what the person has agreed to on paper: train, or train,publish (default: the window asks once)",
    )
    add("--given-by", choices=("self", "guardian"), default="self", help="who has agreed (default: self)")
    add("--face-model", metavar="FILE", help="YuNet's file, or none (default: the fetched one)")
    cli.add_landmark_model(parser, ", or none")
    add("--no-sound", action="store_true", help="no tones when a phase begins")
    add("--no-look-back", "--no-review", action="store_true", help="do not look back at each take in the window")
    add("--mixed", action="store_true", help="let a person's takes differ in size and frame rate")
    add(
        "--confirm",
        action="store_true",
        help="the subject is right, although the film is another one's too, or another one differs in capitals only",
    )
    cli.add_seed(parser)
    add("--difficulty", choices=("easy", "normal"), default="normal", help="of the drawn actors (default: normal)")
    add(
        "--fps",
        type=_rate,
        default=30.0,
        metavar="N",
        help="ask the camera, or a drawn actor, for this rate (default: 30)",
    )
    add("--width", type=cli.positive_int, default=1280, metavar="PX", help="and for this width (default: 1280)")
    add("--height", type=cli.positive_int, default=720, metavar="PX", help="and this height (default: 720)")
    _add_managing(parser, "record nothing; ")
    cli.add_json(parser)
    takes = parser.add_command(
        "takes",
        "List the takes: those in use, and those undone or kept apart, and why; put one back, or undo the last.",
        _TAKES_EXAMPLES,
        _manage,
    )
    cli.add_dataset(takes)
    takes.add_argument("--subject", metavar="ID", help="the person's pseudonym")
    _add_managing(takes)
    cli.add_json(takes)
    return parser


def _add_managing(parser: cli.Parser, but: str = "") -> None:
    """Add what is done to takes that are there already."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--list", action="store_true", help=f"{but}list the takes: in use, and in trash/ and rejected/")
    group.add_argument("--undo", action="store_true", help=f"{but}move the last take (of --subject) to trash/")
    parser.add_argument("--take", metavar="TAKE", help="with --undo: this one instead of the last")
    group.add_argument("--restore", metavar="TAKE", help=f"{but}put a take of trash/ or rejected/ back")
    group.add_argument(
        "--withdraw-consent", action="store_true", help=f"{but}take everything of --subject out of the data"
    )


def _record(arguments: argparse.Namespace) -> cli.Result:
    if arguments.list or arguments.undo or arguments.restore or arguments.withdraw_consent:
        return _manage(arguments)
    config = _to_config(arguments)
    is_alone = config.capture is None or not config.preview
    cli.require(is_alone, "--capture", found="a window", expected="--no-preview beside it")
    cli.require(arguments.take is None, "--take", found="it alone", expected="--undo beside it")
    if arguments.actors is not None:
        is_drawn_alone = config.source == "synthetic" and not config.preview and config.target is not None
        found = "another --source, a window, or no --target"
        expected = "--source synthetic --no-preview --target N beside it"
        cli.require(is_drawn_alone, "--actors", found=found, expected=expected)
        from tools.recorder.crowd import record_crowd

        return record_crowd(config, arguments.actors)
    from tools.recorder.record import record

    return record(config)


def _manage(arguments: argparse.Namespace) -> cli.Result:
    """Do what records nothing."""
    dataset = paths.dataset_dir(arguments.dataset)
    cli.require(arguments.take is None or arguments.undo, "--take", found="it alone", expected="--undo beside it")
    from tools.recorder import manage

    if arguments.restore:
        return manage.restore(dataset, arguments.restore)
    if arguments.undo:
        return manage.undo(dataset, _subject(arguments) if arguments.subject else None, arguments.take)
    if arguments.withdraw_consent:
        return manage.withdraw_consent(dataset, _subject(arguments))
    return manage.list_takes(dataset, _subject(arguments) if arguments.subject else None)


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
    if arguments.subject is None or not paths.is_subject(arguments.subject):
        raise WrongUsage(
            "--subject",
            found="nothing" if arguments.subject is None else repr(arguments.subject),
            expected=f"{paths.SUBJECT_RULE}, such as s01",
            todo="never write a person's name into a dataset",
        )
    return str(arguments.subject)


def _to_config(arguments: argparse.Namespace) -> RecordingConfig:
    """Turn parsed flags into a configuration.

    Raises:
        WrongUsage: A subject that is no pseudonym, or a dataset that is neither a name nor a path.
    """
    return cli.fill(
        RecordingConfig,
        arguments,
        subject_id=_subject(arguments),
        dataset=paths.dataset_dir(arguments.dataset),
        preview=not arguments.no_preview,
        lang=language.choose(arguments.lang),
        width_px=arguments.width,
        height_px=arguments.height,
        sound=not arguments.no_sound,
        review=not arguments.no_look_back,
    )


main = cli.entry(parser)
