"""The command line of predictor: flags to a configuration.

predictor --model people-e10 photos/
"""

import argparse

from shared import cli
from shared.text import language
from tools.predictor.config import PredictConfig

TOOL = "predictor"

DESCRIPTION = """\
Say what a model sees in photos and films: label, confidence, and where it is not sure.

Takes any model of this house (pictures, face landmarks, blendshapes), any ONNX of the contract, and "blendshapes":
MediaPipe's smile, which needs no training. A photo is read and cut as an import would do it, so the scores are those
that evaluate gives for the same photos. A film is decided on every half second (--every), each time by as many frames
as the model takes. The confidence is calibrated where the model was exported with --calibrate; else that is said. Not
sure is a confidence below 0.6, and a score inside the 95 % interval of the model's threshold.

Nothing leaves this computer. Exit codes: 0 all were predicted, 1 some could not be, 2 wrong usage, 3 something is
missing, such as MediaPipe's model."""

EXAMPLES = """\
predictor --model people-e10 photos/                      # every photo and film of a folder
predictor --model people-e10 laugh.heic talk.mp4 --every 0.2 --out predictions.csv
predictor --model blendshapes --threshold 0.4 selfie.jpg --json
find . -name '*.jpg' | predictor --model people-e10 -    # names, or a picture itself"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _predict)
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="photos, films, folders; - for names or one picture on stdin")
    add("--model", help="a name under artifacts/models, an .onnx file, or blendshapes (default: the newest)")
    add("--threshold", type=cli.fraction, metavar="P", help="decision threshold (default: the model's own, else 0.5)")
    add(
        "--not-sure",
        type=_band,
        metavar="LOW,HIGH",
        help="scores between which it is not sure; none for never (default: see above)",
    )
    add(
        "--every",
        type=cli.number(0.01, 3600, "seconds"),
        default=0.5,
        metavar="S",
        help="seconds between two decisions on a film (default: 0.5)",
    )
    add("--face-model", metavar="FILE", help="YuNet's file, or none (default: the fetched one)")
    cli.add_landmark_model(parser, also=", for models of landmarks or blendshapes")
    cli.add_out(parser, "no file; PATH is a csv with a row for each prediction")
    add("--threads", type=cli.whole(0), default=0, metavar="N", help="threads of onnxruntime (default: its own choice)")
    cli.add_lang(parser)
    return cli.add_json(parser)


def _band(text: str) -> tuple[float, float]:
    """Parse LOW,HIGH, or none."""
    if text == "none":
        return (1.0, 0.0)
    low, _, high = text.partition(",")
    band = cli.fraction(low), cli.fraction(high)
    if band[0] > band[1]:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected the lower one first, such as 0.4,0.6")
    return band


def _predict(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        PredictConfig,
        arguments,
        files=tuple(arguments.files),
        every_s=arguments.every,
        lang=language.choose(arguments.lang),
    )
    from tools.predictor.predict import predict

    return predict(config)


main = cli.entry(parser)
