"""Settings of spec-checker. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SpecCheckConfig:
    """Settings of a check.

    Attributes:
        spec: The spec to check.
        model: The ONNX, or None for the one that the spec names.
        browser: Run the hand-off in a real browser, and write browser_proof.json beside the spec.
        film: The film to play as webcam there, or None for a drawn one.
        film_s: For how many seconds, or None for the default.
        chromium: The browser, or None to find one.
        quick: Fewer inferences.
        public_key: The key that the folder must be signed with, as base64; None is this workspace's, if it is signed.
    """

    spec: Path
    model: Path | None
    browser: bool = False
    film: Path | None = None
    film_s: float | None = None
    chromium: str | None = None
    quick: bool = False
    public_key: str | None = None


@dataclass(frozen=True)
class CostsConfig:
    """Settings of a measurement of costs.

    Attributes:
        folders: The hand-offs.
        out: The folder to write; None is artifacts/costs/<models>.
        rounds: Of timing.
        browser: Whether to measure in a browser, where there is one.
        chromium: The browser, or None to find one.
    """

    folders: tuple[Path, ...]
    out: Path | None = None
    rounds: int = 12
    browser: bool = True
    chromium: str | None = None
