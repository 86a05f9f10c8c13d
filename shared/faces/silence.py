"""Keeps C libraries quiet that have no switch for it: what they write to stderr, and what they send to their maker."""

import contextlib
import os
import threading
from collections.abc import Iterator

_one_at_a_time = threading.Lock()  # two at once would give back each other's nowhere


@contextlib.contextmanager
def hushed_stderr() -> Iterator[None]:
    """Send the process's stderr nowhere for a moment; for all of its threads, so keep the moment short."""
    with _one_at_a_time:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


NOWHERE = "http://127.0.0.1:9"  # the discard port of this computer, where nobody listens


def send_no_usage_figures() -> None:
    """Keep mediapipe's library from sending usage figures to its maker; call it before the library is loaded.

    Since 0.10.3x the Python package posts counts, times and versions of each task (no pictures) to play.googleapis.com,
    and has no option against it. It sends with its own libcurl, which asks the C environment for a proxy: it is given
    one that refuses every connection. Only C code sees that: Python keeps its own copy of the environment, so that
    other downloads of this process are as before.
    Source: measured with strace (tests/featurizer/test_no_network.py); MediaPipe issue 6291.
    """
    for name in ("no_proxy", "NO_PROXY"):  # either would lead around the proxy
        os.unsetenv(name)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        os.putenv(name, NOWHERE)
