"""Texts of the window, in Korean and English: stages and keys (words.toml), what is wrong and how to mend it."""

from pathlib import Path

from shared.text.catalogue import Lang, Words, read_catalogue
from shared.text.fault_words import FAULT_WORDS

TEXTS = read_catalogue(Path(__file__).with_suffix(".toml"), FAULT_WORDS)

# The faults of pictures and smile, for the command line and for programs' logs.
REASONS = {
    "blank": "the picture is blank",
    "no_face": "no face in the stored square",
    "many_faces": "more than one face",
    "small_face": "the face is too small",
    "dark": "too dark",
    "bright": "too bright",
    "blurred": "blurred",
    "tilted": "the head is tilted",
    "turned": "the head is turned away",
    "uneven": "frames came unevenly",
    "face_lost": "the face was lost in a labelled window",
    "no_rise": "no smile was seen",
    "smile_in_neutral": "a smile in the neutral window",
    "smile_outside": "the smile does not fill the smile window",
}


def name_of(label: str, lang: Lang) -> str:
    """Return what a label is called on the screen."""
    key = f"label_{label}"
    return Words(TEXTS, lang)(key) if key in TEXTS else label
