"""Where torch computes and in which numbers: what can be shown without a GPU, and what must be said without one."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from shared.errors import MissingOutside
from shared.models import build_network
from shared.models.network import NetworkOutput
from tools.trainer import checkpoints, devices
from tools.trainer.data import Batch

CPU = torch.device("cpu")


def test_a_gpu_that_is_not_there_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingOutside, match=r"--device cuda: found no such GPU.*use --device cpu") as refused:
        devices.choose_device("cuda")
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("device", "has_bfloat16", "expected"),
    [("cpu", True, torch.float32), ("cuda", True, torch.bfloat16), ("cuda", False, torch.float16)],
)
def test_precision_follows_the_device(
    device: str, has_bfloat16: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: has_bfloat16)
    assert devices.choose_precision("auto", torch.device(device)) == expected
    assert devices.choose_precision("float32", torch.device(device)) == torch.float32


def test_float16_on_a_processor_is_refused() -> None:
    with pytest.raises(MissingOutside, match="--precision float16: found --device cpu"):
        devices.choose_precision("float16", CPU)


def learn(dtype: torch.dtype) -> tuple[list[float], torch.nn.Module]:
    """Go some steps in a precision; returns the losses and the network."""
    torch.manual_seed(0)
    network = build_network("blendshape_mlp", 5).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    target = (torch.arange(64) % 2).float()
    frames = 0.2 * torch.rand(64, 5, 52) + 0.6 * target[:, None, None]
    precision, losses = devices.MixedPrecision(dtype, CPU), []
    for _ in range(40):
        optimizer.zero_grad()
        with precision.autocast():
            output = network(frames)
        assert output.smile_logit.dtype == dtype
        loss = torch.nn.functional.binary_cross_entropy_with_logits(output.in_float32().smile_logit, target)
        precision.step(loss, optimizer, longest=1.0)
        losses.append(loss.item())
    return losses, network


def test_mixed_precision_learns_as_float32_does_and_its_checkpoints_are_the_same(tmp_path: Path) -> None:
    exact, _ = learn(torch.float32)
    rough, network = learn(torch.bfloat16)
    assert rough[-1] < rough[0] / 2
    assert rough != exact
    assert max(abs(one - other) for one, other in zip(rough, exact, strict=True)) < 0.1
    assert {value.dtype for value in network.state_dict().values() if value.is_floating_point()} == {torch.float32}
    checkpoints.save_weights(tmp_path / "mixed.safetensors", network, 1)
    fresh = build_network("blendshape_mlp", 5)
    checkpoints.load_weights(tmp_path / "mixed.safetensors", fresh)
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in fresh.state_dict().items())


def test_float32_computes_as_without_it() -> None:
    layer = torch.nn.Linear(3, 1)
    with devices.MixedPrecision(torch.float32, CPU).autocast():
        assert layer(torch.rand(2, 3)).dtype == torch.float32
    output = NetworkOutput(torch.zeros(2, dtype=torch.bfloat16))
    assert output.in_float32().smile_logit.dtype == torch.float32


def test_batches_that_are_made_in_the_background_come_in_order_and_errors_come_through() -> None:
    makers: set[int] = set()

    def make() -> Iterator[int]:
        for number in range(20):
            makers.add(threading.get_ident())
            yield number

    assert list(devices.in_background(make(), lambda item: item * 2)) == [2 * number for number in range(20)]
    assert makers
    assert threading.get_ident() not in makers

    def fail() -> Iterator[int]:
        yield 1
        raise ValueError("a picture is broken")

    found = devices.in_background(fail(), lambda item: item)
    assert next(found) == 1
    with pytest.raises(ValueError, match="a picture is broken"):
        next(found)


def test_a_loop_that_ends_early_ends_the_thread() -> None:
    before = threading.active_count()
    found = devices.in_background(iter(range(1000)), lambda item: item)
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_on_a_processor_batches_are_taken_as_they_are() -> None:
    batch = Batch(torch.zeros(1), torch.zeros(1), torch.zeros(1, dtype=torch.int64))
    (same,) = devices.load_ahead([batch], CPU)
    assert same is batch
    assert torch.equal(batch.to(CPU).frames, batch.frames)
