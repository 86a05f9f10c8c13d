"""Kaggle's own client, set to the chosen server, and the messages for a server's refusals."""

import ipaddress
import os
import socket
import urllib.parse
from typing import Any

from shared.errors import CheckFailed, InvalidInput, MissingOutside, SmilebenchError

LOGIN_HELP = (
    "make a token at https://www.kaggle.com/settings/api (Generate New Token) and put it into ~/.kaggle/access_token "
    "(chmod 600) or into KAGGLE_API_TOKEN, or run: kaggle auth login"
)
AGAIN = "run the same command again: it goes on where it stopped"
ENVIRONMENT = "KAGGLE_API_ENVIRONMENT"
_LOCAL = ("TEST", "LOCALHOST")


def new_client() -> Any:
    """Import Kaggle's client and make one that talks to the server that KAGGLE_API_ENVIRONMENT names.

    Version 2.2.4 logs in on import, and there takes TEST for Kaggle itself: a token for a server on loopback
    would travel. Under LOCALHOST it does not.
    """
    chosen = os.environ.get(ENVIRONMENT)
    if is_local():  # a proxy is another computer
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1,::1"
    if chosen == "TEST":
        os.environ[ENVIRONMENT] = "LOCALHOST"
    try:
        from kaggle.api.kaggle_api_extended import KaggleApi
    finally:
        if chosen is not None:
            os.environ[ENVIRONMENT] = chosen
    from kagglesdk.kaggle_client import KaggleClient
    from kagglesdk.kaggle_env import get_env

    base: Any = KaggleApi

    class Client(base):  # type: ignore[misc]
        last_answer: dict[str, Any] | None = None

        def build_kaggle_client(self) -> Any:
            return KaggleClient(
                env=get_env(),
                username=self.config_values.get(self.CONFIG_NAME_USER),
                password=self.config_values.get(self.CONFIG_NAME_KEY),
                api_token=self.config_values.get(self.CONFIG_NAME_TOKEN),
                response_processor=self._keep_answer,
            )

        def _keep_answer(self, response: Any) -> None:
            self.last_answer = None
            if response.headers.get("Content-Type", "").startswith("application/json"):
                document = response.json()
                if not isinstance(document, dict):  # the client would take a list for an answer without contents
                    raise TypeError(f"a JSON {type(document).__name__}")
                self.last_answer = document

    return Client()


def is_local() -> bool:
    """Tell whether a server on this computer stands in for Kaggle.

    Raises:
        InvalidInput: Another server is named, or localhost is another computer.
    """
    chosen = os.environ.get(ENVIRONMENT)
    if chosen in (None, "PROD"):
        return False
    if chosen not in _LOCAL:
        raise InvalidInput(
            ENVIRONMENT,
            found=repr(chosen),
            expected="nothing (Kaggle itself), or TEST (a server on localhost:7777)",
            todo=f"unset {ENVIRONMENT}",
        )
    must_be_loopback("localhost")
    return True


def must_be_loopback(host: str) -> None:
    """Refuse a host that is not this computer, before anything is sent to it.

    Raises:
        InvalidInput: It resolves to another address, or to none.
    """
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        found = set()
    strange = sorted(address for address in found if not ipaddress.ip_address(address.partition("%")[0]).is_loopback)
    if strange or not found:
        raise InvalidInput(
            f"{ENVIRONMENT}={os.environ.get(ENVIRONMENT)}",
            found=f"the server {host!r} at {', '.join(strange) or 'no address'}",
            expected="a server on this computer (loopback) only",
            todo="nothing was sent there",
        )


def host_of(url: str) -> str:
    """Return the host of an address."""
    return urllib.parse.urlsplit(url).hostname or ""


class Refused(Exception):
    """A server refused; becomes a SmilebenchError where the cause is known."""

    def __init__(self, status: int, message: str, what: str) -> None:
        super().__init__(message)
        self.status, self.message, self.what = status, message, what

    @property
    def is_certain(self) -> bool:
        """Whether it was refused for sure: a gateway's failure, or a code in a good answer, leaves that open."""
        return 400 <= self.status < 500 and self.status != 408

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
                todo=f"choose another --title or --slug, or wait; then {AGAIN}; --abandon gives a half-done release up",
            )
        if self.status == 429:
            return MissingOutside(
                about, found=found, expected="fewer requests", todo=f"wait some minutes, then {AGAIN}"
            )
        if self.status >= 500 or self.status == 0:
            return MissingOutside(about, found=found, expected="a Kaggle that works", todo=AGAIN)
        return CheckFailed(about, found=f"{found}: {self.message[:200]}", expected="it done")


class Unreadable(MissingOutside):
    """A server answered with something that is no answer of Kaggle's."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            "kaggle",
            found=f"an answer that cannot be read on trying to {what} ({why})",
            expected="an answer of Kaggle's",
            todo=f"is a proxy or a login page in between? Then {AGAIN}",
        )


class Lost(MissingOutside):
    """The answer to a request that must not be made twice was lost: only the server's state tells what came of it."""
