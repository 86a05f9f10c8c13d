"""The window on the screen and its keys, and whether there is a screen at all. Independent of its content."""

import contextlib
import os

import cv2

from shared.arrays import U8
from shared.errors import MissingOutside
from shared.system import portable

WIDTH_PX, HEIGHT_PX = 1280, 720


def require_screen() -> None:
    """Check that a window can open; Qt would end the whole process otherwise.

    Raises:
        MissingOutside: No screen that answers.
    """
    display = os.environ.get("DISPLAY", "")
    if not portable.has_screen(display):
        raise MissingOutside(
            "the window",
            found=f"no screen (DISPLAY is {display!r})" if display else "no screen (DISPLAY is not set)",
            expected="a desktop",
            todo="record without a window: --no-preview",
        )


_KEYS = {
    "space": " ",
    "repeat": "rRㄱ",  # the same keys while the keyboard writes Hangul
    "undo": "uUㅕ",
    "pause": "pPㅔ",
    "keep": "kKㅏ",
    "yes": "yYㅛ",
    "no": "nNㅜ",
    "quit": "qQㅂ\x1b",
}
_KEY_OF_CODE = {ord(letter): key for key, letters in _KEYS.items() for letter in letters}


class Window:
    """The window on the screen. Use it as a context manager.

    Args:
        title: In its bar.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_open = False  # the system takes a moment to open it
        self._is_closed = False
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(title, WIDTH_PX, HEIGHT_PX)

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(cv2.error):  # the person closed it before
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)

    def show(self, canvas_bgr: U8) -> None:
        """Show a picture; it appears with the next `key`. A window that was closed stays closed."""
        if not self._is_closed:
            cv2.imshow(self._title, canvas_bgr)

    def key(self, patience_ms: int = 1) -> str | None:
        """Let the window live for a moment.

        Args:
            patience_ms: How long to wait for a key.

        Returns:
            ``space``, ``repeat``, ``undo``, ``pause``, ``keep``, ``yes``, ``no``, ``quit`` (also when the window was
            closed) or None.
        """
        code = cv2.waitKeyEx(patience_ms)
        try:
            is_visible = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
            self._is_open |= is_visible
            self._is_closed |= self._is_open and not is_visible
        except cv2.error:  # Qt forgets everything when its last window is closed
            self._is_closed = True
        return "quit" if self._is_closed else _KEY_OF_CODE.get(code)
