"""What a hand-off's folder must hold, file by file, and the team's signature over it.

`manifest.json` lists every file that the handoff wrote, with its sha256 and size. `signature.json` is an Ed25519
signature over the manifest and the browser proof together, so that whoever knows the team's public key sees a changed
file, and a figure that was beautified with all hashes made to fit. Who made the key is not known from it: a team tells
its front end the public key on another way.
python -c "from shared.web.handoff_seal import find_changes; print(find_changes(FOLDER))"
"""

import base64
import binascii
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.system import portable

MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "signature.json"
KEY_FILE, PUBLIC_KEY_FILE = "handoff.pem", "handoff.pub"
# Written later, by others than the handoff: the signature names the proof's hash itself. The landmarker may lie
# elsewhere; its hash stands in the spec.
UNLISTED = frozenset({MANIFEST_FILE, SIGNATURE_FILE, paths.PROOF_FILE, landmarker.MODEL_NAME})
_TITLE = "smilebench hand-off 1"
_PUBLIC_BYTES = 32


def write_manifest(folder: Path, files: Iterable[str]) -> None:
    """Write manifest.json.

    Args:
        folder: The hand-off, with its spec.
        files: Paths in it; those that others write later are left out.
    """
    listed = [
        {
            "file": name,
            "sha256": contracts.sha256_file(folder / name),
            "bytes": (folder / name).stat().st_size,
        }
        for name in sorted(set(files) - UNLISTED)
    ]
    manifest = {
        "schema_version": 1,
        "spec_id": contracts.read_json(folder / paths.SPEC_FILE)["spec_id"],
        "files": listed,
    }
    contracts.write_document(folder / MANIFEST_FILE, manifest, "handoff_manifest")


def renew_manifest(folder: Path) -> None:
    """Write manifest.json anew for the files that it lists, after one of them was changed rightly; none stays none."""
    if (folder / MANIFEST_FILE).is_file():
        listed = contracts.read_document(folder / MANIFEST_FILE, "handoff_manifest")["files"]
        write_manifest(folder, [entry["file"] for entry in listed if (folder / entry["file"]).is_file()])


def listed_files(folder: Path) -> frozenset[str]:
    """Return the paths that a folder's manifest lists."""
    return frozenset(
        entry["file"] for entry in contracts.read_document(folder / MANIFEST_FILE, "handoff_manifest")["files"]
    )


def find_changes(folder: Path) -> list[tuple[str, str]]:
    """Compare a folder's files with its manifest.

    Returns:
        (file, what is wrong) for each that is missing or another one; empty if all are right.

    Raises:
        InvalidInput: There is no manifest, or it is not valid.
    """
    found = []
    for entry in contracts.read_document(folder / MANIFEST_FILE, "handoff_manifest")["files"]:
        path = folder / entry["file"]
        if not path.is_file():
            found.append((entry["file"], "no such file"))
        elif (sha256 := contracts.sha256_file(path)) != entry["sha256"]:
            found.append((entry["file"], f"sha256 {sha256[:12]}..., not {entry['sha256'][:12]}..."))
        elif path.stat().st_size != entry["bytes"]:
            found.append((entry["file"], f"{path.stat().st_size:,} bytes, not {entry['bytes']:,}"))
    return found


def _message(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return what is signed: the hashes, and as bytes."""
    proof = folder / paths.PROOF_FILE
    hashes = {
        "manifest_sha256": contracts.sha256_file(folder / MANIFEST_FILE),
        "proof_sha256": contracts.sha256_file(proof) if proof.is_file() else None,
    }
    return hashes, f"{_TITLE}\n{hashes['manifest_sha256']}\n{hashes['proof_sha256'] or '-'}\n".encode()


def key_folder() -> Path:
    """Return where this workspace keeps its key: beside artifacts/, which may be deleted, and not in it."""
    return paths.home() / "keys"


def read_or_make_key(path: Path | None) -> tuple[Any, str, bool]:
    """Read the team's private key; one is made where none was named and there is none yet.

    Args:
        path: A PEM file with an Ed25519 key; None is the workspace's.

    Returns:
        The key, its public half as base64, and whether it was made now.

    Raises:
        InvalidInput: The file is missing, or holds no such key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    place = path or key_folder() / KEY_FILE
    if path is None:
        _fetch_older()
    is_new = path is None and not place.exists()
    if is_new:
        made = Ed25519PrivateKey.generate()
        contracts.make_private(place.parent)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        contracts.write_bytes(place.with_name(PUBLIC_KEY_FILE), (_public_text(made) + "\n").encode())
    if not place.is_file():
        raise InvalidInput(str(place), found="no such file", expected="a private key (PEM, Ed25519)")
    try:
        key = serialization.load_pem_private_key(place.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        todo = "make one: openssl genpkey -algorithm ed25519 -out FILE"
        raise InvalidInput(str(place), found="no Ed25519 key", expected="a private key without a password", todo=todo)
    return key, _public_text(key), is_new


def _fetch_older() -> None:
    """Move the key of earlier releases out of artifacts/, where it could be deleted."""
    older = paths.artifacts("keys")
    for name in (KEY_FILE, PUBLIC_KEY_FILE):
        if (older / name).is_file() and not (key_folder() / name).exists():
            contracts.make_private(key_folder())
            portable.replace(older / name, key_folder() / name)


def _public_text(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def read_public_key(text: str) -> str:
    """Read a public key given as base64 or as a file with it.

    Raises:
        InvalidInput: It is neither.
    """
    path = Path(text)
    content = path.read_text(encoding="utf-8").strip() if len(text) < 200 and path.is_file() else text.strip()
    try:
        is_key = len(base64.b64decode(content, validate=True)) == _PUBLIC_BYTES
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        raise InvalidInput(
            text[:80],
            found="neither a file nor a key",
            expected="an Ed25519 public key of 32 bytes as base64, as ./inv handoff --sign shows it",
        )
    return content


def known_public_key() -> str | None:
    """Return this workspace's own public key, or None."""
    _fetch_older()
    path = key_folder() / PUBLIC_KEY_FILE
    return read_public_key(str(path)) if path.is_file() else None


def sign(folder: Path, key: Any) -> None:
    """Write signature.json over the manifest and, where there is one, the browser proof."""
    hashes, message = _message(folder)
    document = {
        "schema_version": 1,
        "algorithm": "Ed25519",
        "public_key": _public_text(key),
        **hashes,
        "signature": base64.b64encode(key.sign(message)).decode(),
    }
    contracts.write_document(folder / SIGNATURE_FILE, document, "handoff_signature")


def why_not_signed(folder: Path, public_key: str) -> str | None:
    """Say what is wrong with a folder's signature by a public key; None if it is right.

    Raises:
        InvalidInput: signature.json or manifest.json is missing or not valid.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    document = contracts.read_document(folder / SIGNATURE_FILE, "handoff_signature")
    if document["public_key"] != public_key:
        return f"signed by another key, {document['public_key'][:12]}..."
    hashes, message = _message(folder)
    for name, what in (("manifest_sha256", MANIFEST_FILE), ("proof_sha256", paths.PROOF_FILE)):
        if document[name] != hashes[name]:
            return f"the signature is of another {what}"
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(
            base64.b64decode(document["signature"]), message
        )
    except InvalidSignature:
        return "the signature does not fit"
    return None


def signer_of(folder: Path) -> str | None:
    """Return the public key that a folder says it was signed with; None without a signature."""
    if not (folder / SIGNATURE_FILE).is_file():
        return None
    return str(contracts.read_document(folder / SIGNATURE_FILE, "handoff_signature")["public_key"])
