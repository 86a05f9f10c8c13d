"""The command line of timeline: flags to a configuration; each command is a module.

timeline --film talk_show.mp4
"""

import argparse
from pathlib import Path

from shared import cli, paths
from shared.errors import WrongUsage
from shared.onnx.contract import PROVIDERS
from shared.text import language
from tools.timeline.config import (
    FORMATS,
    TENSIONS,
    ExportConfig,
    MomentsConfig,
    PageConfig,
    ScoreConfig,
    TimelineConfig,
)

TOOL = "timeline"

DESCRIPTION = """\
Read a film into a table of named channels over time, and find its funny moments.

Twice a second (--rate) the frame on screen is looked at: faces are found and followed, and a provider gives channels:
  blendshapes  MediaPipe's 52 (the default)
  emotions     a classifier of one grey face with a JSON beside it (emotion_mini_xception, or --model FILE)
  enet         EmotiEffLib's enet_b0_8_va_mtl: 8 emotions, valence, arousal (./inv fetch-models --only enet)
  model        a detector of this house (--model NAME)
Sound gives loudness, and laughter where YAMNet and LiteRT are here. Writes artifacts/timelines/<film>/ (or --out).
Killed at any moment, it goes on where it was; run again, it changes nothing. Memory does not grow with the film.
The film stays where it is, and nothing of it is published: --licence says under which terms you have it."""

EXAMPLES = """\
timeline --film talk_show.mp4
timeline --film talk_show.mp4 --provider emotions --rate 4 --licence "own recording"
timeline --film actors.mp4 --provider model --model demo-e12 --face-model none
timeline moments --timeline talk_show --high 0.6            # other rules, the same table"""


MOMENTS_EXAMPLES = """\
timeline moments --timeline talk_show --high 0.6 --look-back-s 3
timeline moments --timeline talk_show --channel happy --track 2
timeline moments --timeline talk_show --clip-model clips-1a2b3c4d-best --tension score"""

SCORE_EXAMPLES = """\
timeline score --timeline talk_show --timeline quiz
timeline score --timeline talk_show --labels laughs.csv --json
timeline score --trained                                   # three marked films or more"""

EXPORT_EXAMPLES = """\
timeline export --timeline talk_show
timeline export --timeline talk_show --format edl --format otio --out edits/
timeline export --timeline talk_show --cut clips/"""

MOMENTS_LENGTHS = (
    ("--min-gap-s", 1.5, "moments nearer than this become one"),
    ("--min-length-s", 1.0, "shorter ones are left out"),
    ("--look-back-s", 1.0, "how long before the reaction a moment starts"),
    ("--snap-s", 0.5, "how far a start or end may move to a cut or a quiet place"),
    ("--window-s", 10.0, "over which the tension is smoothed"),
)


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _build)
    add = parser.add_argument
    add("--film", type=cli.path, required=True, metavar="FILE", help="the film")
    cli.add_out(parser, "artifacts/timelines/<film>")
    rate = "frames a second that are looked at (default: 2)"
    add("--rate", type=cli.number(0.1, 60, "frames a second"), default=2, metavar="R", help=rate)
    add("--provider", choices=PROVIDERS, default=PROVIDERS[0], help=f"what gives channels (default: {PROVIDERS[0]})")
    add("--model", metavar="M", help="the provider's .onnx file; of provider model also a name under artifacts/models")
    add("--face-model", metavar="FILE", help="YuNet, or none: the whole picture is the face (default: the fetched one)")
    cli.add_landmark_model(parser)
    add("--licence", default="unknown", metavar="TEXT", help="under which terms you have the film (default: unknown)")
    _add_moments(parser)
    _add_score(parser)
    _add_pages(parser)
    _add_export(parser)
    return cli.add_json(parser)


def _add_timeline(parser: cli.Parser) -> None:
    parser.add_argument(
        "--timeline", required=True, metavar="NAME", help="a name under artifacts/timelines/, or a path"
    )


def _add_score(timeline: cli.Parser) -> None:
    what = (
        "Measure moments against what raters marked: event F1, AUPRC, hits, Kendall's tau-b, beside baselines and a "
        "sign-flip test over films."
    )
    parser = timeline.add_command("score", what, SCORE_EXAMPLES, _score)
    add = parser.add_argument
    films = "a name under artifacts/timelines/, or a path (repeat; default: all that have marks)"
    add("--timeline", action="append", default=[], metavar="NAME", help=films)
    csv = "a csv with film, start_s, end_s (default: the marks of ./inv timeline-label)"
    add("--labels", type=cli.path, metavar="CSV", help=csv)
    add("--rater", metavar="NAME", help="whose marks are the truth (default: what most raters marked)")
    trained = "also measure statistics of 6-second clips, judged by models that are learned from the other films"
    add("--trained", action="store_true", help=trained)
    cli.add_out(parser, "artifacts/results/timeline_score.json")
    cli.add_seed(parser)
    cli.add_json(parser)


def _add_export(timeline: cli.Parser) -> None:
    what = "Write moments for players, platforms and editors, or cut them out as films of their own."
    parser = timeline.add_command("export", what, EXPORT_EXAMPLES, _export)
    _add_timeline(parser)
    formats = "one of the formats (repeat; default: all, but none with --cut)"
    parser.add_argument("--format", action="append", choices=FORMATS, default=[], help=formats)
    parser.add_argument("--cut", type=cli.path, metavar="DIR", help="write each moment as a film, to the frame")
    cli.add_out(parser, "artifacts/timelines/<film>/exports")
    cli.add_lang(parser)
    cli.add_json(parser)


