"""Kaggle's own client, set to the chosen server, and the messages for a server's refusals."""

import os
from typing import Any

from shared.errors import CheckFailed, MissingOutside, SmilebenchError

LOGIN_HELP = (
    "make a token at https://www.kaggle.com/settings/api (Generate New Token) and put it into ~/.kaggle/access_token "
    "(chmod 600) or into KAGGLE_API_TOKEN, or run: kaggle auth login"
)
AGAIN = "run the same command again: it goes on where it stopped"


def new_client() -> Any:
    """Import Kaggle's client and make one that talks to the server that KAGGLE_API_ENVIRONMENT names.

    Version 2.2.4 logs in on import, and there takes TEST for Kaggle itself: a token for a server on loopback
    would travel. Under LOCALHOST it does not.
    """
    chosen = os.environ.get("KAGGLE_API_ENVIRONMENT")
    if chosen == "TEST":
        os.environ["KAGGLE_API_ENVIRONMENT"] = "LOCALHOST"
    try:
        from kaggle.api.kaggle_api_extended import KaggleApi
    finally:
        if chosen is not None:
            os.environ["KAGGLE_API_ENVIRONMENT"] = chosen
    from kagglesdk.kaggle_client import KaggleClient
    from kagglesdk.kaggle_env import get_env

    base: Any = KaggleApi

    class Client(base):  # type: ignore[misc]
        last_answer: Any = None

        def build_kaggle_client(self) -> Any:
            return KaggleClient(
                env=get_env(),
                username=self.config_values.get(self.CONFIG_NAME_USER),
                password=self.config_values.get(self.CONFIG_NAME_KEY),
                api_token=self.config_values.get(self.CONFIG_NAME_TOKEN),
                response_processor=self._keep_answer,
            )

        def _keep_answer(self, response: Any) -> None:
            kind = response.headers.get("Content-Type", "")
            self.last_answer = response.json() if kind.startswith("application/json") else None

    return Client()


class Refused(Exception):
    """A server refused; becomes a SmilebenchError where the cause is known."""

    def __init__(self, status: int, message: str, what: str) -> None:
        super().__init__(message)
        self.status, self.message, self.what = status, message, what

    def as_error(self, about: str) -> SmilebenchError:
        """Explain the refusal."""
        found = f"Kaggle's answer {self.status} on trying to {self.what}"
        if self.status == 401:
            return MissingOutside(about, found=found, expected="credentials that Kaggle accepts", todo=LOGIN_HELP)
        if self.status == 403:
            return CheckFailed(
                about, found=found, expected="the right to do that", todo="is --owner your own Kaggle user name?"
            )
        if self.status == 404:
            return CheckFailed(about, found=found, expected="a dataset of that name", todo="check owner and slug")
        if self.status == 409:
            return CheckFailed(
                about,
                found=found,
                expected="a free title and slug, and no version in the making",
                todo=f"choose another --title or --slug, or wait; then {AGAIN}",
            )
        if self.status == 429:
            return MissingOutside(
                about, found=found, expected="fewer requests", todo=f"wait some minutes, then {AGAIN}"
            )
        if self.status >= 500 or self.status == 0:
            return MissingOutside(about, found=found, expected="a Kaggle that works", todo=AGAIN)
        return CheckFailed(about, found=f"{found}: {self.message[:200]}", expected="it done")
