"""Read and write the documents and tables that pass between tools: validated on both sides, and never half-written.

Writes go to a temporary file beside the target, are flushed to disk and renamed, so a reader sees the old file or the
new one. Knows schemas by their noun (``dataset``, ``run``, ...); knows nothing of what the documents mean.
"""

import csv
import functools
import hashlib
import importlib.resources
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

from shared.errors import InvalidInput
from shared.system import portable

Document = dict[str, Any]

_DEFINITIONS = "definitions"  # blocks that several schemas share; no noun


def schema_names() -> list[str]:
    """Name every schema that the project has, in alphabetical order."""
    folder = importlib.resources.files("schemas")
    names = (f.name.removesuffix(".schema.json") for f in folder.iterdir() if f.name.endswith(".schema.json"))
    return sorted(name for name in names if name != _DEFINITIONS)


@functools.cache
def _read_schema(name: str) -> Document:
    """Read a schema's file as it is."""
    text = (importlib.resources.files("schemas") / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: Document = json.loads(text)
    return schema


@functools.cache
def load_schema(noun: str) -> Document:
    """Load the JSON Schema of a noun, with each reference replaced by the block that it names.

    A validator looks a reference up each time it meets one; a schema without references is as fast as one written out.

    Args:
        noun: For example ``dataset``; see `schema_names`.

    Returns:
        The schema as a dict. Shared between callers: do not change it.
    """
    own = _read_schema(noun)
    schema: Document = _inline(own, own.get("$defs", {}))
    schema.pop("$defs", None)
    return schema


def _inline(part: Any, own: Document) -> Any:
    """Copy a part of a schema with its references replaced; a description beside a reference is the one that counts.

    Args:
        part: Any part.
        own: Definitions of the file that it stands in.
    """
    if isinstance(part, list):
        return [_inline(item, own) for item in part]
    if not isinstance(part, dict):
        return part
    block: Document = {}
    if "$ref" in part:
        file, _, name = part["$ref"].partition("#/$defs/")
        definitions = _read_schema(_DEFINITIONS)["$defs"] if file else own
        block = _inline(definitions[name], definitions)
    return block | {key: _inline(value, own) for key, value in part.items() if key != "$ref"}


@functools.cache
def _compile(noun: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(load_schema(noun))


def is_valid(document: object, noun: str) -> bool:
    """Tell whether a document fits its schema, in a hundredth of the time that `explain` takes for a reason."""
    try:
        return _compile(noun).is_valid(document)
    except ValueError:  # it holds what JSON does not have, such as a numpy number
        return False


@functools.cache
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a schema's pattern as JSON Schema means it.

    Python's own dollar sign lets a last newline pass, and its digits are those of any script.
    """
    return re.compile(re.sub(r"\$$", r"\\Z", pattern), re.ASCII)


@functools.cache
def validator(noun: str) -> Any:
    """Build jsonschema's validator of a noun, which knows all errors of a document and their places."""
    import jsonschema  # slow to import, and only needed where something is wrong

    def check_pattern(_: Any, pattern: str, instance: object, __: object) -> Iterator[Any]:
        if isinstance(instance, str) and not _compile_pattern(pattern).search(instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")

    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, {"pattern": check_pattern})(load_schema(noun))


def explain(document: object, noun: str) -> tuple[str, str, str] | None:
    """Say why a document does not fit its schema.

    Returns:
        (where, found, expected) of the error that tells most, or None if the document is valid.
    """
    if is_valid(document, noun):
        return None
    from jsonschema.exceptions import best_match

    schema = load_schema(noun)
    if isinstance(document, Mapping) and "schema_version" in schema["properties"]:
        found, known = document.get("schema_version"), schema["properties"]["schema_version"]["const"]
        if found is not None and found != known:
            return "schema_version", repr(found), f"{known} (the version that this program writes)"
    error = best_match(validator(noun).iter_errors(document))
    if error is None:
        return None
    where = ".".join(str(part) for part in error.absolute_path) or "the document"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return where, "no " + ", ".join(missing), f"{where} with {', '.join(missing)}"
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return where, f"unknown {', '.join(map(str, extra))}", "only " + ", ".join(error.schema.get("properties", {}))
    value = json.dumps(error.instance, ensure_ascii=False, default=str)
    if len(value) > 80:
        value = value[:77] + "..."
    if error.validator == "anyOf":
        return where, value, " or ".join(map(_name_rule, error.validator_value))
    rule = error.schema.get("description") if error.validator == "pattern" else None
    return where, value, rule or f"{error.validator} {json.dumps(error.validator_value, ensure_ascii=False)}"


def _name_rule(rule: Document) -> str:
    """Name what a rule allows, in a few words."""
    if "required" in rule:
        return f"{rule['type']} with {', '.join(rule['required'])}"
    return str(rule["type"]) if "type" in rule else json.dumps(rule, ensure_ascii=False)


def validate(document: object, noun: str, what: str, todo: str = "") -> None:
    """Check a document against the schema of its noun.

    Args:
        document: The parsed JSON.
        noun: The schema's name.
        what: How to call the document in an error: usually its path.
        todo: What the user can do about it.

    Raises:
        InvalidInput: The document does not fit; names the place, what was found and what was expected.
    """
    problem = explain(document, noun)
    if problem is not None:
        where, found, expected = problem
        if where == "schema_version":
            todo = todo or "run the step that made it once more, or, if it is the newer one, update this program"
        raise InvalidInput(f"{what}: {where}", found=found, expected=expected, todo=todo)


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises:
        InvalidInput: The file is missing, unreadable or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise InvalidInput(str(path), found="no such file", expected="a JSON file") from None
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, or 100,000 brackets
        raise InvalidInput(str(path), found=f"no valid JSON ({error})", expected="a JSON file") from None
    except OSError as error:
        raise InvalidInput(str(path), found=error.strerror or str(error), expected="a readable JSON file") from None


def _refuse_constant(text: str) -> Any:
    """Refuse NaN and Infinity, which JSON does not have; a schema's minimum and maximum would let NaN pass."""
    raise ValueError(f"{text} is no number")


def read_document(path: Path, noun: str) -> Document:
    """Read a JSON document and check it before anybody uses it.

    Raises:
        InvalidInput: Missing, no JSON, of another schema_version (both are named), or not valid.
    """
    document: Document = read_json(path)
    validate(document, noun, str(path))
    return document


def write_document(path: Path, document: Mapping[str, Any], noun: str) -> None:
    """Check a document and write it atomically.

    Raises:
        InvalidInput: The document does not fit its schema; nothing is written then.
    """
    validate(document, noun, str(path))
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    write_bytes(path, text.encode("utf-8"))


def parse_rows(data: bytes, what: str, columns: Sequence[str], *, more: bool = False) -> list[dict[str, str]]:
    """Parse a csv of our own: UTF-8 with or without a byte order mark, comma-separated, with a header.

    Args:
        data: The file's bytes.
        what: How to call it in errors: its path.
        columns: The header that it must have, in this order.
        more: Lets other orders and further columns pass.

    Returns:
        The rows below the header, as text by column.

    Raises:
        InvalidInput: No csv, another header, or a row with another number of cells; names the row.
    """
    return list(scan_rows(data, what, columns, more=more))


def scan_rows(data: bytes, what: str, columns: Sequence[str], *, more: bool = False) -> Iterator[dict[str, str]]:
    """Yield the rows of a csv one by one, so that 100,000 of them need little memory; as `parse_rows` otherwise."""
    try:
        data.decode("utf-8-sig")
        reader = csv.DictReader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""))
        header = list(reader.fieldnames or ())
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(what, found=f"no csv ({error})", expected="a csv in UTF-8") from None
    if not (set(columns) <= set(header) if more else header == list(columns)):
        raise InvalidInput(f"{what}: row 1", found=",".join(header) or "nothing", expected=",".join(columns))
    try:
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise InvalidInput(f"{what}: row {number}", found="another number of cells", expected=f"{len(header)}")
            yield row
    except csv.Error as error:
        raise InvalidInput(f"{what}: row {reader.line_num + 1}", found=str(error), expected="a csv") from None


