"""The metrics in words for a terminal."""

from typing import Any

_NAMES = (("recall", "recall"), ("precision", "precision"), ("f1", "F1"), ("accuracy", "accuracy"))


def format_metrics(metrics: dict[str, Any], intervals: dict[str, Any], notes: list[str]) -> str:
    """Write metrics as lines, each with its 95 % interval; undefined ones as a dash, then the notes."""
    c = metrics["confusion"]
    rates = ", ".join(f"{shown} {_rate(metrics[key])}{_range(intervals[key], '.0%')}" for key, shown in _NAMES)
    auc = "-" if metrics["roc_auc"] is None else f"{metrics['roc_auc']:.4f}"
    best = metrics["optimal_threshold"]
    optimum = (
        "-" if best is None else f"{best:.4f} (Youden's J {metrics['youden_j']:.3f}, chosen on these very sequences)"
    )
    found = intervals["accuracy"]
    lines = [
        f"at threshold {metrics['threshold']:.4f} ({metrics['threshold_source']}): {rates}",
        f"TP {c['tp']}, FN {c['fn']}, TN {c['tn']}, FP {c['fp']}; ROC AUC {auc}{_range(intervals['roc_auc'], '.3f')}",
        f"optimal threshold {optimum}",
        f"95 % intervals in brackets: {found['method']}; {found['n']} sequences of {found['n_subjects']} people",
    ]
    return "\n".join([*lines, *[f"note: {note}" for note in notes]])


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _range(interval: dict[str, Any], form: str) -> str:
    """Write an interval's bounds in brackets; nothing where they are undefined."""
    if interval["low"] is None or interval["high"] is None:
        return ""
    return f" [{interval['low']:{form}} to {interval['high']:{form}}]"
