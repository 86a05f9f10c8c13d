"""A page with the public key: a falsified hand-off is refused, by the name of the file, before anything of it runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.web import handoff_seal
from shared.web.server import PageServer

Sign = Callable[[Path], str]


@pytest.fixture
def sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sign:
    """``sign(folder)`` writes manifest and signature, and gives the public key."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))

    def work(folder: Path) -> str:
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        handoff_seal.write_manifest(folder, names)
        key, public, _ = handoff_seal.read_or_make_key(None)
        handoff_seal.sign(folder, key)
        return public

    return work


@pytest.fixture
def signed(make_site: Callable[..., Any], write_standin: Callable[..., Any], sign: Sign) -> tuple[Any, str]:
    """A site whose hand-off is signed, and the public key."""
    site = make_site()
    write_standin(site.model)
    return site, sign(site.model)


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def fail(page: Any, key: str, **options: Any) -> tuple[str, str]:
    code, message = page.evaluate("(options) => fails(() => create(options))", {"publicKey": key, **options})
    return code, message


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def make_fit(folder: Path) -> None:
    """Write spec's and manifest's hashes anew, and leave the signature."""
    handoff_seal.write_manifest(folder, handoff_seal.listed_files(folder))


def test_a_signed_folder_is_taken_with_its_key_in_a_worker_and_without_one(signed: tuple[Any, str]) -> None:
    site, key = signed
    page = site.open()
    for worker in (True, False):
        info = page.evaluate(
            "(options) => create(options).then(async (made) => { await detector.close(); return made.info; })",
            {"publicKey": f" {key}\n", "worker": worker},
        )
        assert (info["signedBy"], info["worker"], info["warnings"]) == (key, worker, [])
    assert page.evaluate("create().then(({ info }) => info.signedBy)") is None


FALSIFIED: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a client that was changed": (
        lambda folder: append(folder / "smile-detector.window.mjs"),
        "signature-mismatch",
        "smile-detector.window.mjs",
    ),
    "a worker that was changed": (
        lambda folder: append(folder / "smile-detector.worker.mjs"),
        "signature-mismatch",
        "smile-detector.worker.mjs",
    ),
    "a spec that was edited": (lambda folder: append(folder / paths.SPEC_FILE), "signature-mismatch", paths.SPEC_FILE),
    "a spec that was edited, with its hash": (
        lambda folder: (append(folder / paths.SPEC_FILE), make_fit(folder))[0],
        "signature-mismatch",
        "manifest.json",
    ),
    "a beautified proof": (
        lambda folder: edit(folder / paths.PROOF_FILE, lambda proof: proof.update(created_utc="2027-01-01T00:00:00Z")),
        "signature-mismatch",
        paths.PROOF_FILE,
    ),
    "a proof that is gone": (
        lambda folder: (folder / paths.PROOF_FILE).unlink(),
        "signature-mismatch",
        paths.PROOF_FILE,
    ),
    "a graph of other weights": (lambda folder: append(folder / "encoder.onnx"), "model-hash", "encoder.onnx"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "signature-missing", "manifest.json"),
    "no signature": (lambda folder: (folder / "signature.json").unlink(), "signature-missing", "signature.json"),
    "a page of the server instead of a signature": (
        lambda folder: (folder / "signature.json").write_text("<!doctype html><p>not here") and None,
        "signature-missing",
        "signature.json",
    ),
    "a signature that is no JSON": (
        lambda folder: (folder / "signature.json").write_text("{") and None,
        "signature-wrong",
        "signature.json",
    ),
    "a signature cut off": (
        lambda folder: edit(folder / "signature.json", lambda seal: seal.update(signature=seal["signature"][:40])),
        "signature-wrong",
        "signature.json",
    ),
    "a signature of other bytes": (
        lambda folder: edit(folder / "signature.json", lambda seal: seal.update(signature="A" * 86 + "==")),
        "signature-wrong",
        "signature.json",
    ),
}


@pytest.mark.parametrize("lie", FALSIFIED.values(), ids=FALSIFIED)
def test_a_falsified_folder_is_refused_by_the_name_of_the_file(
    signed: tuple[Any, str], lie: tuple[Callable[[Path], None], str, str]
) -> None:
    site, key = signed
    falsify, expected, file = lie
    falsify(site.model)
    page = site.open()
    code, message = fail(page, key)
    assert (code, file in message) == (expected, True)
    assert fail(page, key, allowUntested=True, worker=False)[0] == expected


