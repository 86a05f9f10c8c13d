"""Kaggle's rules for a dataset's metadata, and the project's for drawn faces. Pure functions; nothing is sent.

The kaggle package is not imported: importing it looks for credentials at once. The tests hold these rules against it.
"""

import re
from dataclasses import dataclass

from shared.dataset.reader import Dataset
from shared.errors import InvalidInput, WrongUsage

TITLE_CHARS = (6, 50)
SUBTITLE_CHARS = (20, 80)
# Kaggle's documentation says 3 to 50; its client 2.2.4 refuses less than 6, and the stricter one decides.
SLUG_CHARS = (6, 50)
# Source: https://github.com/Kaggle/kaggle-api/blob/main/docs/datasets_metadata.md, "Licenses".
LICENSES = (
    "CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-IGO", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0",
    "CC-BY-NC-SA-3.0-IGO", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "ODbL-1.0", "DbCL-1.0", "ODC-BY-1.0",
    "PDDL", "CDLA-Permissive-1.0", "CDLA-Sharing-1.0", "GPL-2.0", "GPL-3.0", "LGPL-3.0", "AGPL-3.0", "FDL-1.3",
    "apache-2.0", "US-Government-Works", "EU-ODP-Legal-Notice", "copyright-authors", "other", "unknown",
)  # fmt: skip
_SYNTHETIC = re.compile(r"synthetic|합성", re.IGNORECASE)
_NOT_SYNTHETIC = re.compile(r"\b(non|not|no|isn.t)[\s-]*synthetic", re.IGNORECASE)


@dataclass(frozen=True)
class Listing:
    """How a dataset is listed on Kaggle; every field obeys the rules."""

    owner: str
    slug: str
    title: str
    subtitle: str
    license_name: str

    @property
    def id(self) -> str:
        """The address: owner/slug."""
        return f"{self.owner}/{self.slug}"


def make_listing(
    dataset: Dataset,
    owner: str,
    slug: str | None,
    title: str | None,
    subtitle: str | None,
    license_name: str,
    *,
    landmarks_only: bool = False,
) -> Listing:
    """Fill in what was not given, and check everything.

    Raises:
        WrongUsage: A flag breaks a rule of Kaggle's; names the flag, the value and the rule.
        InvalidInput: Drawn faces under a title that does not state it.
    """
    title = default_title(dataset, landmarks_only=landmarks_only) if title is None else title
    _check_text("--title", title, TITLE_CHARS)  # before a slug is made of it
    listing = Listing(
        owner=owner,
        slug=slug_from(title) if slug is None else slug,
        title=title,
        subtitle=default_subtitle(dataset, landmarks_only=landmarks_only) if subtitle is None else subtitle,
        license_name=license_name,
    )
    check_listing(listing)
    if dataset.is_synthetic and not says_synthetic(listing.title):
        raise InvalidInput(
            "--title",
            found=f"{listing.title!r} for a dataset of drawn faces",
            expected="the word synthetic in it",
            todo="drawn faces must not pass as people",
        )
    return listing


def check_listing(listing: Listing) -> None:
    """Check Kaggle's rules.

    Raises:
        WrongUsage: The first rule that is broken.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{1,49}", listing.owner):
        raise WrongUsage(
            "--owner",
            found=repr(listing.owner),
            expected="a Kaggle user or organisation as it stands in its address: letters, digits, '-' and '_'",
        )
    _check_text("--title", listing.title, TITLE_CHARS)
    _check_text("--subtitle", listing.subtitle, SUBTITLE_CHARS)
    _check_text("--slug", listing.slug, SLUG_CHARS)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", listing.slug):
        raise WrongUsage(
            "--slug", found=repr(listing.slug), expected="lower-case letters, digits and single hyphens between them"
        )
    if listing.title == "INSERT_TITLE_HERE":
        raise WrongUsage("--title", found=repr(listing.title), expected="a title")
    if listing.license_name not in LICENSES:
        near = [name for name in LICENSES if name.lower() == listing.license_name.lower()]
        raise WrongUsage(
            "--license",
            found=repr(listing.license_name),
            expected=near[0] if near else "one of " + ", ".join(LICENSES),
        )


def _check_text(flag: str, text: str, length_chars: tuple[int, int]) -> None:
    """Refuse a text that is too short or long, or not one clean line."""
    low, high = length_chars
    if not low <= len(text) <= high:
        raise WrongUsage(flag, found=f"{text!r} ({len(text)} characters)", expected=f"{low} to {high} characters")
    if text != text.strip() or not text.isprintable():
        raise WrongUsage(flag, found=repr(text), expected="one line of visible characters without blanks at either end")


def says_synthetic(text: str) -> bool:
    """Check whether a text states that the data is synthetic, in English or Korean, and not that it isn't."""
    return bool(_SYNTHETIC.search(_NOT_SYNTHETIC.sub("", text)))


def default_title(dataset: Dataset, *, landmarks_only: bool = False) -> str:
    """Derive a title from the dataset's name; always 6 to 50 characters."""
    what = "landmarks" if landmarks_only else "sequences"
    ending = f" synthetic face {what}" if dataset.is_synthetic else f" face {what}"
    name = " ".join(re.sub(r"[^A-Za-z0-9]+", " ", dataset.name).split())
    return (name[: TITLE_CHARS[1] - len(ending)].strip() + ending).strip()


def default_subtitle(dataset: Dataset, *, landmarks_only: bool = False) -> str:
    """Derive a subtitle from the dataset's counts; always 20 to 80 characters."""
    n_sequences, n_people = len(dataset.rows), len(dataset.subjects())
    sequences = f"{n_sequences} labelled sequence{'s' if n_sequences != 1 else ''}"
    if dataset.is_synthetic:
        kind = "Synthetic landmarks" if landmarks_only else "Synthetic"
        return f"{kind}: {sequences} of {n_people} drawn face{'s' if n_people != 1 else ''}, no people"
    what = " of face landmarks" if landmarks_only else ""
    return f"{sequences}{what} of {n_people} {'people' if n_people != 1 else 'person'}"


def slug_from(title: str) -> str:
    """Derive a slug from a title, as Kaggle does: words of letters and digits, joined by hyphens.

    Raises:
        WrongUsage: The title has too few Latin letters and digits for a slug (a Korean one, say).
    """
    slug = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[: SLUG_CHARS[1]].strip("-")
    if len(slug) < SLUG_CHARS[0]:
        raise WrongUsage(
            "--slug",
            found=f"only {slug!r} to make one of in the title {title!r}",
            expected="--slug with 6 to 50 lower-case letters, digits and hyphens",
        )
    return slug
