"""The face crop inside of a network: it finds what OpenCV's YuNet finds, and cuts it out as a resize would."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from shared import paths
from shared.errors import InvalidInput
from shared.faces import detector
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice
from shared.models.face_crop import LARGE, SMALL, Cut, FaceCrop
from shared.models.onnx_export import export_module
from shared.models.yunet import Candidates, YuNet
from shared.onnx.session import open_session
from shared.preprocess import crop_and_resize
from shared.video import Film

FILMS = (paths.assets() or Path("nowhere")) / "videos" / "protocol"
needs_detector = pytest.mark.skipif(detector.find_model() is None, reason="no YuNet: ./inv fetch-models")
needs_films = pytest.mark.skipif(not FILMS.is_dir(), reason="the assets' films are not here")


@pytest.fixture(scope="module")
def pictures() -> Any:
    """A picture of each film, (N, 224, 224, 3)."""
    found = []
    for path in sorted(FILMS.glob("*.mp4")):
        with Film(str(path)) as film:
            found.append(crop_and_resize(next(iter(film)).rgb_hwc_u8))
    return np.stack(found)


def _tensor(pictures: Any) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


@needs_detector
@needs_films
@pytest.mark.parametrize(("to_px", "cut"), [(112, LARGE), (96, SMALL)])
def test_the_square_lies_in_the_face_that_opencv_finds(pictures: Any, to_px: int, cut: Cut) -> None:
    """Around the whole of it; for small networks from eyes to chin."""
    finder = detector.open_finder()
    assert finder is not None
    crop = FaceCrop(224, to_px)
    crop.load_detector()
    with torch.inference_mode():
        squares = crop.find_squares(_tensor(pictures)).tolist()
    for picture, (left, top, side) in zip(pictures, squares, strict=True):
        x0, y0, x1, y1 = finder.find(picture)[0].box_xyxy_px
        assert side == pytest.approx(cut.side * max(x1 - x0, y1 - y0), rel=0.15)
        assert left + side / 2 == pytest.approx((x0 + x1) / 2, abs=0.1 * side)
        assert top + side / 2 == pytest.approx((y0 + y1) / 2 + cut.down * (y1 - y0), abs=0.1 * side)


@needs_detector
@needs_films
def test_yunet_gives_the_boxes_that_opencv_gives(pictures: Any) -> None:
    model = detector.find_model()
    assert model is not None
    ours = YuNet(224)
    ours.load(model)
    theirs = cv2.FaceDetectorYN.create(str(model), "", (224, 224), 0.7, 0.3, 20)
    for picture in pictures:
        _, rows = theirs.detect(np.ascontiguousarray(picture[:, :, ::-1]))
        with torch.inference_mode():
            found = ours(_tensor(picture[None]))
        names = ("score", "x", "y", "width", "height")
        parts = {name: getattr(found, name).flatten() for name in names}
        x, y, width, height, *_, score = rows[0].tolist()
        at = int((parts["score"] - score).abs().argmin())
        assert float(parts["score"][at]) == pytest.approx(score, abs=1e-4)
        middle_x, middle_y, w, h = (float(parts[name][at]) for name in names[1:])
        assert (middle_x - w / 2, middle_y - h / 2, w, h) == pytest.approx((x, y, width, height), abs=0.05)


@needs_detector
def test_a_picture_without_a_face_is_taken_whole() -> None:
    crop = FaceCrop(224, 112)
    crop.load_detector()
    plain = torch.full((1, 3, 224, 224), 0.5)
    assert crop.find_squares(plain).tolist() == [[0.0, 0.0, 224.0]]


def test_a_cut_that_shrinks_nothing_is_the_picture_itself() -> None:
    crop = FaceCrop(224, 112)
    picture = torch.rand(1, 3, 224, 224)
    cut = crop.cut(picture, torch.tensor([[40.0, 60.0, 112.0]]))
    assert torch.allclose(cut, picture[:, :, 60:172, 40:152], atol=1e-5)


def test_a_cut_that_grows_is_opencvs_bilinear_resize() -> None:
    crop = FaceCrop(224, 112)
    picture = np.random.default_rng(0).random((224, 224, 3)).astype(np.float32)
    expected = cv2.resize(picture[60:116, 40:96], (112, 112), interpolation=cv2.INTER_LINEAR)
    values = torch.from_numpy(picture).permute(2, 0, 1)[None]
    cut = crop.cut(values, torch.tensor([[40.0, 60.0, 56.0]]))[0].permute(1, 2, 0).numpy()
    inside = (slice(1, -1), slice(1, -1))  # at its edge OpenCV knows nothing of the pixels beyond
    assert np.allclose(cut[inside], expected[inside], atol=1e-4)


def test_what_lies_beyond_the_picture_repeats_its_border() -> None:
    crop = FaceCrop(64, 32)
    picture = torch.zeros(1, 3, 64, 64)
    picture[:, 0, :, 0] = 1.0
    cut = crop.cut(picture, torch.tensor([[-32.0, 0.0, 32.0]]))
    assert torch.allclose(cut[:, 0], torch.ones(1, 32, 32))


@pytest.mark.parametrize("square", [[32.5, 48.2, 128.7], [-30.0, -12.3, 260.0], [150.0, 140.0, 20.0]])
def test_one_picture_is_cut_like_many(square: list[float]) -> None:
    """A page's encoder reads the few pixels that count; a window of several pictures is two products."""
    for to_px in (64, 96, 112):
        crop = FaceCrop(224, to_px)
        pictures, squares = torch.rand(2, 3, 224, 224), torch.tensor([square, square[::-1]]).abs()
        squares[0] = torch.tensor(square)
        one = crop.cut(pictures[:1], squares[:1], context=1.25)
        assert torch.allclose(one, crop.cut(pictures, squares, context=1.25)[:1], atol=1e-5)


