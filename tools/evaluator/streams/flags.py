"""Flags of `evaluator --stream`, which measures events of whole films instead of labelled windows."""

from shared import cli

STREAM_ONLY = ("marks", "films", "objective", "tolerance_ms", "graph")


def add_flags(parser: cli.Parser) -> None:
    """Add what holds with --stream only: events of whole films instead of labelled windows."""
    add = parser.add_argument
    help_ = "measure the model's hand-off on whole films, as a player feels it: false alarms a minute, delay, misses"
    add("--stream", action="store_true", help=help_)
    columns_ = "file (a take's id or a film), start, end, label, subject"
    help_ = f"with --stream: all laughs of the films: {columns_} (default: the takes, laughing when they are asked to)"
    add("--marks", type=cli.path, metavar="CSV", help=help_)
    add("--films", type=cli.path, metavar="DIR", help="folder of the films in --marks (default: the table's own)")
    help_ = "with --stream: choose the threshold on the validation people's films, for false_alarms:2 (the most laughs "
    help_ += "found with so many false alarms a minute of play) or recall:0.9"
    add("--objective", metavar="NAME:N", help=help_)
    help_ = "with --stream: so far from a marked laugh its event may begin (default: 500)"
    add("--tolerance-ms", type=cli.number(0, 10_000, "milliseconds"), metavar="MS", help=help_)
    help_ = "with --stream: which graphs of the hand-off run (default: stream, or window where it has no other)"
    add("--graph", choices=("stream", "window", "pixels"), help=help_)
