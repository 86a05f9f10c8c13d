"""Runs a recording session: opens source, window, dataset and models, records, and closes them again.

Reads a source and the protocol; what is written, is written by the session (`tools.recorder.session`).
"""

import contextlib
from pathlib import Path
from typing import Any

from shared import cli, contracts
from shared.dataset import alike, reader
from shared.dataset.consent import read_consent
from shared.dataset.protocol import Protocol, read_protocol
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput
from shared.faces.detector import NO_MODEL, FaceFinder, open_finder
from tools.recorder.browser_film import BrowserFilm, KnownTake, find_take, read_browser_film
from tools.recorder.config import RecordingConfig
from tools.recorder.consent_flow import settle_consent
from tools.recorder.cues import Speaker
from tools.recorder.session import Session
from tools.recorder.smile_meter import open_meter
from tools.recorder.sources import Source, kind_of, open_source, silence_libraries
from tools.recorder.summary import SessionResult

_FPS_TOLERANCE = 0.1  # 29.97 and 30 are the same, 25 and 30 are not


def record(settings: RecordingConfig) -> SessionResult:
    """Record takes by the settings.

    Args:
        settings: See there.

    Returns:
        What was stored, refused and kept apart.

    Raises:
        MissingOutside: No camera, or no screen for the window.
        InvalidInput: No film, a dataset that is not valid, or of another kind, protocol, size or rate.
        CheckFailed: The person did not consent.
    """
    silence_libraries()
    film = read_browser_film(settings) if settings.capture is not None else None
    if film is not None and (known := find_take(settings.dataset, film["capture"]["capture_id"])) is not None:
        return _say_again(settings, known)
    if (n_takes := _already_there(settings)) is not None:
        if settings.consent:  # given later, for takes that are there
            before = read_consent(settings.dataset)
            settle_consent(settings, kind_of(settings.source), None)
            if read_consent(settings.dataset) != before:
                cli.note(f"recorder: note: consent of {settings.subject_id} is recorded: {', '.join(settings.consent)}")
        return SessionResult(settings, [], [], [], n_takes, is_complete=True)
    protocol = _protocol_of(settings)
    confirmed = _must_not_be_a_slip(settings)
    if settings.preview:
        from tools.recorder.window.window import require_screen

        require_screen()
    with contextlib.ExitStack() as held:
        if film is None:
            source = open_source(settings, protocol)
        else:
            source = BrowserFilm(Path(settings.source), film["capture"])
        held.callback(source.close)
        _must_go_on_alike(settings, source)
        confirmed |= _must_not_be_anothers(settings, source)
        window: Any = None
        if settings.preview:
            from tools.recorder.window.window_loop import ask_in, open_window

            window = held.enter_context(open_window())
            # Whoever is before a live stream's camera can be asked as before a camera of this computer.
            kind = "camera" if source.is_live else source.kind
            settle_consent(settings, kind, ask_in(window, settings.subject_id))
        else:
            settle_consent(settings, source.kind, None)
        is_drawn = source.kind == "synthetic"
        writer = held.enter_context(DatasetWriter(settings.dataset, protocol, "synthetic" if is_drawn else "real"))
        finder = _open_finder(settings, is_drawn=is_drawn)
        meter = None if is_drawn else open_meter(settings.landmark_model, protocol)
        if meter is not None:
            held.callback(meter.close)
        session = Session(settings, protocol, source, writer, finder, meter, confirmed)
        session.note_about_film()
        with Speaker(settings.sound and (settings.preview or source.is_live)) as speaker:
            if settings.preview:
                from tools.recorder.window.window_loop import run_window_loop

                run_window_loop(session, window, speaker)
            else:
                session.run_without_window(speaker)
        return session.result()


def _say_again(settings: RecordingConfig, known: KnownTake) -> SessionResult:
    """Report the take that was made of this film before."""
    rows = reader.open_dataset(settings.dataset).rows
    n_takes = len({row.take_id for row in rows if row.subject_id == settings.subject_id})
    aside = [{"take_id": known.record["take_id"], "faults": list(known.faults)}] if known.faults else []
    return SessionResult(settings, [] if aside else [known.record], [], aside, n_takes, is_complete=not aside)