@needs_detector
@needs_films
def test_a_small_network_looks_for_faces_in_a_smaller_picture(pictures: Any) -> None:
    large, small = FaceCrop(224, 112), FaceCrop(224, 96)
    for crop in (large, small):
        crop.load_detector()
    assert small.detector.side_px < large.detector.side_px
    with torch.inference_mode():
        squares = [crop.find_squares(_tensor(pictures)) for crop in (large, small)]
    boxes = [found[:, 2] / cut.side for found, cut in zip(squares, (LARGE, SMALL), strict=True)]
    middles = [found[:, 0] + found[:, 2] / 2 for found in squares]
    for of_large, of_small in (boxes, middles):
        far = (of_large - of_small).abs()
        assert float(far.median()) < 8  # of 224
        assert float(far.max()) < 40


@needs_detector
@needs_films
@pytest.mark.parametrize("to_px", [112, 96])
def test_a_face_in_any_corner_is_found_there(pictures: Any, to_px: int) -> None:
    """What YuNet sees is an odd number of cells wide on its coarser levels: the last ones count like the first."""
    side, crop = 150, FaceCrop(224, to_px)
    crop.load_detector()
    found = []
    for top, left in ((0, 0), (0, 74), (74, 0), (74, 74)):
        corner = np.full((1, 224, 224, 3), 90, np.uint8)
        corner[0, top : top + side, left : left + side] = cv2.resize(pictures[0], (side, side), interpolation=3)
        with torch.inference_mode():
            x, y, square = crop.find_squares(_tensor(corner))[0].tolist()
        found.append((x - left, y - top, square))
    assert max(square for *_, square in found) < side
    assert np.ptp(np.array(found), axis=0).max() < 0.15 * found[0][2]


def test_a_side_that_yunet_does_not_take_is_refused() -> None:
    with pytest.raises(InvalidInput, match="multiple of 8"):
        YuNet(60)


def test_small_networks_see_grey() -> None:
    crop = FaceCrop(64, 32)
    red = torch.zeros(1, 3, 64, 64)
    red[:, 0] = 1.0
    assert torch.allclose(crop(red), torch.full((1, 3, 32, 32), 0.299), atol=1e-6)


def test_weights_that_learned_from_other_squares_are_refused() -> None:
    old = FaceCrop(64, 32).state_dict()
    del old["side"]
    with pytest.raises(RuntimeError, match="side"):
        FaceCrop(64, 32).load_state_dict(old)


def test_context_keeps_the_scale_and_adds_what_lies_around() -> None:
    crop = FaceCrop(224, 112)
    picture, square = torch.rand(2, 3, 224, 224), torch.tensor([[60.0, 50.0, 90.0], [30.0, 70.0, 140.0]])
    wide = crop.cut(picture, square, context=1.25)
    assert wide.shape == (2, 3, 140, 140)
    assert torch.allclose(wide[:, :, 14:126, 14:126], crop.cut(picture, square), atol=1e-5)


