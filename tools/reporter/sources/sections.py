"""The sections on where figures come from: test-set evaluations, model cards, the dataset card, every file."""

from collections.abc import Sequence

from shared.contracts import Document
from shared.text.rounding import rounded
from tools.reporter.render.blocks import Block, Bullets, Cell, Heading, Paragraph, Section, Table
from tools.reporter.sources.arms import Arm
from tools.reporter.sources.datasets import DatasetFacts
from tools.reporter.text.words import ReportWords

SHOWN_OPENINGS = 20


def evaluations_section(comparison: Document, facts: DatasetFacts | None, words: ReportWords) -> Section:
    """Say how often the test set had been evaluated, and by what."""
    n = comparison["test_openings"]
    counted = words("evaluations_unknown") if n is None else words.counted("evaluations_count", n)
    blocks: list[Block] = [Paragraph(counted)]
    if facts is not None and facts.openings:
        header = (Cell(words("evaluated")), Cell(words("measured_model")), Cell(words("session")))
        shown = facts.openings[-SHOWN_OPENINGS:]
        rows = tuple(
            (
                Cell(moment(one["opened_utc"])),
                Cell(one["model"]["name"]),
                Cell(one.get("session", words("no_session"))),
            )
            for one in reversed(shown)
        )
        blocks.append(Table("plain", header, rows))
        if len(facts.openings) > len(shown):
            blocks.append(Paragraph(words("evaluations_cut", n=len(shown)), "faint"))
    return Section("evaluations", words("evaluations"), tuple(blocks))


def model_cards_section(arms: Sequence[Arm], words: ReportWords) -> Section:
    """Show what the model.json of each arm says."""
    blocks: list[Block] = []
    for arm in arms:
        if arm.card is None or arm.role == "reference":
            if arm.role != "reference":
                blocks.append(Paragraph(words("card_none", arm=arm.name)))
            continue
        blocks += [Heading(arm.name), _card_table(arm.card, words)]
    blocks.append(Paragraph(words("card_limits"), "faint"))
    return Section("models", words("model_cards"), tuple(blocks))


def _card_table(card: Document, words: ReportWords) -> Table:
    own, parity = card["threshold"], card["parity"]
    threshold = threshold_origin(own, words)
    rows = [
        ("card_network", card["network"], card["model_id"]),
        (
            "card_file",
            card["onnx"]["file"],
            words("card_size", mb=rounded(card["onnx"]["bytes"] / 1e6, 1), opset=card["onnx"]["opset"]),
        ),
        ("card_input", *_describe_input(card, words)),
        (
            "card_learned",
            words("card_learned_value", dataset=card["dataset"]["name"], kind=words(f"kind_{card['dataset']['kind']}")),
            "" if card["run"] is None else words.counted("trained_epochs", card["run"]["epoch"]),
        ),
        ("card_threshold", f"{own['value']:.4f}", threshold),
        ("card_emotions", ", ".join(card["emotions_trained"]) or words("unknown"), ""),
        (
            "card_parity",
            words(
                "card_parity_value",
                difference=f"{parity['largest_difference']:.1e}",
                flips=parity["n_flips"],
                n=parity["n_sequences"],
            ),
            "",
        ),
    ]
    header = (Cell(words("card_row")), Cell(""))
    return Table(
        "plain",
        header,
        tuple((Cell(words(key)), Cell(value, (detail,) if detail else ())) for key, value, detail in rows),
    )


def _describe_input(card: Document, words: ReportWords) -> tuple[str, str]:
    """Say what a model takes as input: pictures, or what a landmarker reads of them; and how it is laid out."""
    given, interval = card["input"], f"{card['frame_interval_ms']:g}"
    frames, *rest = given["shape"][1:]
    if given["name"] == "frames":
        value = words("card_input_value", frames=frames, size=f"{rest[2]} x {rest[1]}", interval=interval)
        return value, f"{given['color']}, {given['layout']}, {card['crop']}"
    value = words(f"card_input_{given['name']}", frames=frames, count=rest[0], interval=interval)
    return value, f"{given['layout']}, face_landmarker.task {given['landmark_model_sha256'][:12]}"


def dataset_section(facts: DatasetFacts | None, words: ReportWords) -> Section:
    """Show what dataset.json says."""
    if facts is None:
        return Section("dataset", words("dataset_card"), (Paragraph(words("dataset_none")),))
    manifest = facts.manifest
    counts, protocol, image = manifest["counts"], manifest["protocol"], manifest["image"]
    lines = [
        words(
            "dataset_counts",
            dataset=manifest["name"],
            version=manifest["version"],
            kind=words(f"kind_{manifest['kind']}"),
            sequences=words.sequences(counts["sequences"]),
            takes=counts["takes"],
            people=words.people(counts["subjects"]),
            labels=", ".join(f"{n} {label}" for label, n in counts["by_label"].items()),
        ),
        words.counted(
            "dataset_pictures",
            protocol["frame_count"],
            interval=f"{protocol['frame_interval_ms']:g}",
            size=f"{image['width_px']} x {image['height_px']}",
            protocol=protocol["name"],
        ),
        words("dataset_reviewed", reviewed=facts.n_reviewed, n=facts.n_rows),
    ]
    return Section("dataset", words("dataset_card"), (Bullets(tuple(lines)),))


def provenance_section(comparison: Document, words: ReportWords) -> Section:
    """List every file that was read, with its hash."""
    rows = []
    for entry in comparison["provenance"]:
        kind, _, name = entry["what"].partition(" ")
        rows.append(
            (
                Cell(words("source_" + kind, name=name), (entry["file"],)),
                Cell(entry["sha256"]),
                Cell(moment(entry["created_utc"]), (short_commit(entry["commit"], words),)),
            )
        )
    header = (
        Cell(words("what"), (words("file"),)),
        Cell("sha256"),
        Cell(words("created"), (words("commit"),)),
    )
    blocks: list[Block] = [
        Paragraph(words("provenance_intro", sha256=comparison["sequences_sha256"])),
        Table("provenance", header, tuple(rows)),
    ]
    if comparison["split"] is not None:
        split = comparison["split"]
        blocks.insert(1, Paragraph(words("split_named", file=split["file"], sha256=split["sha256"])))
    return Section("provenance", words("provenance"), tuple(blocks))


def threshold_origin(own: Document, words: ReportWords) -> str:
    """Say where a model's own threshold comes from, what it was chosen for, and how sure it is."""
    origin = words(
        f"threshold_model_{own['chosen_on']}",
        sequences=words.sequences(own["n_sequences"]),
        people=words.people(own["n_subjects"]),
    )
    if own["chosen_on"] != "validation":
        return origin
    parts = [origin, words("threshold_objective", objective=own["objective"])]
    if own.get("interval"):
        low, high = own["interval"]
        parts.append(words("interval_level", interval=words("range", low=f"{low:.3f}", high=f"{high:.3f}")))
    return "; ".join(parts)


def moment(utc: str | None) -> str:
    """Write 2026-01-22T11:25:34Z for people."""
    return "–" if utc is None else utc.replace("T", " ").replace("Z", " UTC")


def footer(document: Document, report_id: str, words: ReportWords) -> str:
    """Say which code made which report, and when."""
    return words(
        "footer",
        version=document["code"]["version"],
        commit=short_commit(document["code"]["commit"], words),
        report=report_id,
        created=moment(document["created_utc"]),
    )


def short_commit(commit: str | None, words: ReportWords) -> str:
    """Shorten a commit, but keep the mark of local changes."""
    if commit is None:
        return words("unknown")
    head, plus, mark = commit.partition("+")
    return head[:12] + plus + mark