def test_all_hashes_written_anew_even_in_the_signature_do_not_help(signed: tuple[Any, str]) -> None:
    site, key = signed
    edit(site.model / paths.SPEC_FILE, lambda spec: spec["decision"].update(threshold=0.4))
    proof = site.model / paths.PROOF_FILE
    edit(proof, lambda document: document.update(spec_sha256=contracts.sha256_file(site.model / paths.SPEC_FILE)))
    make_fit(site.model)

    def refit(seal: dict[str, Any]) -> None:
        seal.update(
            manifest_sha256=contracts.sha256_file(site.model / "manifest.json"),
            proof_sha256=contracts.sha256_file(proof),
        )

    edit(site.model / "signature.json", refit)
    page = site.open()
    assert fail(page, key)[0] == "signature-wrong"
    assert page.evaluate("create().then(() => 'it works')") == "it works"  # who asks for no signature is not told


def test_another_teams_key_is_named(signed: tuple[Any, str], sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    site, key = signed
    monkeypatch.setenv("SMILEBENCH_HOME", str(site.model.parent / "other_home"))
    other = sign(site.model)
    code, message = fail(site.open(), key)
    assert code == "signature-key"
    assert key in message
    assert other in message


@pytest.mark.parametrize("given", ["", "no key", "AAAA", "A" * 44])
def test_what_is_no_public_key_is_refused_at_once(signed: tuple[Any, str], given: str) -> None:
    page = signed[0].open()
    code, message = fail(page, given)
    assert code is None  # a mistake in the page's code, not a failure of the folder
    assert "publicKey" in message


def test_a_browser_that_cannot_check_says_so_and_runs_nothing(signed: tuple[Any, str]) -> None:
    site, key = signed
    page = site.open()
    page.evaluate(
        """() => { crypto.subtle.importKey = async () => {
             throw new DOMException('Unrecognized algorithm name', 'NotSupportedError'); }; }"""
    )
    code, message = fail(page, key)
    assert code == "signature-unsupported"
    assert "Ed25519" in message
    assert "Unrecognized algorithm name" in message
    page = site.open()
    page.evaluate("() => { Object.defineProperty(globalThis, 'isSecureContext', { value: false }); }")
    assert fail(page, key)[0] == "insecure-context"


def test_a_server_that_sends_another_spec_after_the_check_is_refused(signed: tuple[Any, str]) -> None:
    site, key = signed
    page = site.open()
    asked = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        body = (site.model / paths.SPEC_FILE).read_text(encoding="utf-8")
        later = body.replace('"threshold": 0.5', '"threshold": 0.45')
        assert later != body
        route.fulfill(body=body if len(asked) == 1 else later, content_type="application/json")

    page.route(f"**/{paths.SPEC_FILE}", answer)
    code, message = fail(page, key, worker=False, allowUntested=True)
    assert (code, paths.SPEC_FILE in message, len(asked)) == ("signature-mismatch", True, 2)


@pytest.mark.slow
def test_firefox_checks_the_same(
    firefox: Any, ort_dist: Path, tmp_path: Path, write_standin: Callable[..., Any], sign: Sign
) -> None:
    model, pages = tmp_path / "model", tmp_path / "pages"
    write_standin(model)
    key = sign(model)
    pages.mkdir()
    (pages / "index.html").write_text(
        "<!doctype html><meta charset=utf-8><link rel=icon href=data:,>", encoding="utf-8"
    )
    load = """async (options) => {
      const { SmileDetector } = await import('/model/smile-detector.mjs');
      try {
        const given = { spec: '/model/frontend_spec.json', ortUrl: '/ort/', ...options };
        const detector = await SmileDetector.create(given);
        return [detector.info.signedBy, detector.info.provider];
      } catch (error) { return [error.code, error.message]; }
    }"""
    with PageServer({"/": pages, "/model/": model, "/ort/": ort_dist}) as server:
        firefox.goto(server.url)
        assert firefox.evaluate(load, {"publicKey": key}) == [key, "wasm"]
        append(model / "head.onnx")
        code, message = firefox.evaluate(load, {"publicKey": key})
        assert (code, "head.onnx" in message) == ("model-hash", True)
        append(model / paths.PROOF_FILE)
        code, message = firefox.evaluate(load, {"publicKey": key})
        assert (code, paths.PROOF_FILE in message) == ("signature-mismatch", True)
