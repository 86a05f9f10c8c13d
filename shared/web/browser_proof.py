"""What was seen of a hand-off in real browsers: browser_proof.json, which belongs to the front-end spec beside it.

It belongs to that file byte for byte: a spec of another model, threshold or hysteresis has to be proven again. Reads;
only the spec-checker writes it.
python -c "from shared.web.browser_proof import read_proof; print(read_proof(SPEC))"
"""

from pathlib import Path

from shared import contracts, paths


def read_proof(spec_path: Path) -> contracts.Document | None:
    """Read the browser proof of a front-end spec.

    Args:
        spec_path: The spec; the proof lies beside it.

    Returns:
        A document of the browser_proof schema; None where there is none, or it is the proof of another spec.

    Raises:
        InvalidInput: It is no JSON, of another schema_version (both are named), or not valid.
    """
    path = spec_path.with_name(paths.PROOF_FILE)
    if not path.is_file():
        return None
    proof = contracts.read_document(path, "browser_proof")
    return proof if proof["spec_sha256"] == contracts.sha256_file(spec_path) else None
