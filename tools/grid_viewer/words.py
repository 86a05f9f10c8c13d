"""What people read on sheets and page, in English and Korean: words.toml and emotions.toml, read when imported."""

from pathlib import Path

from shared.text.catalogue import read_catalogue

TEXTS = read_catalogue(Path(__file__).with_suffix(".toml"))
EMOTION_TEXTS = read_catalogue(Path(__file__).with_name("emotions.toml"))
