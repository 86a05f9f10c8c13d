"""What people read on the review page, in English and Korean: words.toml, read when this is imported."""

from pathlib import Path

from shared.text.catalogue import read_catalogue

TEXTS = read_catalogue(Path(__file__).with_suffix(".toml"))
