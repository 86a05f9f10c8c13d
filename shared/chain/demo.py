"""The demo's part of the chain: what is drawn, what is compared, and what to look at when it is over.

    8 easy actors ─► a weak detector ─┐ side by side: drawing takes longest
    36 actors, checked, on sheets ────┴─► ab: 20 to learn from, 16 to measure on, whom neither model has seen

From there on it is `shared.chain.ab`, with the rules that hold for anybody's people.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from invoke.context import Context

from shared import paths
from shared.chain.ab import make_baseline
from shared.chain.cache import Chain
from shared.chain.running import open_chain, record_actors, run_tool
from shared.chain.words import words_of
from shared.system import console
from shared.text.catalogue import Lang, Words, read_catalogue

TEXTS = Path(__file__).with_suffix(".toml")
N_EASY, N_ACTORS, N_TESTED = 8, 36, 16  # what carries the verdict: LOG.md
EASY_SEED = 1000
EPOCHS = "12"
NETWORK: Mapping[str, str] = {"encoder": "efficientnet_lite0_b7", "input_px": "112", "freeze_epochs": "all"}
BEFORE = {**NETWORK, "pooling": "average"}  # which throws away where the mouth is
AFTER = {**NETWORK, "pooling": "grid"}
EASY_DATASET, WEAK_MODEL = "baseline-actors", "demo-baseline"


def record_easy_actors(c: Context) -> Path:
    """Draw the easy actors, whom a baseline learns from; returns their dataset's folder."""
    easy = paths.dataset_dir(EASY_DATASET)
    record_actors(c, easy, "b", N_EASY, difficulty="easy", seed=EASY_SEED)
    return easy


def announce(chain: Chain) -> None:
    """Say what is about to be shown, and what it does not show."""
    chain.say("opening_demo")


def draw(c: Context, dataset: Path, seed: int, lang: Lang) -> Path:
    """Draw all actors and train the weak detector; returns its ONNX file.

    Raises:
        StepFailed: A tool failed; it has printed why.
    """
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(_draw_actors, c, dataset, seed, lang)
        easy = record_easy_actors(c)
        before = make_baseline(open_chain(c, WEAK_MODEL, lang=lang), easy, WEAK_MODEL, BEFORE)
        drawn.result()
    return before


def _draw_actors(c: Context, dataset: Path, seed: int, lang: Lang) -> None:
    """Draw the actors, check what was stored, and put it on sheets."""
    record_actors(c, dataset, "a", N_ACTORS, difficulty="normal", seed=seed)
    run_tool(c, "verifier", "--dataset", dataset)
    run_tool(c, "grid_viewer", "--dataset", dataset, "--lang", lang)


def tested() -> str:
    """Name the actors who are measured, as ``ab --test`` takes them: the last ones."""
    return ",".join(f"a{number:02d}" for number in range(N_ACTORS - N_TESTED + 1, N_ACTORS + 1))


def closing(dataset: Path, lang: Lang) -> str:
    """Say what was shown, and where to look and what to do next."""
    words, chain_words = Words(read_catalogue(TEXTS), lang), words_of(lang)
    numbers = {"easy": N_EASY, "learned": N_ACTORS - N_TESTED, "tested": N_TESTED}
    sheets = paths.artifacts("grids") / dataset.name / "index.html"
    return "\n".join(
        [
            console.pad(chain_words("place_sheets"), 12) + paths.shown(sheets),
            console.pad(chain_words("place_dataset"), 12) + f"{paths.shown(dataset)} {chain_words('drawn_faces')}",
            "",
            words("shown", **numbers),
            words("next"),
            *(f"  {command:<58}{words(key)}" for key, command in _NEXT.items()),
        ]
    )


_NEXT = {
    "next_prove": "./inv validate-spec --browser",
    "next_record": "./inv collect --subject s01 --dataset people --target 5",
    "next_compare": "./inv ab --dataset people",
}
