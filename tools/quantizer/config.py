"""Settings of a quantisation. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

# Every way that is tried, by what becomes of it in a hand-off. `tools.quantizer.schemes` makes them.
FP16_SCHEMES = ("fp16", "fp16_weights")
INT8_SCHEMES = ("int8_weights", "int8_tensor", "int8_channel", "int8_channel_7bit", "int8_kept", "int8_kept_percentile")
TUNED = "int8_tuned"
SCHEMES = (*FP16_SCHEMES, *INT8_SCHEMES, TUNED)
TUNINGS = ("auto", "always", "never")


@dataclass(frozen=True)
class QuantizeConfig:
    """Settings of a quantisation.

    Attributes:
        model: The ONNX; its model.json and weights.safetensors lie beside it.
        out: The folder to write; None is artifacts/quantized/<model_id>.
        dataset: The model's dataset; None finds it by the card.
        schemes: What is tried, of `SCHEMES`.
        tuning: Whether weights are fine-tuned for 8 bits: ``auto`` where no 8-bit arithmetic passes without it.
        tuning_steps: Of that, at most.
        rounds: Of timing.
        margin: By how much the accuracy may fall at most, as a fraction.
        allow_no_consent: Use people without a consent row too.
    """

    model: Path
    out: Path | None = None
    dataset: Path | None = None
    schemes: tuple[str, ...] = SCHEMES
    tuning: str = "auto"
    tuning_steps: int = 300
    rounds: int = 12
    margin: float = 0.05
    allow_no_consent: bool = False
