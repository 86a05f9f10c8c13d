"""The metrics in words for a terminal."""

from typing import Any

_NAMES = (("recall", "recall"), ("precision", "precision"), ("f1", "F1"), ("accuracy", "accuracy"))


def format_metrics(metrics: dict[str, Any], notes: list[str]) -> str:
    """Write metrics as lines: rates in percent, undefined ones as a dash, then the notes."""
    c = metrics["confusion"]
    rates = ", ".join(
        f"{shown} {'-' if metrics[key] is None else format(metrics[key], '.2%')}" for key, shown in _NAMES
    )
    auc = "-" if metrics["roc_auc"] is None else f"{metrics['roc_auc']:.4f}"
    best = metrics["optimal_threshold"]
    optimum = (
        "-" if best is None else f"{best:.4f} (Youden's J {metrics['youden_j']:.3f}, chosen on these very sequences)"
    )
    lines = [
        f"at threshold {metrics['threshold']:.4f} ({metrics['threshold_source']}): {rates}",
        f"TP {c['tp']}, FN {c['fn']}, TN {c['tn']}, FP {c['fp']}; ROC AUC {auc}; optimal threshold {optimum}",
        *[f"note: {note}" for note in notes],
    ]
    return "\n".join(lines)
