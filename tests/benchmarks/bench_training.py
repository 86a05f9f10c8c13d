"""A training step against a plain loop: jpgs decoded each time, default memory layout, float transforms.

    ./inv bench --only training

Prints the ratio of the median step times, measured in turns within one run, so that a noisy machine hits both alike.
"""

import os
import runpy
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from shared.dataset.reader import Dataset
from shared.models import build_network
from shared.models.torchvision_ops import declare_missing_operators
from tools.trainer.augment import Augmentation
from tools.trainer.data import DecodedSequences, decode_dataset

declare_missing_operators()

from torchvision.transforms import v2  # noqa: E402

write_dataset = runpy.run_path(str(Path(__file__).parents[1] / "conftest.py"))["write_dataset"]

BATCH = 4
STEPS = 6
THREADS = 2


def plain_batches(dataset: Dataset) -> list[torch.Tensor]:
    """Load and vary pictures as a first attempt would: from jpg each time, as float tensors."""
    vary = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(10, translate=(0.06, 0.06), scale=(0.88, 1.12)),
            v2.ColorJitter(0.3, 0.3, 0.3),
        ]
    )
    clips = []
    for row in dataset.rows[:BATCH]:
        frames = torch.from_numpy(dataset.load_frames(row)).permute(0, 3, 1, 2).float() / 255
        varied = vary(frames)
        clips.append((varied + torch.randn_like(varied) * 0.02).clamp(0, 1))
    return clips


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SMILEBENCH_HOME"] = folder
        dataset = write_dataset(Path(folder) / "datasets" / "bench", subjects=3)
        dual_head = build_network("dual_head", 5).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        plain = build_network("dual_head", 5)
        plain.encode = lambda frames: plain.pool(plain.encoder((frames - plain.mean) / plain.std)).flatten(1)
        optimizers = {net: torch.optim.AdamW(net.parameters(), lr=5e-5) for net in (dual_head, plain)}
        sequences = DecodedSequences(dataset, dataset.rows, decode_dataset(dataset))
        augmentation = Augmentation(0)
        times: dict[str, list[float]] = {"plain": [], "dual head": [], "plain pictures": [], "decoded pictures": []}
        for step in range(STEPS + 1):
            for name, net in (("plain", plain), ("dual head", dual_head)):
                began = time.perf_counter()
                if name == "dual head":
                    frames = next(sequences.batches(BATCH, range(BATCH), augmentation, step)).frames
                else:
                    frames = torch.stack(plain_batches(dataset))
                loaded = time.perf_counter()
                loss = nn.functional.binary_cross_entropy_with_logits(net(frames).smile_logit, torch.ones(BATCH))
                optimizers[net].zero_grad(set_to_none=True)
                loss.backward()
                optimizers[net].step()
                if step:  # the first one warms up
                    times[name].append(time.perf_counter() - began)
                    times["decoded pictures" if name == "dual head" else "plain pictures"].append(loaded - began)
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"threads {THREADS}, batch {BATCH} x 5 x 224 x 224, median of {STEPS} steps, numpy {np.__version__}")
    print(
        f"pictures: plain {middle['plain pictures'] * 1e3:.0f} ms, dual head {middle['decoded pictures'] * 1e3:.0f} ms"
    )
    print(f"step:     plain {middle['plain'] * 1e3:.0f} ms, dual head {middle['dual head'] * 1e3:.0f} ms")
    print(f"ratio plain / dual head: {middle['plain'] / middle['dual head']:.2f}")


if __name__ == "__main__":
    main()
