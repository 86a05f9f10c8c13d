import pytest

from shared.text.template import fill


def test_what_a_value_holds_is_no_place() -> None:
    assert fill("<b>{{name}}</b> {{lang}}", {"name": "{{lang}}", "lang": "ko", "unused": "x"}) == "<b>{{lang}}</b> ko"


def test_a_place_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="name"):
        fill("{{name}}", {})
