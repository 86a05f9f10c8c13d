"""An index of perceptual hashes, so that looking for near-duplicates does not grow with the square of the pictures.

Only proposes candidates: what two pictures have in common is checked by `tools.splitter.image_matching` as always.
Below `LEAST` pictures all are compared with all, which is exact and as fast.

Source: an inverted file of about a hundred pictures a list, whose lists are found by a graph (faiss, IVF with an HNSW
quantizer). How many lists are looked into is our own choice; LOG.md says what it finds and costs.
"""

import importlib.util
from typing import Any

import numpy as np

from shared import cli
from shared.arrays import F32, Int

LEAST = 20_000
_A_LIST = 100
_PROBES = 12
_TRAINED_ON = 64  # hashes a list
_NEIGHBOURS = 32


class HashIndex:
    """Hashes in which those are found that are close to others.

    Args:
        hashes: (n, 35) float32, of length 1.
    """

    def __init__(self, hashes: F32) -> None:
        import faiss

        faiss.omp_set_num_threads(1)  # the callers' threads share the cores already
        n_lists = max(1, len(hashes) // _A_LIST)
        inner = faiss.METRIC_INNER_PRODUCT
        self._quantizer = faiss.IndexHNSWFlat(hashes.shape[1], _NEIGHBOURS, inner)
        self._index: Any = faiss.IndexIVFFlat(self._quantizer, hashes.shape[1], n_lists, inner)
        self._index.cp.seed = 0
        self._index.cp.spherical = True
        drawn = np.random.default_rng(0).permutation(len(hashes))[: n_lists * _TRAINED_ON]
        self._index.train(np.ascontiguousarray(hashes[np.sort(drawn)]))
        self._index.add(np.ascontiguousarray(hashes))
        self._index.nprobe = _PROBES

    def search(self, hashes: F32, least: float) -> tuple[Int, Int, F32]:
        """Find pairs whose inner product is above a limit: (place in `hashes`, index of the other one, product)."""
        limits, products, found = self._index.range_search(np.ascontiguousarray(hashes), least)
        places = np.repeat(np.arange(len(hashes)), np.diff(limits.astype(np.int64)))
        return places, np.asarray(found, np.int64), np.asarray(products)


def open_index(hashes: F32) -> HashIndex | None:
    """Return an index of many hashes; None where there are few, or where faiss is not installed."""
    if len(hashes) < LEAST:
        return None
    if importlib.util.find_spec("faiss") is None:
        cli.note(
            f"note: all {len(hashes)} pictures are compared with all others; an index takes a fraction of the time: "
            "pip install 'smilebench[near-duplicates]'"
        )
        return None
    return HashIndex(hashes)