def test_the_crop_is_part_of_the_network_and_is_not_trained() -> None:
    torch.manual_seed(0)
    choice = EncoderChoice("mobilenet_v3_small_b3", 64, "grid", "face")
    network = DualHeadSmileDetector(5, choice).eval()
    assert not any(each.requires_grad for each in network.crop.parameters())
    pictures = torch.rand(1, 2, 3, 224, 224)
    with torch.inference_mode():
        crops = network.crop(pictures.flatten(0, 1)).unflatten(0, (1, 2))
        assert torch.equal(network.decide_from_crops(crops).smile_logit, network(pictures).smile_logit)
    assert any(key.startswith("crop.detector.") for key in network.state_dict())


def test_another_network_is_no_face_detector(tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"no graph")
    with pytest.raises(InvalidInput, match="YuNet"):
        YuNet(112).load(tmp_path / "yunet.onnx")


@needs_detector
def test_the_exported_crop_is_torchs_with_and_without_a_face() -> None:
    crop = FaceCrop(224, 112).eval()
    crop.load_detector()
    exported = export_module(crop, torch.rand(1, 3, 224, 224), "frame", ("crop",))
    session = open_session(exported.SerializeToString(), "the crop")
    noise = np.random.default_rng(0).random((1, 3, 224, 224), np.float32)
    pictures = [np.zeros_like(noise), np.full_like(noise, 0.5), noise]
    if FILMS.is_dir():
        with Film(str(min(FILMS.glob("*.mp4")))) as film:
            pictures.append(_tensor(crop_and_resize(next(iter(film)).rgb_hwc_u8)[None]).numpy())
    for picture in pictures:
        (found,) = session.run(None, {"frame": picture})
        with torch.inference_mode():
            assert np.allclose(found, crop(torch.from_numpy(picture)).numpy(), atol=1e-4)


def test_with_mirrored_views_a_mirror_image_gets_the_same_answer_and_the_stream_is_the_window() -> None:
    torch.manual_seed(0)
    network = DualHeadSmileDetector(5, EncoderChoice("mobilenet_v3_small_b3", 64, "grid", views="mirrored"), 64).eval()
    frames = torch.rand(1, 5, 3, 64, 64)
    with torch.inference_mode():
        output, mirrored = network(frames), network(frames.flip(-1))
        encoder, head = network.stream_modules(1.0)
        features = torch.stack([encoder(frames[:, number]) for number in range(5)], 1)
        smile_prob, _ = head(features)
    assert torch.allclose(output.smile_logit, mirrored.smile_logit, atol=1e-5)
    assert torch.allclose(smile_prob, torch.sigmoid(output.smile_logit), atol=1e-6)
    one = DualHeadSmileDetector(5, EncoderChoice("mobilenet_v3_small_b3", 64, "grid"), 64).eval()
    one.load_state_dict(network.state_dict())
    assert not torch.allclose(one(frames).smile_logit, one(frames.flip(-1)).smile_logit, atol=1e-5)


def _crop_that_is_told(score: list[float], x: list[float], side: list[float]) -> FaceCrop:
    """Return a crop whose YuNet says this of every picture; all candidates lie 60 pixels down."""
    crop = FaceCrop(224, 112)
    parts = [torch.tensor([each]) for each in (score, x, [60.0] * len(x), side, side)]
    crop.detector.forward = lambda pictures: Candidates(*parts)  # type: ignore[method-assign]
    return crop


def test_of_two_faces_one_is_taken_however_alike_they_are() -> None:
    """The mean of two candidates that were nearly equally good lay between the faces, agreed with none, and was nan."""
    for other in (0.9, 0.8999, 0.895):
        crop = _crop_that_is_told([0.9, other], [30.0, 80.0], [20.0, 20.0])
        left, top, side = crop.find_squares(torch.zeros(1, 3, 224, 224))[0].tolist()
        expected = (60.0, 120.0 + LARGE.down * 20 * 2, LARGE.side * 20 * 2)
        assert (left + side / 2, top + side / 2, side) == pytest.approx(expected, abs=1e-3)


def test_candidates_of_the_same_face_are_averaged() -> None:
    crop = _crop_that_is_told([0.9, 0.9, 0.2], [30.0, 32.0, 34.0], [20.0, 20.0, 20.0])
    left, _, side = crop.find_squares(torch.zeros(1, 3, 224, 224))[0].tolist()
    assert 60.0 < left + side / 2 < 64.0  # the third one is not sure enough
