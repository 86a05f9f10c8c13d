"""What came instead of a file is named: the file, its address, the first bytes, and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import paths

HTML = "<!DOCTYPE html><title>the site's own page</title>"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:0"
ORT = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


@pytest.fixture
def spoiled(make_site: Callable[..., Any], write_standin: Callable[..., Any], ort_dist: Path) -> Any:
    """A site whose model folder has the runtime in ort/, to be spoiled; its console may complain."""
    site = make_site()
    write_standin(site.model)
    (site.model / "ort").mkdir()
    for name in ORT:
        (site.model / "ort" / name).write_bytes((ort_dist / name).read_bytes())
    return site


def fail(page: Any, **options: Any) -> tuple[str, str]:
    given = {"ortUrl": None, "spec": None, "baseUrl": "/model/", "worker": False, **options}
    code, message = page.evaluate("(options) => fails(() => create(options))", given)
    return code, message


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("name", "spoil", "code", "words"),
    [
        (paths.SPEC_FILE, HTML, "file-html", ("begins with <!DOCTYPE html>", "baseUrl")),
        ("encoder.onnx", HTML, "file-html", ("begins with <!DOCTYPE html>", "baseUrl")),
        ("encoder.onnx", LFS, "file-lfs", ("git lfs pull", "version https://git-lfs")),
        (f"ort/{ORT[0]}", HTML, "file-html", ("begins with <!DOCTYPE html>", "ortUrl")),
        (f"ort/{ORT[0]}", "export {", "script-broken", ("copy it again",)),
        (f"ort/{ORT[1]}", None, "wasm-missing", ("HTTP 404", "ortUrl")),
        (f"ort/{ORT[1]}", HTML, "file-html", ("begins with <!DOCTYPE html>", "ortUrl")),
        (f"ort/{ORT[2]}", HTML, "file-html", ("begins with <!DOCTYPE html>", "ortUrl")),
        (f"ort/{ORT[2]}", cut, "file-truncated", ("bytes came", "00 61 73 6d 01 00 00 00")),
        (f"ort/{ORT[2]}", "x" * 99, "file-broken", ("99 bytes that begin with xxx", "ortUrl")),
    ],
)
def test_what_came_instead_of_a_file_is_named(
    spoiled: Any, name: str, spoil: str | Callable[[Path], None] | None, code: str, words: tuple[str, ...]
) -> None:
    path = spoiled.model / name
    if spoil is None:
        path.unlink()
    elif isinstance(spoil, str):
        path.write_text(spoil, encoding="utf-8")
    else:
        spoil(path)
    found, message = fail(spoiled.open())
    assert found == code
    for word in (path.name, f"/model/{name}", *words):
        assert word in message
    assert "current" not in message


def test_a_script_of_a_wrong_type_names_the_type(spoiled: Any) -> None:
    page = spoiled.open()
    body = (spoiled.model / "ort" / ORT[0]).read_text(encoding="utf-8")
    page.route(f"**/{ORT[0]}", lambda route: route.fulfill(body=body, content_type="text/plain; charset=utf-8"))
    code, message = fail(page)
    assert code == "file-type"
    assert "as text/plain" in message
    assert "Set that Content-Type for .mjs" in message


def test_a_page_that_forbids_wasm_is_told_the_header(spoiled: Any) -> None:
    page = spoiled.open()
    page.evaluate(
        """() => {
          const blocked = () => { throw new WebAssembly.CompileError('blocked by CSP'); };
          WebAssembly.Module = class { constructor() { blocked(); } };
          for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming'])
            WebAssembly[name] = async () => blocked();
        }"""
    )
    code, message = fail(page)
    assert code == "wasm-blocked"
    assert "'wasm-unsafe-eval'" in message


def test_a_worker_is_looked_for_in_the_base_folder_too(spoiled: Any, write_standin: Callable[..., Any]) -> None:
    write_standin(spoiled.model / "copied")
    (spoiled.model / "ort").rename(spoiled.model / "copied" / "ort")
    (spoiled.model / "smile-detector.worker.mjs").unlink()
    page = spoiled.open()
    info = page.evaluate(
        "create({ baseUrl: '/model/copied', spec: undefined, ortUrl: undefined }).then(({ info }) => info)"
    )
    assert (info["worker"], info["warnings"]) == (True, [])
    (spoiled.model / "copied" / "smile-detector.worker.mjs").write_text(HTML, encoding="utf-8")
    info = page.evaluate(
        "create({ baseUrl: '/model/copied/', spec: undefined, ortUrl: undefined }).then(({ info }) => info)"
    )
    assert (info["worker"], info["warnings"][0]["code"]) == (False, "no-worker")
    assert "/model/copied/smile-detector.worker.mjs: <!DOCTYPE html>" in info["warnings"][0]["message"]