def format_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Write rows as the bytes of a csv, its columns in this order; None becomes an empty cell."""
    data = io.BytesIO()
    out = io.TextIOWrapper(data, "utf-8", newline="", write_through=True)
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    out.flush()
    return data.getvalue()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file atomically: temporary file, fsync, rename, fsync of the folder.

    A failure (a full disk, say) leaves the old file as it was, and no temporary file. In a private folder the file is
    private, too.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o600 if is_private(path.parent) else 0o644)
        portable.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    portable.sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing; in a private one each is private, too."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700 if is_private(folder.parent) else 0o777, exist_ok=True)


def make_private(folder: Path) -> None:
    """Make a folder of people's pictures, films or consent, or close one that is there: its owner alone may look."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not is_private(folder):
        folder.chmod(0o700)


def close_to_others(folder: Path) -> None:
    """Make everything in a folder, and the folder itself, its owner's alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def is_private(folder: Path) -> bool:
    """Tell whether nobody but its owner may look into a folder (on Windows the user's profile sees to that)."""
    return not portable.IS_WINDOWS and not folder.stat().st_mode & 0o077


def sha256_file(path: Path) -> str:
    """Hash a file's bytes; 64 lower-case hex digits. Reads in pieces, so memory stays flat.

    Raises:
        InvalidInput: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(str(path), found=error.strerror or str(error), expected="a readable file") from None


def sha256_json(document: object) -> str:
    """Hash a JSON value independently of key order and white space; 64 lower-case hex digits."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
