"""Command line of the importer: flags to the config of one kind of source.

importer --dataset people --windows windows.csv
importer --dataset photos --photos photos/
importer --dataset emotions --archives zips/ --keywords keywords.json
importer --dataset everybody --merge people
"""

import argparse
import re
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.errors import WrongUsage
from tools.importer.config import ArchivesConfig, MergeConfig, PhotosConfig, WindowsConfig

EXAMPLES = """
importer --dataset people --windows films/windows.csv        (columns file, start, end, label, subject; seconds)
importer --dataset clips --windows laughs.csv --clips        (whole windows of 5 to 7 s, 2 pictures a second)
importer --dataset photos --photos photos/                   (photos/smile/..., photos/non_smile/...)
importer --dataset photos --photos photos/ --licence CC0-1.0 --basis "stock photos with model releases"
importer --dataset photos --photos photos/ --labels 웃음=smile,무표정=non_smile --subject-per folder
importer --dataset genki --photos genki4k/ --table genki4k/labels.csv --label-column smile --labels 1=smile,0=non_smile
importer --dataset emotions --archives zips/ --keywords keywords.json --max-per-zip 5000 --pick even
importer --dataset everybody --merge people --prefix a_
importer --dataset everybody --merge photos --prefix p_ --still-photos   (photos beside films, each shown as often)
"""
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}", re.ASCII)
_KINDS = ("windows", "photos", "archives", "merge")
_ONLY_FOR = {
    "films": ("windows",),
    "protocol": ("windows",),
    "per_window": ("windows",),
    "clips": ("windows",),
    "confirm": ("windows",),
    "table": ("photos",),
    "file_column": ("photos",),
    "label_column": ("photos",),
    "subject_column": ("photos",),
    "subject_per": ("photos",),
    **dict.fromkeys(("min_px", "max_megapixels", "face_model", "without_face"), ("photos", "archives")),
    "keywords": ("archives",),
    "max_per_zip": ("archives",),
    "pick": ("archives",),
    "seed": ("archives",),
    "positive": ("photos",),
    "labels": ("windows", "photos"),
    "pseudonyms": ("windows", "photos"),
    "kind": ("windows", "photos", "archives"),
    "licence": ("windows", "photos", "archives"),
    "basis": ("windows", "photos", "archives"),
    "prefix": ("merge",),
    "same_people": ("merge",),
    "still_photos": ("merge",),
}


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "importer",
        "Take in what others have recorded, into a dataset that is made on first use. Running it again adds nothing "
        "twice; interrupt it and it goes on. What cannot be used is listed with its reason.",
        EXAMPLES,
        _import,
    )
    cli.add_dataset(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--windows", type=cli.path, metavar="CSV", help="films: columns file, start, end, label, subject"
    )
    source.add_argument("--photos", type=cli.path, metavar="DIR", help="photos, in a sub-folder for each class")
    source.add_argument("--archives", type=cli.path, metavar="DIR", help="ZIPs of photos, read as they are; or one ZIP")
    source.add_argument("--merge", metavar="DATASET", help="another dataset: name under datasets/, or a path")
    both = parser.add_argument_group("films and photos (--kind, --licence and --basis for archives, too)")
    both.add_argument("--labels", metavar="A=CLASS,...", help="labels of the source, such as 1=smile,0=non_smile")
    both.add_argument("--pseudonyms", action="store_true", help="rename every subject: for sources that hold names")
    both.add_argument("--kind", choices=("real", "synthetic"), help="synthetic: drawn faces (default: real)")
    both.add_argument(
        "--licence",
        metavar="NAME",
        help="licence of the pictures; with --basis it stands for the consent rows that an imported set has none of: "
        "without both, nothing is trained on these people",
    )
    both.add_argument("--basis", metavar="WHY", help="where they are from, and why they may be used")
    films = parser.add_argument_group("films")
    films.add_argument("--films", type=cli.path, metavar="DIR", help="folder of the films (default: that of the csv)")
    films.add_argument("--per-window", type=cli.positive_int, metavar="N", help="sequences a row (default: 1)")
    films.add_argument(
        "--clips",
        type=cli.number(0.5, 30, "pictures a second"),
        nargs="?",
        const=2.0,
        metavar="R",
        help="each row becomes a clip: one sequence of its whole window, of 5 to 7 s best, R pictures a second "
        "(default: 2); for ./inv features --kind emotions",
    )
    films.add_argument(
        "--confirm",
        action="store_true",
        help="the subjects are right, although a film shows two, or two differ in capitals only",
    )
    films.add_argument(
        "--protocol", type=cli.path, help="frame count, interval, size of a new dataset (default: the recorder's)"
    )
    photos = parser.add_argument_group("photos")
    photos.add_argument("--table", type=cli.path, metavar="CSV", help="names photos, labels and perhaps subjects")
    photos.add_argument("--file-column", metavar="NAME", help="of the table (default: file)")
    photos.add_argument("--label-column", metavar="NAME", help="of the table (default: label)")
    photos.add_argument("--subject-column", metavar="NAME", help="of the table (default: subject, where it is there)")
    photos.add_argument(
        "--subject-per",
        choices=("photo", "folder", "unknown"),
        help="the person on a photo that no table names: a new one on each (default), one per folder below the "
        "class's, or one person called unknown, who stays in one part of a split",
    )
    photos.add_argument("--positive", metavar="CLASS", help="positive class of a new dataset (default: smile)")
    still = parser.add_argument_group("photos and archives")
    still.add_argument("--min-px", type=cli.positive_int, metavar="N", help="least side of a photo (default: 48)")
    still.add_argument(
        "--max-megapixels", type=cli.number(0.01, 10_000), metavar="N", help="most pixels, in millions (default: 200)"
    )
    still.add_argument("--face-model", metavar="FILE", help="YuNet's file, or none (default: the fetched one)")
    still.add_argument(
        "--without-face",
        choices=("apart", "keep"),
        help="photos in which no face is found are listed and not taken in (apart, the default), or taken in all the "
        "same",
    )
    zips = parser.add_argument_group("archives (folders Training and Validation become the parts of every split)")
    zips.add_argument("--keywords", type=cli.path, metavar="JSON", help="which words of a name stand for which class")
    zips.add_argument("--max-per-zip", type=cli.positive_int, metavar="N", help="pictures of a ZIP (default: 5000)")
    zips.add_argument("--pick", choices=("random", "even"), help="which, where there are more (default: random)")
    zips.add_argument("--seed", type=cli.seed, metavar="N", help="random seed (default: 0)")
    others = parser.add_argument_group("other datasets")
    others.add_argument("--prefix", metavar="TEXT", help="put before each pseudonym, to keep people apart")
    others.add_argument("--same-people", action="store_true", help="a pseudonym of both datasets is the same person")
    others.add_argument("--still-photos", action="store_true", help="photos become sequences in which nothing moves")
    return cli.add_json(parser)


