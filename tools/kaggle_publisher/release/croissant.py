"""Describes a release for machines: croissant.json, by the Croissant 1.0 format with its responsible-AI fields.

Source: https://docs.mlcommons.org/croissant/docs/croissant-spec.html and croissant-rai-spec.html. Written as plain
JSON-LD, so that no release depends on how a library writes it; the tests load it with mlcroissant. Pure.
"""

from collections.abc import Sequence
from typing import Any

from shared.dataset.reader import COLUMNS, LABELS, SequenceRow
from tools.kaggle_publisher.release.card import describe_origin, describe_pseudonyms, was_prompted

CROISSANT = "croissant.json"
LANDMARKS = "landmarks.npy"
LANDMARK_ROWS = "landmarks.csv"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_MEANING = {
    "sequence_id": ("sc:Text", "The sequence; its pictures are images/<sequence_id>_frame_<n>.jpg."),
    "subject_id": ("sc:Text", "Pseudonym of the person."),
    "take_id": ("sc:Text", "The recording that the sequence was cut from."),
    "label": ("sc:Text", "What the sequence shows."),
    "emotion": ("sc:Text", "One of seven emotions, or empty."),
    "frame_count": ("sc:Integer", "Pictures of the sequence."),
    "frame_interval_ms": ("sc:Float", "Milliseconds from picture to picture."),
    "start_ms": ("sc:Float", "When the first picture was taken, from the start of the take."),
    "frame_times_ms": ("sc:Text", "When each picture was taken, separated by blanks."),
    "source": ("sc:Text", "Camera, film, stream, photo or synthetic."),
    "reviewed": ("sc:Boolean", "Whether the label was checked by eye."),
    "sha256": ("sc:Text", "Hash of the sequence's picture files, one after the other."),
}

_WITHOUT_PICTURES = {
    "sequence_id": f"The sequence; its pictures' landmarks are where {LANDMARK_ROWS} names it.",
    "frame_count": "Pictures of the sequence, which are rows of landmarks here.",
    "sha256": "Hash of the sequence's rows of landmarks, little-endian float32.",
}
_ARRAY = (
    "A NumPy array (.npy) of float32, shape (pictures, 478, 3): the face's points in the landmarker's order, each with "
    "x and y as fractions of the picture from its upper left corner, and z in the scale of x, smaller nearer to the "
    "camera; NaN where no face was found."
)
_LANDMARK_FILES = {
    LANDMARKS: ("application/octet-stream", _ARRAY),
    LANDMARK_ROWS: ("text/csv", f"A row a picture, in the order of {LANDMARKS}: sequence_id and frame, from 0."),
}


def describe(
    *,
    name: str,
    description: str,
    url: str,
    license_name: str,
    version: str,
    date: str,
    labels_sha256: str,
    arrays: dict[str, str] | None,
    is_synthetic: bool,
    joinable: bool,
    manifest: dict[str, Any],
    rai: dict[str, str],
) -> dict[str, Any]:
    """Build croissant.json.

    Args:
        name: The release's title.
        description: What it holds, in a sentence or two.
        url: Its address.
        license_name: Kaggle's name of the licence.
        version: Such as 3.0.0.
        date: Such as 2026-01-22.
        labels_sha256: Hash of labels.csv.
        arrays: name in the release → sha256 of the files of landmarks; None for a release of pictures.
        is_synthetic: Whether the faces are drawn.
        joinable: Whether people keep their pseudonym in all releases of that kind.
        manifest: The release's dataset.json.
        rai: Responsible-AI fields without their prefix, such as ``dataCollection``.
    """
    table = {"@id": LABELS}
    meanings = {} if arrays is None else _WITHOUT_PICTURES
    meanings = {**meanings, "subject_id": f"Pseudonym of the person. {describe_pseudonyms(joinable=joinable)}"}
    distribution: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": LABELS,
            "name": LABELS,
            "contentUrl": LABELS,
            "encodingFormat": "text/csv",
            "sha256": labels_sha256,
        }
    ]
    records: list[dict[str, Any]] = [
        {
            "@type": "cr:RecordSet",
            "@id": "sequences",
            "name": "sequences",
            "description": "A row a sequence.",
            "key": {"@id": "sequences/sequence_id"},
            "field": [_column(column, table, meanings) for column in COLUMNS],
        }
    ]
    if arrays is None:
        distribution.append(
            {
                "@type": "cr:FileSet",
                "@id": "pictures",
                "name": "pictures",
                "encodingFormat": "image/jpeg",
                "includes": "images/*.jpg",
            }
        )
        records.append(_picture_records(manifest["image"]))
    else:
        distribution += [_landmark_file(name, sha256) for name, sha256 in sorted(arrays.items())]
        records.append(_landmark_records())
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": name,
        "description": description,
        "url": url,
        "license": license_name,
        "version": version,
        "datePublished": date,
        "isLiveDataset": False,
        "citeAs": f"{name}, version {version}, {url}",
        "keywords": ["synthetic" if is_synthetic else "faces", *manifest["classes"], "computer vision"],
        **{f"rai:{key}": text for key, text in rai.items()},
        "distribution": distribution,
        "recordSet": records,
    }


