"""Networks of clips: a step that is none changes nothing, a legal 0 does, in torch and in ONNX."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from shared.models import build_network
from shared.models.clips import gather_steps, pool_steps
from tools.exporter.graph import build_graph

NETWORKS = ("clip_lstm", "clip_conv1d", "clip_stats")
K = 5
ROOT = Path(__file__).parents[3]


def network_of(name):
    torch.manual_seed(0)
    network = build_network(name, 12, n_channels=K).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.5, 0.5)
        network.set_standard([torch.rand(20, 12, K)])
    return network.requires_grad_(False)


def export_all(folder):
    for name in NETWORKS:
        graph = build_graph(network_of(name), 12, 224, prob="funny_prob")
        Path(folder, f"{name}.onnx").write_bytes(graph.SerializeToString())


def padded(clip, n_before, n_after):
    nothing = np.full((len(clip), 1, K), np.nan, np.float32)
    return np.concatenate([*[nothing] * n_before, clip, *[nothing] * n_after], axis=1)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """All three as ONNX, by a process of its own: a second export of an LSTM in one process fixes its free axis."""
    folder = tmp_path_factory.mktemp("onnx")
    code = "import sys; from tests.shared.models.test_clips import export_all; export_all(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=ROOT)
    return folder


@pytest.fixture(scope="module", params=NETWORKS)
def pair(request, exported):
    """A network and its ONNX."""
    network = network_of(request.param)
    session = onnxruntime.InferenceSession(str(exported / f"{request.param}.onnx"))
    return (
        lambda clip: torch.sigmoid(network(torch.from_numpy(clip)).smile_logit).item(),
        lambda clip: float(session.run(["funny_prob"], {"emotions": clip})[0].item()),
    )


@pytest.mark.parametrize("n_steps", [1, 2, 13])
def test_up_to_ten_padded_steps_change_no_score(pair, n_steps):
    clip = np.random.default_rng(n_steps).random((1, n_steps, K)).astype(np.float32)
    for judge in pair:
        expected = judge(clip)
        for n in range(11):
            assert judge(padded(clip, 0, n)) == pytest.approx(expected, abs=1e-6)
            assert judge(padded(clip, n, 10 - n)) == pytest.approx(expected, abs=1e-6)
    assert pair[1](clip) == pytest.approx(pair[0](clip), abs=1e-5)


def test_a_legal_zero_is_a_step(pair):
    clip = np.random.default_rng(0).random((1, 6, K)).astype(np.float32)
    zeros = np.zeros((1, 4, K), np.float32)
    for judge in pair:
        assert abs(judge(np.concatenate([clip, zeros], axis=1)) - judge(clip)) > 1e-4


def test_a_clip_in_a_batch_of_longer_ones_gets_its_own_score(pair):
    network = network_of("clip_lstm")
    short, long = torch.rand(1, 4, K), torch.rand(1, 9, K)
    both = torch.cat([torch.from_numpy(padded(short.numpy(), 0, 5)), long])
    alone = torch.cat([network(short).smile_logit, network(long).smile_logit])
    assert network(both).smile_logit.tolist() == pytest.approx(alone.tolist(), abs=1e-6)


def test_a_clip_without_any_step_has_a_score_all_the_same(pair):
    for judge in pair:
        assert 0 <= judge(np.full((1, 3, K), np.nan, np.float32)) <= 1


def test_the_lstm_decides_by_the_state_after_the_last_step():
    network = network_of("clip_lstm")
    clip = torch.rand(1, 7, K)
    states, _ = network.lstm((clip - network.mean) * network.scale)
    expected = network.head(states[:, -1]).item()
    filled = torch.from_numpy(padded(clip.numpy(), 0, 3))
    assert network(filled).smile_logit.item() == pytest.approx(expected, abs=1e-6)


def test_steps_keep_their_order_and_statistics_are_those_of_the_steps_alone():
    nan = float("nan")
    steps, there = gather_steps(torch.tensor([[[nan], [5.0], [0.0], [nan], [1.0]]]))
    assert steps[0, :, 0].tolist() == [5.0, 0.0, 1.0, 0.0, 0.0]
    assert there[0].tolist() == [True, True, True, False, False]
    mean, std, most, least = pool_steps(steps, there)[0].tolist()
    assert (mean, most, least) == (2.0, 5.0, 0.0)
    assert std == pytest.approx((14 / 3) ** 0.5)  # of (3, -2, -1): 9 + 4 + 1
    assert pool_steps(steps, there & False)[0].tolist() == [0.0, 0.0, 0.0, 0.0]


def test_the_standard_counts_each_step_once_and_no_padding():
    network = build_network("clip_conv1d", 3, n_channels=1)
    nan = float("nan")
    network.set_standard([torch.tensor([[[1.0], [3.0], [nan]]]), torch.tensor([[[5.0], [nan], [nan]]])])
    assert network.mean.item() == pytest.approx(3.0)
    assert network.scale.item() == pytest.approx(1 / (8 / 3) ** 0.5)
