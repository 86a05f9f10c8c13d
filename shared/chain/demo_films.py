"""The demo of films: drawn actors laugh at known times; their moments are found, measured, and shown on a page.

    8 easy actors ─► a detector ─► timeline of two films of others ─► moments ─► measured against the known times

Everything is drawn: no number says anything about people.
"""

from pathlib import Path

from invoke.context import Context

from shared import contracts, paths
from shared.chain.ab import make_baseline
from shared.chain.demo import AFTER, record_easy_actors
from shared.chain.running import ACTOR_FPS, open_chain, run_tool
from shared.text.catalogue import Lang, Words, read_catalogue

NAME = "demo-films"
N_FILMS = 2
SEED = 3000
PROTOCOL = Path(__file__).with_suffix(".json")
TEXTS = Path(__file__).with_suffix(".toml")
_COLUMNS = ("film", "start_s", "end_s")


def show(c: Context, seed: int, lang: Lang) -> str:
    """Draw films, find their moments and measure them; returns what to look at.

    Raises:
        StepFailed: A tool failed; it has printed why.
    """
    name = f"{NAME}-seed{seed}" if seed else NAME
    model = make_baseline(open_chain(c, NAME), record_easy_actors(c), NAME, AFTER)
    dataset = paths.dataset_dir(name)
    who = ["--source", "synthetic", "--subject", "f", "--actors", N_FILMS, "--dataset", dataset, "--target", 1]
    how = ["--difficulty", "easy", "--seed", SEED + seed, "--fps", ACTOR_FPS, "--protocol", PROTOCOL]
    run_tool(c, "recorder", *who, *how, "--quiet", "--no-preview")
    timelines, rows = [], []
    for number, film in enumerate(sorted((dataset / "takes").glob("*.mp4")), 1):
        folder = paths.artifacts("timelines") / f"{name}-{number}"
        given = ["--provider", "model", "--model", model, "--face-model", "none", "--licence", "drawn"]
        run_tool(c, "timeline", "--film", film, "--out", folder, *given)
        timelines += ["--timeline", folder]
        rows += [dict(zip(_COLUMNS, (folder.name, *laugh), strict=True)) for laugh in laughs()]
    marks = paths.artifacts("timelines") / f"{name}.csv"
    contracts.write_bytes(marks, contracts.format_rows(_COLUMNS, rows))
    run_tool(c, "timeline", "score", *timelines, "--labels", marks, "--out", marks.with_suffix(".json"))
    words = Words(read_catalogue(TEXTS), lang)
    return "\n".join(["", words("shown"), words("next"), f"  ./inv timeline-show --timeline {name}-1"])


def laughs() -> list[tuple[float, float]]:
    """Return when the actors laugh: the phases of the protocol that hold a window of smiles."""
    protocol = contracts.read_document(PROTOCOL, "protocol")
    smiles = [window["start_s"] for window in protocol["windows"] if window["label"] == protocol["positive_class"]]
    return [
        (phase["start_s"], phase["end_s"])
        for phase in protocol["phases"]
        if any(phase["start_s"] <= start_s < phase["end_s"] for start_s in smiles)
    ]
