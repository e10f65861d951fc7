"""QR codes."""

import sys
from xml.etree import ElementTree as ET

import pytest
import segno

from handstamp.core.errors import ConfigurationError
from handstamp.login.totp.codes import otpauth_uri
from handstamp.login.totp.picture import picture_of
from login.totp.app import black

URI = otpauth_uri(bytes(range(20)), issuer="Harbour", account="ada@example.org")


def test_each_module_is_where_the_code_has_it() -> None:
    """Four modules of white are around it (ISO/IEC 18004 §6.3.8)."""
    picture = picture_of(URI)
    matrix = segno.make_qr(URI, error="m", boost_error=False).matrix
    assert picture.size == len(matrix) + 8
    expected = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert sorted(black(picture.size, picture.path)) == sorted(expected)


def test_the_svg_is_xml_without_styles() -> None:
    """A policy that forbids styles leaves it as it is, and it is white where it is not black."""
    picture = picture_of(URI)
    root = ET.fromstring(picture.svg)  # noqa: S314  our own text
    background, modules = root
    assert root.get("viewBox") == f"0 0 {picture.size} {picture.size}"
    assert (background.get("fill"), modules.get("fill"), modules.get("d")) == ("#fff", "#000", picture.path)
    assert "style" not in picture.svg


def test_long_names_fit() -> None:
    """The worst that an address can hold."""
    uri = otpauth_uri(bytes(20), issuer="\U0001f98a" * 300, account="\U0001f98a" * 300)
    assert picture_of(uri).size <= 185


def test_its_repr_does_not_show_the_secret() -> None:
    """It would be in a traceback."""
    assert repr(picture_of("text")) == "Picture(29)"


def test_without_segno_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it knows what to install."""
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ConfigurationError, match=r"handstamp\[totp\]"):
        picture_of("text")