def _already_there(settings: RecordingConfig) -> int | None:
    """Count the person's takes where the target is reached already; None where there is something to do."""
    if settings.target is None or not (settings.dataset / reader.MANIFEST).is_file():
        return None
    rows = reader.open_dataset(settings.dataset).rows
    n_takes = len({row.take_id for row in rows if row.subject_id == settings.subject_id})
    return n_takes if n_takes >= settings.target else None


def _protocol_of(settings: RecordingConfig) -> Protocol:
    """Take the protocol that was named, else the dataset's own, else the usual one."""
    if settings.protocol is not None:
        return read_protocol(settings.protocol)
    return reader.find_protocol(settings.dataset) or read_protocol()


def _must_not_be_a_slip(settings: RecordingConfig) -> bool:
    """Refuse a pseudonym that differs from another one in capitals only; returns whether it was confirmed.

    Raises:
        InvalidInput: There is another one, and --confirm was not given.
    """
    if not (settings.dataset / reader.MANIFEST).is_file():
        return False
    rows = reader.open_dataset(settings.dataset).rows
    other = alike.other_spelling(settings.subject_id, {row.subject_id for row in rows})
    if other is not None and not settings.confirm:
        raise InvalidInput(
            f"--subject {settings.subject_id}",
            found=f"{other} in the dataset, which differs in capitals only",
            expected="one way to write a person",
            todo=f"give --subject {other}, or --confirm if they are two people",
        )
    return other is not None


def _must_not_be_anothers(settings: RecordingConfig, source: Source) -> bool:
    """Refuse a film that is another subject's; returns whether it was confirmed.

    Raises:
        InvalidInput: It is, and --confirm was not given.
    """
    if source.sha256 is None or not (settings.dataset / reader.MANIFEST).is_file():
        return False
    rows = reader.open_dataset(settings.dataset).rows
    others = {row.take_id: row.subject_id for row in rows if row.subject_id != settings.subject_id}
    for take_id, subject_id in others.items():
        path = settings.dataset / "takes" / f"{take_id}.json"
        if path.is_file() and contracts.read_document(path, "take")["source_sha256"] == source.sha256:
            if not settings.confirm:
                raise InvalidInput(
                    f"--source, for {settings.subject_id}",
                    found=f"the film of {take_id} of {subject_id}",
                    expected="a film of one subject",
                    todo=f"give --subject {subject_id}, or --confirm if it shows both",
                )
            return True
    return False


def _must_go_on_alike(settings: RecordingConfig, source: Source) -> None:
    """Refuse to go on with a person at another size or rate than before: a network would learn the difference.

    Raises:
        InvalidInput: The source differs from the person's last take; names both values.
    """
    if settings.mixed or source.kind == "synthetic" or not (settings.dataset / reader.MANIFEST).is_file():
        return
    takes = [row.take_id for row in reader.open_dataset(settings.dataset).rows if row.subject_id == settings.subject_id]
    path = settings.dataset / "takes" / f"{takes[-1]}.json" if takes else None
    if path is None or not path.is_file():
        return
    last = contracts.read_document(path, "take")
    what, todo = (
        f"--source, beside {last['take_id']} of {settings.subject_id}",
        "record at the same size and rate, or give --mixed",
    )
    before_px = last["width_px"], last["height_px"]
    if source.size_px != (0, 0) and source.size_px != before_px:
        raise InvalidInput(
            what,
            found=f"pictures of {source.size_px[0]}x{source.size_px[1]}",
            expected=f"{before_px[0]}x{before_px[1]} as before",
            todo=todo,
        )
    now, before = source.nominal_fps, last["nominal_fps"]
    if now and before and abs(now - before) > _FPS_TOLERANCE * before:
        raise InvalidInput(what, found=f"{now:.4g} frames a second", expected=f"{before:.4g} as before", todo=todo)


def _open_finder(settings: RecordingConfig, *, is_drawn: bool) -> FaceFinder | None:
    """Load the face detector; drawn faces are not for it."""
    if is_drawn:
        return None
    finder = open_finder(settings.face_model)
    if finder is None and settings.face_model != NO_MODEL:
        cli.note("recorder: note: no face model: faces are not checked; fetch it once: ./inv fetch-models")
    return finder
