"""Describes a release for machines: croissant.json, by the Croissant 1.0 format with its responsible-AI fields.

Source: https://docs.mlcommons.org/croissant/docs/croissant-spec.html and croissant-rai-spec.html. Written as plain
JSON-LD, so that no release depends on how a library writes it; the tests load it with mlcroissant. Pure.
"""

from typing import Any

from shared.sequences import COLUMNS, LABELS

CROISSANT = "croissant.json"
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
    "subject_id": ("sc:Text", "Pseudonym of the person, of this release only."),
    "take_id": ("sc:Text", "The recording that the sequence was cut from."),
    "label": ("sc:Text", "What the sequence shows."),
    "emotion": ("sc:Text", "One of seven emotions, or empty."),
    "frame_count": ("sc:Integer", "Pictures of the sequence."),
    "frame_interval_ms": ("sc:Float", "Milliseconds from picture to picture."),
    "start_ms": ("sc:Float", "When the first picture was taken, from the start of the take."),
    "frame_times_ms": ("sc:Text", "When each picture was taken, separated by blanks."),
    "source": ("sc:Text", "Camera, film, stream, photo or synthetic."),
    "reviewed": ("sc:Boolean", "Whether somebody has checked the label by eye."),
    "sha256": ("sc:Text", "Hash of the sequence's picture files, one after the other."),
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
    pictures: dict[str, str] | None,
    is_synthetic: bool,
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
        pictures: name in the release → sha256 of the arrays file of a release without pictures, or None for one with.
        is_synthetic: Whether the faces are drawn.
        rai: Responsible-AI fields without their prefix, such as ``dataCollection``.
    """
    table = {"@id": LABELS}
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
            "field": [_column("sequences", column, table) for column in COLUMNS],
        }
    ]
    if pictures is None:
        distribution.append(
            {
                "@type": "cr:FileSet",
                "@id": "pictures",
                "name": "pictures",
                "encodingFormat": "image/jpeg",
                "includes": "images/*.jpg",
            }
        )
        records.append(_picture_records())
    else:
        distribution += [
            {
                "@type": "cr:FileObject",
                "@id": file,
                "name": file,
                "contentUrl": file,
                "encodingFormat": "application/octet-stream",
                "sha256": sha256,
            }
            for file, sha256 in sorted(pictures.items())
        ]
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
        "keywords": ["synthetic" if is_synthetic else "faces", "smile detection", "computer vision"],
        **{f"rai:{key}": text for key, text in rai.items()},
        "distribution": distribution,
        "recordSet": records,
    }


def _column(record_set: str, column: str, table: dict[str, str]) -> dict[str, Any]:
    kind, meaning = _MEANING[column]
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column}",
        "name": column,
        "description": meaning,
        "dataType": kind,
        "source": {"fileObject": table, "extract": {"column": column}},
    }


def _picture_records() -> dict[str, Any]:
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
                "description": "The picture, 224 x 224, RGB.",
                "dataType": "sc:ImageObject",
                "source": {"fileSet": pictures, "extract": {"fileProperty": "content"}},
            },
        ],
    }


def responsible(manifest: dict[str, Any], *, n_unreviewed: int, n_rows: int) -> dict[str, str]:
    """Fill the responsible-AI fields from what is known of a release.

    Source: Croissant RAI 1.0, the fields on collection, labelling, limits and personal data.
    """
    drawn = manifest["kind"] == "synthetic"
    protocol = manifest.get("protocol") or {}
    asked = f"by the protocol {protocol['name']}" if protocol else "from films and photos"
    return {
        "dataCollection": "Drawn by a program." if drawn else f"Short sequences of faces, recorded {asked}.",
        "dataCollectionType": "Synthetic data" if drawn else "Experiments",
        "dataPreprocessingProtocol": "Centred square, resized by area averaging, not mirrored; metadata removed.",
        "dataAnnotationProtocol": (
            "The label is what the person was asked to do"
            + (", checked by eye." if n_unreviewed == 0 else f"; {n_unreviewed} of {n_rows} were not checked by eye.")
        ),
        "dataLimitations": "Few people; posed expressions; age, gender and skin tone were not recorded.",
        "dataBiases": "The people are those whom the team could ask; the sample represents no population.",
        "personalSensitiveInformation": "None: drawn faces."
        if drawn
        else "Faces of people who agreed to be published.",
        "dataUseCases": "Training and measuring smile detectors. Not for recognising people.",
        "dataReleaseMaintenancePlan": "A person who withdraws is left out of the next release; use the newest one.",
    }
