"""Training on a GPU against the processor: steps of the dual head, and pictures that its encoder takes a second.

    ./inv bench --only device

Prints the ratios, measured in turns within one run, or one line where torch can use no GPU here.
"""

import statistics
import time
from collections.abc import Callable

import torch

from shared.models import build_network
from tools.trainer.devices import MixedPrecision, choose_device, choose_precision

BATCH, FRAMES, SIDE_PX = 16, 5, 224
ROUNDS = 5


def step_of(device: torch.device, precision: str) -> Callable[[], None]:
    """Return a training step of all weights."""
    network = build_network("dual_head", FRAMES).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    mixed = MixedPrecision(choose_precision(precision, device), device)
    frames = torch.rand(BATCH, FRAMES, 3, SIDE_PX, SIDE_PX)
    target = (torch.arange(BATCH) % 2).float().to(device)

    def step() -> None:
        network.train()
        optimizer.zero_grad(set_to_none=True)
        with mixed.autocast():
            output = network(frames.to(device))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(output.in_float32().smile_logit, target)
        mixed.step(loss, optimizer)
        loss.item()  # waits for the GPU

    return step


def encoding_of(device: torch.device) -> Callable[[], None]:
    """Return the encoding of a batch's pictures, as for a cache of features."""
    network = build_network("dual_head", FRAMES).to(device).eval()
    pictures = torch.rand(BATCH * FRAMES, 3, SIDE_PX, SIDE_PX)

    @torch.inference_mode()
    def encode() -> None:
        network.encode_grid(pictures.to(device), is_cropped=False).sum().item()  # type: ignore[operator]

    return encode


def compare(ways: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Time ways in turns; returns median seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(found) for name, found in seconds.items()}


def main() -> None:
    """Measure and print."""
    gpu, cpu = choose_device("auto"), torch.device("cpu")
    if gpu.type == "cpu":
        print("no GPU that torch can use here: nothing to compare with the processor")
        return
    ways = {"cpu": step_of(cpu, "float32"), f"{gpu.type} float32": step_of(gpu, "float32")}
    if gpu.type == "cuda":
        name = str(choose_precision("auto", gpu)).removeprefix("torch.")
        ways[f"cuda {name}"] = step_of(gpu, "auto")
    for what, found in (
        (f"a step of {BATCH} sequences", compare(ways)),
        (f"encoding {BATCH * FRAMES} pictures", compare({"cpu": encoding_of(cpu), gpu.type: encoding_of(gpu)})),
    ):
        for name, seconds in found.items():
            print(f"{what}: {name:<14} {1000 * seconds:8.1f} ms   {found['cpu'] / seconds:6.1f} x")


if __name__ == "__main__":
    main()