def _add_pages(timeline: cli.Parser) -> None:
    what = "Look at a film with its curves and moments, in the browser, until Ctrl-C."
    show = timeline.add_command("show", what, "timeline show --timeline talk_show", _page)
    what = "Mark a film's funny moments by keys, in the browser, without seeing what was found, until Ctrl-C."
    label = timeline.add_command("label", what, "timeline label --timeline talk_show --rater r1", _page)
    label.add_argument("--rater", default="r1", metavar="NAME", help="your pseudonym, not your name (default: r1)")
    for parser in (show, label):
        _add_timeline(parser)
        cli.add_page(parser, 0, "the usual one, or the next free one")
        cli.add_lang(parser)
        cli.add_json(parser)


def _add_moments(timeline: cli.Parser) -> None:
    what = "Find a timeline's moments again, by other rules; the table is not read anew."
    parser = timeline.add_command("moments", what, MOMENTS_EXAMPLES, _moments)
    add = parser.add_argument
    _add_timeline(parser)
    channel = (
        "whose largest value is the score (repeat; default: what the provider means by fun, and laughter if heard)"
    )
    add("--channel", action="append", default=[], metavar="NAME", help=channel)
    trained = "a trained model of clips whose probability is the score; of several, such as folds, the mean (repeat)"
    add("--clip-model", action="append", default=[], metavar="M", help=trained)
    tension = "what it is made of: arousal and change, or the score of --clip-model (default: change)"
    add("--tension", choices=TENSIONS, default=TENSIONS[0], help=tension)
    add("--track", type=cli.positive_int, metavar="N", help="the person who counts (default: the largest face)")
    add("--high", type=cli.fraction, metavar="P", help="a moment begins above it (default: the provider's, 0.4)")
    add(
        "--low",
        type=cli.fraction,
        metavar="P",
        help="it goes on above it (default: half of --high; --high with --clip-model)",
    )
    seconds = cli.number(0, 600, "seconds")
    for name, default, text in MOMENTS_LENGTHS:
        add(name, type=seconds, default=default, metavar="S", help=f"{text}, in seconds (default: {default:g})")
    cli.add_json(parser)


def _build(arguments: argparse.Namespace) -> cli.Result:
    from shared.faces.providers import require_model
    from tools.timeline.table.build import out_folder

    require_model(arguments.provider, arguments.model)
    film = arguments.film.resolve()
    config = cli.fill(TimelineConfig, arguments, film=film, out=out_folder(arguments.out, film))
    from tools.timeline.run import run

    return run(config)


def timeline_dir(value: str) -> Path:
    """Return a timeline's folder from what --timeline was given."""
    return paths.folder_named(value, paths.artifacts("timelines"), "--timeline")


def _moments(arguments: argparse.Namespace) -> cli.Result:
    files = tuple(paths.model_file(name) for name in dict.fromkeys(arguments.clip_model))
    is_one = not (files and arguments.channel)
    cli.require(is_one, "--channel", found="--clip-model beside it", expected="one of them")
    has_score = bool(files) or arguments.tension != "score"
    cli.require(has_score, "--tension score", found="no --clip-model", expected="one: the score is what it has learned")
    config = cli.fill(MomentsConfig, arguments, channels=tuple(arguments.channel), clip_models=files)
    cli.require(config.window_s > 0, "--window-s", found="0", expected="more than 0")
    from tools.timeline.moments.write import write_moments

    return write_moments(timeline_dir(arguments.timeline), config)


def _score(arguments: argparse.Namespace) -> cli.Result:
    names = arguments.timeline
    marked = sorted(paths.artifacts("timelines").glob("*/labels"))
    folders = [timeline_dir(name) for name in names] if names else [path.parent for path in marked]
    found = "no timeline with marks"
    cli.require(bool(folders), "--timeline", found=found, expected="one: mark one with ./inv timeline-label")
    out = arguments.out or paths.artifacts("results") / "timeline_score.json"
    config = cli.fill(ScoreConfig, arguments, timelines=tuple(folders), out=out.resolve())
    from tools.timeline.truth.score import score

    return score(config)


def _export(arguments: argparse.Namespace) -> cli.Result:
    folder = timeline_dir(arguments.timeline)
    out, cut = arguments.out or folder / "exports", arguments.cut and arguments.cut.resolve()
    lang = language.choose(arguments.lang)
    config = ExportConfig(folder, tuple(dict.fromkeys(arguments.format)), cut, out.resolve(), lang)
    from tools.timeline.exports.write import export

    return export(config)


def _page(arguments: argparse.Namespace) -> cli.Result:
    rater = getattr(arguments, "rater", None)
    if rater is not None and not paths.SUBJECT_PATTERN.fullmatch(rater):
        raise WrongUsage("--rater", found=repr(rater), expected=f"{paths.SUBJECT_RULE}, such as r1")
    lang, folder = language.choose(arguments.lang), timeline_dir(arguments.timeline)
    config = PageConfig(folder, rater, arguments.port, lang, not arguments.no_open)
    from tools.timeline.page.server import serve

    return serve(config)


main = cli.entry(parser)