def _import(arguments: argparse.Namespace) -> cli.Result:
    _refuse_flags_of_others(arguments)
    is_complete = bool(arguments.licence) == bool(arguments.basis)
    cli.require(is_complete, "--licence", found="one without the other", expected="--licence and --basis together")
    dataset = paths.dataset_dir(arguments.dataset)
    if arguments.windows is not None:
        windows = _to_windows(arguments, dataset)
        from tools.importer.windows import import_windows

        return import_windows(windows)
    if arguments.photos is not None:
        photos = _to_photos(arguments, dataset)
        from tools.importer.photos import import_photos

        return import_photos(photos)
    if arguments.archives is not None:
        archives = _to_archives(arguments, dataset)
        from tools.importer.archives.archives import import_archives

        return import_archives(archives)
    merged = _to_merge(arguments, dataset)
    from tools.importer.merge import merge

    return merge(merged)


def _refuse_flags_of_others(arguments: argparse.Namespace) -> None:
    """Refuse a flag that the chosen kind of source does not know, rather than ignore it."""
    chosen = next(kind for kind in _KINDS if getattr(arguments, kind) is not None)
    for name, kinds in _ONLY_FOR.items():
        if getattr(arguments, name) not in (None, False) and chosen not in kinds:
            flag = "--" + name.replace("_", "-")
            expected = " or ".join(f"--{kind}" for kind in kinds)
            raise WrongUsage(flag, found=f"it beside --{chosen}", expected=f"it with {expected} only")


