"""Providers: which is taken where there is a graphics adapter, and where it is drawn in software."""

from collections.abc import Callable
from typing import Any

import pytest

GPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")
BY_HAND = 1400 / 15 / 255  # see test_client_detector.py


@pytest.fixture
def gpu_page(make_site: Callable[..., Any], write_standin: Callable[..., Any], launch: Callable[..., Any]) -> Any:
    """A page in a Chromium that has WebGPU, drawn in software, with a model proven on both providers."""
    site = make_site()
    write_standin(site.model, providers=("wasm", "webgpu"))
    page = site.open(launch(*GPU))
    if not page.evaluate("navigator.gpu?.requestAdapter().then(Boolean)"):
        pytest.skip("this Chromium has no WebGPU")
    return page


def test_an_adapter_in_software_is_passed_over(gpu_page: Any) -> None:
    assert gpu_page.evaluate("create().then(({ info }) => info.provider)") == "wasm"
    gpu_page.evaluate("until(() => events.length > 0)")
    (warning,) = gpu_page.evaluate("events.map(([type, detail]) => [type, detail.code, detail.message])")
    assert warning[:2] == ["warning", "software-adapter"]
    assert "swiftshader" in warning[2].lower()


def test_webgpu_that_is_asked_for_gives_the_same_answer(gpu_page: Any) -> None:
    info = gpu_page.evaluate("create({ provider: 'webgpu' }).then(({ info }) => [info.provider, info.adapter])")
    assert info[0] == "webgpu"
    assert "swiftshader" in info[1].lower()
    results = gpu_page.evaluate("play([10, 30, 60, 100, 150])")
    assert results[-1]["provider"] == "webgpu"
    assert results[-1]["smileProb"] == pytest.approx(BY_HAND, abs=1e-4)
    gpu_page.evaluate("detector.close()")


def test_a_real_adapter_is_taken_before_wasm_and_wasm_if_it_fails(gpu_page: Any) -> None:
    # The worker's own adapter cannot be dressed up from here, so this one runs on the page.
    found = gpu_page.evaluate(
        """async () => {
          const request = navigator.gpu.requestAdapter.bind(navigator.gpu);
          const realName = { vendor: 'acme', architecture: 'fast', description: 'a card' };
          GPU.prototype.requestAdapter = async (options) => {
            const adapter = await request(options);
            Object.defineProperty(adapter, 'info', { value: realName });
            return adapter;
          };
          await create({ worker: false });
          const first = detector.info.provider;
          await detector.close();
          GPUAdapter.prototype.requestDevice = async () => { throw new Error('device lost'); };
          await create({ worker: false, ort: await import('/ort/ort.wasm.min.mjs') });
          return [first, detector.info.provider, detector.info.warnings.map(({ code }) => code)];
        }"""
    )
    assert found == ["webgpu", "wasm", ["provider-failed", "provider-failed"]]


def test_without_any_adapter_webgpu_is_refused_and_auto_takes_wasm(
    make_site: Callable[..., Any], write_standin: Callable[..., Any]
) -> None:
    site = make_site()
    write_standin(site.model, providers=("wasm", "webgpu"))
    page = site.open()
    page.evaluate("() => { if (navigator.gpu) GPU.prototype.requestAdapter = async () => null; }")
    assert page.evaluate("create({ worker: false }).then(({ info }) => [info.provider, info.warnings])") == ["wasm", []]
    code, message = page.evaluate("fails(() => create({ provider: 'webgpu', worker: false }))")
    assert code == "no-provider"
    assert "graphics adapter" in message
