"""The network of landmarks: what it does not care about, and that its ONNX says the same."""

import pytest
import torch

from shared.errors import InvalidInput
from shared.faces.mirror import BLENDSHAPE_TWINS, POINT_TWINS
from shared.faces.normalise import SCHEMES
from shared.models import NETWORKS, build_network
from shared.models.landmark_input import LandmarkInput
from shared.models.landmark_mlp import LandmarkMlp


@pytest.fixture
def faces() -> torch.Tensor:
    torch.manual_seed(0)
    face = torch.rand(478, 3)
    return face + 0.02 * torch.randn(6, 5, 478, 3)


def test_a_face_elsewhere_larger_and_tilted_gets_the_same_answer(faces: torch.Tensor) -> None:
    network = LandmarkMlp("landmarks").eval()
    network.set_standard([faces])
    angle = torch.tensor(0.4)
    turn = torch.tensor([[angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]])
    moved = faces.clone()
    moved[..., :2] = faces[..., :2] @ turn * 0.37 + torch.tensor([0.2, -0.1])
    with torch.inference_mode():
        assert torch.allclose(network(faces).smile_logit, network(moved).smile_logit, atol=1e-4)


def test_depth_does_not_count_unless_it_was_asked_for(faces: torch.Tensor) -> None:
    flat, deep = LandmarkMlp("landmarks").eval(), LandmarkMlp("landmarks", with_z=True).eval()
    assert (flat.n_inputs, deep.n_inputs) == (956, 1434)
    other = faces.clone()
    other[..., 2] += torch.rand(478)
    with torch.inference_mode():
        assert torch.equal(flat(faces).smile_logit, flat(other).smile_logit)
        assert not torch.equal(deep(faces).smile_logit, deep(other).smile_logit)


def test_a_sequence_of_one_picture_five_times_is_that_picture(faces: torch.Tensor) -> None:
    network = LandmarkMlp("landmarks").eval()
    with torch.inference_mode():
        once = network(faces[:, :1]).smile_logit
        assert torch.allclose(once, network(faces[:, :1].expand(-1, 5, -1, -1)).smile_logit, atol=1e-5)


def mirror(faces: torch.Tensor) -> torch.Tensor:
    """Give what the landmarker would of the mirrored pictures."""
    mirrored = faces[..., POINT_TWINS, :].clone()
    mirrored[..., 0] = 1 - mirrored[..., 0]
    return mirrored


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_mirrored_face_gets_the_same_answer(faces: torch.Tensor, scheme: str) -> None:
    network = LandmarkMlp("landmarks", scheme, with_z=True).eval()
    network.set_standard([faces])
    with torch.inference_mode():
        assert torch.allclose(network(faces).smile_logit, network(mirror(faces)).smile_logit, atol=1e-4)
        swapped = torch.rand(3, 2, 52)
        of_blendshapes = LandmarkMlp("blendshapes").eval()
        turned = of_blendshapes(swapped[..., BLENDSHAPE_TWINS]).smile_logit
        assert torch.allclose(of_blendshapes(swapped).smile_logit, turned, atol=1e-5)


def test_the_input_mirrors_as_the_picture_does(faces: torch.Tensor) -> None:
    layer = LandmarkInput(with_z=True)
    assert torch.allclose(layer.mirror(layer(faces)), layer(mirror(faces)), atol=1e-4)
    assert not torch.allclose(layer(faces), layer(mirror(faces)), atol=1e-1)


def test_noise_is_of_training_only(faces: torch.Tensor) -> None:
    network = LandmarkMlp("blendshapes")
    values = torch.rand(4, 5, 52)
    with torch.no_grad():
        assert not torch.equal(network.train()(values).smile_logit, network(values).smile_logit)
        assert torch.equal(network.eval()(values).smile_logit, network(values).smile_logit)


def test_the_standard_is_the_training_peoples() -> None:
    network = LandmarkMlp("blendshapes")
    network.set_standard([torch.zeros(1, 1, 52), torch.full((1, 1, 52), 2.0)])
    assert network.mean.tolist() == [1.0] * 52
    assert network.scale[0].item() == pytest.approx(
        (3 / 4) ** 0.5
    )  # the spread of 0, 2 and their mirror images, by n - 1


def test_a_run_says_how_its_landmarks_are_normalised() -> None:
    deep = build_network("landmark_mlp", 5, {"normalisation": "eyes", "with_z": True})
    assert isinstance(deep, LandmarkMlp)
    assert isinstance(deep.input, LandmarkInput)
    assert (deep.n_inputs, deep.input.scheme) == (1434, "eyes")


def test_every_network_is_built_by_its_name_and_others_are_refused() -> None:
    for name in NETWORKS:
        assert sum(parameter.numel() for parameter in build_network(name, 5, n_channels=7).parameters()) < 2_500_000
    with pytest.raises(InvalidInput, match="landmark_mlp"):
        build_network("resnet", 5)
    with pytest.raises(InvalidInput, match="landmarks or blendshapes"):
        LandmarkMlp("emotions")


def test_a_standard_of_blocks_is_that_of_all_at_once() -> None:
    values = torch.rand(700, 1, 478, 3)
    whole, parts = LandmarkMlp("landmarks"), LandmarkMlp("landmarks")
    whole.set_standard([values])
    parts.set_standard(values.split(64))
    inputs = torch.cat([whole.input(values), whole.input.mirror(whole.input(values))]).flatten(0, 1)
    for network in (whole, parts):
        assert torch.allclose(network.mean, inputs.mean(0), atol=1e-5)
        assert torch.allclose(network.scale, 1 / inputs.std(0).clamp_min(1e-4), rtol=1e-4)