def _to_windows(arguments: argparse.Namespace, dataset: Path) -> WindowsConfig:
    is_one = arguments.clips is None or arguments.per_window in (None, 1)
    cli.require(is_one, "--per-window", found=f"{arguments.per_window} with --clips", expected="1: a clip is a window")
    return cli.fill(
        WindowsConfig,
        arguments,
        dataset=dataset,
        labels=_parse_labels(arguments.labels),
        per_window=arguments.per_window or 1,
        kind=arguments.kind or "real",
    )


def _to_photos(arguments: argparse.Namespace, dataset: Path) -> PhotosConfig:
    if arguments.table is None:
        for name in ("file_column", "label_column", "subject_column"):
            flag = "--" + name.replace("_", "-")
            cli.require(getattr(arguments, name) is None, flag, found="no --table", expected="one beside it")
    else:
        found = "--table beside it"
        cli.require(arguments.subject_per != "folder", "--subject-per folder", found=found, expected="photo or unknown")
    return cli.fill(
        PhotosConfig,
        arguments,
        dataset=dataset,
        file_column=arguments.file_column or "file",
        label_column=arguments.label_column or "label",
        labels=_parse_labels(arguments.labels),
        subject_per=arguments.subject_per or "photo",
        **_still(arguments),
        kind=arguments.kind or "real",
    )


def _still(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fill what photos and archives share."""
    return {
        "min_px": arguments.min_px or 48,
        "max_megapixels": arguments.max_megapixels or 200.0,
        "without_face": arguments.without_face or "apart",
    }


def _to_archives(arguments: argparse.Namespace, dataset: Path) -> ArchivesConfig:
    expected = "a file that says what their names mean"
    cli.require(arguments.keywords is not None, "--archives", found="no --keywords", expected=expected)
    return cli.fill(
        ArchivesConfig,
        arguments,
        dataset=dataset,
        max_per_zip=arguments.max_per_zip or 5000,
        pick=arguments.pick or "random",
        seed=arguments.seed or 0,
        **_still(arguments),
        kind=arguments.kind or "real",
    )


def _to_merge(arguments: argparse.Namespace, dataset: Path) -> MergeConfig:
    prefix = arguments.prefix or ""
    cli.require(
        not prefix or _PREFIX.fullmatch(prefix) is not None,
        "--prefix",
        found=repr(prefix),
        expected="letters a-z, digits, '-' and '_', at most 16, such as b_",
    )
    other = paths.dataset_dir(arguments.merge)
    return cli.fill(MergeConfig, arguments, dataset=dataset, other=other, prefix=prefix)


def _parse_labels(text: str | None) -> dict[str, str]:
    """Parse 1=smile,0=non_smile.

    Raises:
        WrongUsage: Not of this form, or a name that no class can have.
    """
    found: dict[str, str] = {}
    for part in (text or "").split(",") if text else []:
        source_label, sign, name = (piece.strip() for piece in part.partition("="))
        if not sign or not source_label or not paths.CLASS_PATTERN.fullmatch(name):
            raise WrongUsage(
                "--labels", found=repr(part), expected="label of the source = a class, such as 1=smile,0=non_smile"
            )
        if found.get(source_label, name) != name:
            raise WrongUsage("--labels", found=f"{source_label} twice", expected="each once")
        found[source_label] = name
    return found


main = cli.entry(parser)