def _column(column: str, table: dict[str, str], meanings: dict[str, str]) -> dict[str, Any]:
    """A column of labels.csv; `meanings` are those that differ from the usual."""
    kind, meaning = _MEANING[column]
    return _table_field("sequences", column, table, kind, meanings.get(column, meaning))


def _table_field(record_set: str, column: str, table: dict[str, str], kind: str, meaning: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column}",
        "name": column,
        "description": meaning,
        "dataType": kind,
        "source": {"fileObject": table, "extract": {"column": column}},
    }


def _landmark_file(name: str, sha256: str) -> dict[str, Any]:
    encoding, description = _LANDMARK_FILES[name]
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": description,
        "contentUrl": name,
        "encodingFormat": encoding,
        "sha256": sha256,
    }


def _landmark_records() -> dict[str, Any]:
    """A record a picture: which row of the array it is. The format has no way to read a NumPy array's rows."""
    table = {"@id": LANDMARK_ROWS}
    sequence = _table_field("landmark_rows", "sequence_id", table, "sc:Text", "The sequence, as in labels.csv.")
    number = "Which picture of the sequence, from 0."
    return {
        "@type": "cr:RecordSet",
        "@id": "landmark_rows",
        "name": "landmark_rows",
        "description": f"Record n names the picture of row n of {LANDMARKS}.",
        "field": [
            {**sequence, "references": {"field": {"@id": "sequences/sequence_id"}}},
            _table_field("landmark_rows", "frame", table, "sc:Integer", number),
        ],
    }


def _picture_records(image: dict[str, Any]) -> dict[str, Any]:
    """A record a picture, with the sequence that it belongs to read from its name."""
    pictures = {"@id": "pictures"}
    return {
        "@type": "cr:RecordSet",
        "@id": "frames",
        "name": "frames",
        "description": "A picture each, with its sequence.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": "frames/file",
                "name": "file",
                "description": "Path of the file.",
                "dataType": "sc:Text",
                "source": {"fileSet": pictures, "extract": {"fileProperty": "fullpath"}},
            },
            {
                "@type": "cr:Field",
                "@id": "frames/sequence_id",
                "name": "sequence_id",
                "description": "The sequence, as in labels.csv.",
                "dataType": "sc:Text",
                "references": {"field": {"@id": "sequences/sequence_id"}},
                "source": {
                    "fileSet": pictures,
                    "extract": {"fileProperty": "filename"},
                    "transform": {"regex": r"^(seq_\d+)"},
                },
            },
            {
                "@type": "cr:Field",
                "@id": "frames/image",
                "name": "image",
                "description": f"The picture, {image['width_px']} x {image['height_px']}, RGB.",
                "dataType": "sc:ImageObject",
                "source": {"fileSet": pictures, "extract": {"fileProperty": "content"}},
            },
        ],
    }


def responsible(
    manifest: dict[str, Any], rows: Sequence[SequenceRow], *, n_unreviewed: int, landmarker: str | None = None
) -> dict[str, str]:
    """Fill the responsible-AI fields from what is known of a release; `landmarker` read one without pictures.

    Source: Croissant RAI 1.0, the fields on collection, labelling, limits and personal data.
    """
    drawn = manifest["kind"] == "synthetic"
    prompted = list(map(was_prompted, rows))
    protocol = f"recorded by the protocol {manifest['protocol']['name']}"
    taken = "taken from films and photos"
    origin = protocol if all(prompted) else f"{protocol}, or {taken}" if any(prompted) else taken
    few = "Few people; " if len({row.subject_id for row in rows}) < 30 else ""
    posed = "posed expressions; " if any(prompted) else ""
    limits = f"{few}{posed}age, gender and skin tone were not recorded."
    return {
        "dataCollection": "Drawn by a program." if drawn else f"Short sequences of faces, {origin}.",
        "dataCollectionType": "Synthetic data" if drawn else "Experiments" if all(prompted) else "Others",
        "dataPreprocessingProtocol": "Centred square, resized by area averaging, not mirrored; metadata removed."
        if landmarker is None
        else f"Centred square, resized by area averaging, not mirrored; then read by {landmarker}.",
        "dataAnnotationProtocol": (
            f"The label is {describe_origin(rows)}"
            + (
                ", checked by eye."
                if n_unreviewed == 0
                else f"; {n_unreviewed} of {len(rows)} were not checked by eye."
            )
        ),
        "dataLimitations": limits[0].upper() + limits[1:],
        "dataBiases": "The people are those whom the team could ask; the sample represents no population.",
        "personalSensitiveInformation": "None: drawn faces."
        if drawn
        else f"{'Faces' if landmarker is None else 'Face geometry'} of people who agreed to be published.",
        "dataUseCases": f"Training and measuring detectors of {manifest['positive_class']}. "
        "Not for recognising people.",
        "dataReleaseMaintenancePlan": "A person who withdraws is left out of the next release; use the newest one.",
    }
