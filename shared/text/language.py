"""Which of its two languages a tool speaks: the flag, else the environment, else Korean.

    --lang en        →  SMILEBENCH_LANG=en  →  LC_ALL, LC_MESSAGES, LANG  →  ko

Of the locale the first variable that is set counts, as everywhere on a POSIX system: ``ko_KR.UTF-8`` is Korean, any
other language English, and ``C``, ``POSIX`` or no locale at all says nothing, which is Korean.
"""

import os
import re
from collections.abc import Mapping

from shared.errors import WrongUsage
from shared.text.catalogue import LANGS, Lang

DEFAULT: Lang = "ko"
VARIABLE = "SMILEBENCH_LANG"
LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_LOCALE = re.compile(r"([a-z]{2,3})(?:[_.@-].*)?", re.IGNORECASE)


def choose(flag: str | None, environment: Mapping[str, str] = os.environ) -> Lang:
    """Return the language of a run.

    Args:
        flag: What --lang was given; None where it was not.
        environment: The environment's variables.

    Raises:
        WrongUsage: --lang or SMILEBENCH_LANG names another language.

    Example:
        >>> choose(None, {"LANG": "de_DE.UTF-8"}), choose(None, {"LANG": "C.UTF-8"}), choose("en", {"LANG": "ko_KR"})
        ('en', 'ko', 'en')
    """
    for source, value in (("--lang", flag), (VARIABLE, environment.get(VARIABLE))):
        if value:
            return _require_known(source, value)
    locale = next((environment[name] for name in LOCALE_VARIABLES if environment.get(name)), "C")
    found = _LOCALE.fullmatch(locale)
    if found is None or locale.upper() == "POSIX":
        return DEFAULT
    return "ko" if found[1].lower() == "ko" else "en"


def _require_known(source: str, value: str) -> Lang:
    for lang in LANGS:
        if value == lang:
            return lang
    raise WrongUsage(source, found=repr(value), expected=" or ".join(LANGS))
