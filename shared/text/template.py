"""A page's template: ``{{name}}`` is where a value goes."""

from collections.abc import Mapping


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template's places; what a value holds is never read as a place itself.

    Raises:
        KeyError: The template has a place without a value.
    """
    pieces = template.split("{{")
    return pieces[0] + "".join(values[key] + rest for key, _, rest in (piece.partition("}}") for piece in pieces[1:]))
