"""Settings of kaggle-publisher. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PublishConfig:
    """A release to be staged, and perhaps uploaded. None stands for: derived from the dataset.

    Attributes:
        dataset: The dataset's folder.
        owner: Kaggle user or organisation.
        slug: The last part of the dataset's address.
        title: 6 to 50 characters.
        subtitle: 20 to 80 characters.
        license_name: One of Kaggle's names.
        out: The staging folder; None for artifacts/publish/<dataset>.
        yes: Upload; otherwise a dry run.
        public: Publicly visible.
        confirm: The slug, typed once more; needed for public.
        allow_unreviewed: Publish unreviewed labels too; the card notes it.
        joinable: People keep their pseudonym of the other joinable releases.
        landmarks_only: Geometry without pictures.
        lossless: Refuse pictures whose pixels cannot be kept to the bit.
        no_verify: Do not download a release after the upload to compare its bytes.
        abandon: Give a half-done release up, and send nothing.
        ready_timeout_s: How long to wait until Kaggle has processed the files; None for the usual time.
    """

    dataset: Path
    owner: str
    slug: str | None = None
    title: str | None = None
    subtitle: str | None = None
    license_name: str = "CC-BY-NC-SA-4.0"
    out: Path | None = None
    yes: bool = False
    public: bool = False
    confirm: str | None = None
    allow_unreviewed: bool = False
    joinable: bool = False
    landmarks_only: bool = False
    lossless: bool = False
    no_verify: bool = False
    abandon: bool = False
    ready_timeout_s: float | None = None


@dataclass(frozen=True)
class FetchConfig:
    """A release to be fetched.

    Attributes:
        id: owner/slug, or owner/slug/version.
        dataset: The folder to make.
    """

    id: str
    dataset: Path


@dataclass(frozen=True)
class WithdrawConfig:
    """A person to be taken out.

    Attributes:
        dataset: The dataset's folder.
        subject: The person's pseudonym.
        retrain: Mark the models that learned from this person as stale.
        dry_run: Only list what would happen.
        erase: Delete everything of the person that is here, and prove it by search.
        keep_models: With erase: mark runs and models that learned from the person as stale, and keep them.
    """

    dataset: Path
    subject: str
    retrain: bool
    dry_run: bool
    erase: bool = False
    keep_models: bool = False
