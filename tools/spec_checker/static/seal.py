"""Checks that a hand-off's folder is whole, as its manifest lists it, and whose signature it bears. Writes nothing."""

from pathlib import Path

from shared.errors import InvalidInput
from shared.web import handoff_seal
from tools.spec_checker.findings import Finding, failed, passed, skipped
from tools.spec_checker.static.golden import COPY

_CLIENT = "smile-detector*.mjs"  # only a folder that handoff wrote has these


def check_seal(folder: Path, public_key: str | None) -> list[Finding]:
    """Check the manifest's files and the signature.

    Args:
        folder: The hand-off.
        public_key: The key that the folder must be signed with; None takes this workspace's own, where the folder is
            signed at all.
    """
    client = sorted(path.name for path in folder.glob(_CLIENT))
    if not (folder / handoff_seal.MANIFEST_FILE).is_file():
        if not client and public_key is None:
            return [skipped("manifest", "neither it nor the client is beside the spec")]
        return [failed("manifest", "no such file", f"{handoff_seal.MANIFEST_FILE}, which lists every file", COPY)]
    try:
        changes = handoff_seal.find_changes(folder)
        listed = handoff_seal.listed_files(folder)
    except InvalidInput as error:
        return [failed("manifest", error.found, error.expected, COPY)]
    todo = f"the file is not the one that was handed off; {COPY}"
    findings = [failed(f"manifest.{name}", what, "the file as the manifest lists it", todo) for name, what in changes]
    findings += [
        failed(
            f"manifest.{name}", "a file of the client that it does not list", "only listed files", f"remove it; {COPY}"
        )
        for name in client
        if name not in listed
    ]
    return [
        *(findings or [passed("manifest", f"{len(listed)} files as they were handed off")]),
        _check_signature(folder, public_key),
    ]


def _check_signature(folder: Path, public_key: str | None) -> Finding:
    field, todo = "signature", "ask whoever signs your hand-offs; after a new proof sign again: ./inv handoff --sign"
    try:
        signer = handoff_seal.signer_of(folder)
        key = public_key or handoff_seal.known_public_key()
        if signer is None:
            if public_key is None:
                return skipped(field, "the folder is not signed (./inv handoff --sign)")
            return failed(field, "none", f"one by the key {public_key}", todo)
        if key is None:
            return skipped(
                field, f"signed with {signer}, which is not known here: give the team's key with --public-key"
            )
        wrong = handoff_seal.why_not_signed(folder, key)
    except InvalidInput as error:
        return failed(field, f"{error.what}: {error.found}", error.expected, todo)
    if wrong is not None:
        return failed(field, wrong, f"one by the key {key}", todo)
    return passed(field, f"by the key {key}")
