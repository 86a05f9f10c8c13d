"""Asks for consent in the window: the statement, then a yes or no for each use. Writes nothing."""

import cv2
import numpy as np

from shared.arrays import U8
from shared.dataset.statement import Statement
from shared.text.catalogue import Words
from tools.recorder.window.text_drawing import BLUE, GREEN, GREY, LIGHT, RED, WHITE, YELLOW, rounded, wrap, write
from tools.recorder.window.window import HEIGHT_PX, WIDTH_PX, Window
from tools.recorder.window.words import TEXTS

_CARD = (70, 26, WIDTH_PX - 70, 510)
_POINT_PX, _LINE_PX = 24, 30


def draw_consent(statement: Statement, subject_id: str, answers: dict[str, bool]) -> U8:
    """Draw the statement and the question that is open.

    Args:
        statement: What is agreed to.
        subject_id: Whose consent it is.
        answers: To the questions so far, by scope.

    Returns:
        (720, 1280, 3) uint8, BGR.
    """
    words = Words(TEXTS, statement.lang)
    canvas = np.full((HEIGHT_PX, WIDTH_PX, 3), (30, 27, 25), np.uint8)
    rounded(canvas, _CARD, 18, (46, 42, 39))
    left, y = _CARD[0] + 40, _CARD[1] + 66
    write(canvas, statement.title, left, y, 46, WHITE, centred=False)
    write(canvas, f"{words('for')}: {subject_id}", WIDTH_PX - 220, y - 4, 26, YELLOW, max_width=280, weight=LIGHT)
    y += 22
    for point in statement.points:
        lines = wrap(point, _POINT_PX, _CARD[2] - left - 66)
        for number, line in enumerate(lines):
            y += _LINE_PX if number else _LINE_PX + 8
            if number == 0:
                cv2.circle(canvas, (left + 8, y - 8), 5, BLUE, -1, cv2.LINE_AA)
            write(canvas, line, left + 28, y, _POINT_PX, WHITE, centred=False, weight=LIGHT)
    y = _CARD[3] + 48
    for scope, question in statement.questions.items():
        is_open = scope not in answers
        color = YELLOW if is_open and all(other in answers for other in _before(statement, scope)) else GREY
        write(canvas, question, left - 30, y, 32, color if is_open else WHITE, max_width=890, centred=False)
        if scope in answers:
            text, shown = (words("yes"), GREEN) if answers[scope] else (words("no"), RED)
            write(canvas, text, WIDTH_PX - 120, y, 32, shown, max_width=120)
        elif color == YELLOW:
            _button(canvas, WIDTH_PX - 240, y, "y", words("yes"))
            _button(canvas, WIDTH_PX - 120, y, "n", words("no"))
        y += 58
    write(canvas, words("consent_keys"), WIDTH_PX // 2, HEIGHT_PX - 17, 26, WHITE)
    return canvas


def _before(statement: Statement, scope: str) -> list[str]:
    scopes = list(statement.questions)
    return scopes[: scopes.index(scope)]


def _button(canvas: U8, x: int, y: int, key: str, word: str) -> None:
    rounded(canvas, (x - 54, y - 34, x + 54, y + 12), 10, (84, 78, 72))
    write(canvas, f"{key}  {word}", x, y, 26, WHITE, max_width=96, weight=LIGHT)


def ask_consent(window: Window, statement: Statement, subject_id: str) -> tuple[str, ...] | None:
    """Ask in the window.

    Returns:
        The scopes that were agreed to; None for a no to the first, or when the window was closed.
    """
    answers: dict[str, bool] = {}
    scopes = list(statement.questions)
    while len(answers) < len(scopes):
        window.show(draw_consent(statement, subject_id, answers))
        key = window.key(patience_ms=30)
        if key == "quit":
            return None
        if key in ("yes", "no"):
            answers[scopes[len(answers)]] = key == "yes"
            if key == "no" and len(answers) == 1:
                return None
    return tuple(scope for scope in scopes if answers[scope])
