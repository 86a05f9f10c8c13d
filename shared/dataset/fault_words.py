"""What is wrong with a take, and how the person mends it, in Korean and English: fault_words.toml, by a key.

Keys are those of `shared.dataset.quality.FAULTS`, of a smile that did not follow the prompts, and of why a take is not
stored at all.
"""

from pathlib import Path

FAULT_WORDS = Path(__file__).with_suffix(".toml")
