"""The manifest of a hand-off and the signature over it: what they see, and whom they trust."""

import base64
import json
import os
import stat
from pathlib import Path

import pytest

from shared import paths
from shared.errors import InvalidInput
from shared.web import handoff_seal


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    folder = tmp_path / "handed"
    (folder / "golden").mkdir(parents=True)
    (folder / paths.SPEC_FILE).write_text(json.dumps({"spec_id": "people-epoch10"}))
    (folder / "head.onnx").write_bytes(b"weights")
    (folder / "golden" / "0.bin").write_bytes(b"vector")
    (folder / paths.PROOF_FILE).write_text('{"p50": 20}')
    handoff_seal.write_manifest(folder, [paths.SPEC_FILE, "head.onnx", "golden/0.bin", paths.PROOF_FILE])
    return folder


def test_the_manifest_lists_all_but_what_others_write_later(folder: Path) -> None:
    assert handoff_seal.listed_files(folder) == {paths.SPEC_FILE, "head.onnx", "golden/0.bin"}
    assert handoff_seal.find_changes(folder) == []


def test_a_changed_file_and_a_missing_one_are_named(folder: Path) -> None:
    (folder / "head.onnx").write_bytes(b"Weights")
    (folder / "golden" / "0.bin").unlink()
    assert [name for name, _ in handoff_seal.find_changes(folder)] == ["golden/0.bin", "head.onnx"]


def test_the_key_is_made_once_and_only_its_owner_can_read_it(folder: Path) -> None:
    _, public, is_new = handoff_seal.read_or_make_key(None)
    assert is_new
    assert len(base64.b64decode(public)) == 32
    assert handoff_seal.read_or_make_key(None)[1:] == (public, False)
    assert handoff_seal.known_public_key() == public
    if os.name == "posix":
        assert stat.S_IMODE((handoff_seal.key_folder() / handoff_seal.KEY_FILE).stat().st_mode) == 0o600


def test_a_signed_folder_is_right_until_anything_changes(folder: Path) -> None:
    key, public, _ = handoff_seal.read_or_make_key(None)
    handoff_seal.sign(folder, key)
    assert handoff_seal.why_not_signed(folder, public) is None
    assert handoff_seal.signer_of(folder) == public
    (folder / paths.PROOF_FILE).write_text('{"p50": 10}')  # beautified
    assert "browser_proof.json" in str(handoff_seal.why_not_signed(folder, public))
    handoff_seal.sign(folder, key)
    (folder / "head.onnx").write_bytes(b"other weights")
    handoff_seal.write_manifest(folder, handoff_seal.listed_files(folder))  # with all hashes made to fit
    assert "manifest.json" in str(handoff_seal.why_not_signed(folder, public))


def test_hashes_made_to_fit_in_the_signature_itself_do_not_help(folder: Path) -> None:
    key, public, _ = handoff_seal.read_or_make_key(None)
    handoff_seal.sign(folder, key)
    (folder / "head.onnx").write_bytes(b"other weights")
    handoff_seal.write_manifest(folder, handoff_seal.listed_files(folder))
    from shared import contracts

    document = json.loads((folder / handoff_seal.SIGNATURE_FILE).read_text())
    document["manifest_sha256"] = contracts.sha256_file(folder / handoff_seal.MANIFEST_FILE)
    (folder / handoff_seal.SIGNATURE_FILE).write_text(json.dumps(document))
    assert handoff_seal.why_not_signed(folder, public) == "the signature does not fit"


def test_a_strangers_signature_is_called_that(folder: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    _, public, _ = handoff_seal.read_or_make_key(None)
    handoff_seal.sign(folder, Ed25519PrivateKey.generate())
    assert "another key" in str(handoff_seal.why_not_signed(folder, public))


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(folder: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="Ed25519"):
        handoff_seal.read_or_make_key(path)
    with pytest.raises(InvalidInput, match="no such file"):
        handoff_seal.read_or_make_key(tmp_path / "none.pem")


@pytest.mark.parametrize("text", ["", "AAAA", "nothing", "é" * 44])
def test_what_is_no_public_key_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="public key"):
        handoff_seal.read_public_key(text)


def test_the_key_does_not_lie_where_things_may_be_deleted_and_an_older_one_is_moved(folder: Path) -> None:
    _, public, _ = handoff_seal.read_or_make_key(None)
    older = paths.artifacts("keys")
    assert not handoff_seal.key_folder().is_relative_to(older.parent)
    if os.name == "posix":
        assert stat.S_IMODE(handoff_seal.key_folder().stat().st_mode) == 0o700
    older.parent.mkdir(parents=True, exist_ok=True)
    handoff_seal.key_folder().rename(older)
    assert handoff_seal.known_public_key() == public
    assert handoff_seal.read_or_make_key(None)[1:] == (public, False)
    assert not list(older.iterdir())
