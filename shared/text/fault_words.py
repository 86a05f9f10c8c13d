"""What is wrong with a take, and how the person mends it, in Korean and English: fault_words.toml, by a key."""

from pathlib import Path

FAULT_WORDS = Path(__file__).with_suffix(".toml")
# Beside the faults of pictures (`shared.dataset.quality.FAULTS`):
OF_SMILES = ("face_lost", "no_rise", "smile_in_neutral", "smile_outside")
WHY_NOT_STORED = ("short", "slow", "gap", "sequence", "size", "clock", "disk", "source")
