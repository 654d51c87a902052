"""Addresses are printed without passwords, and nothing is fetched unencrypted that need not be."""

from types import SimpleNamespace

import pytest

from catdog_lib.data.download import http
from catdog_lib.data.download.address import without_password
from catdog_lib.errors import CatdogError


def test_a_password_is_not_printed():
    assert without_password("https://me:secret@host:8/a?b#c") == "https://host:8/a?b#c"
    assert without_password("https://host/a@b") == "https://host/a@b"
    assert "secret" not in without_password("https://me:secret@[broken/a")


def test_no_sentence_about_a_download_has_a_password(tmp_path):
    address = "http://me:secret@127.0.0.1:9/pets.zip"
    with pytest.raises(CatdogError, match=r"127\.0\.0\.1:9/pets.zip cannot be down") as error:
        http.download(address, tmp_path / "a", 9, "0", advice="wait", progress=False, pause=0)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("asked", "answered", "refused"),
    [
        ("https://a/x", "http://b/x", True),
        ("https://a/x", "https://b/x", False),
        ("http://a/x", "http://b/x", False),
    ],
)
def test_a_redirect_to_an_unencrypted_address_is_refused(asked, answered, refused):
    job = SimpleNamespace(url=asked, shown=asked, advice="wait", size=9)
    response = SimpleNamespace(url=answered, status_code=200, reason="OK", headers={})
    if refused:
        with pytest.raises(CatdogError, match="which is not encrypted; wait"):
            http._start(job, response, 0)
    else:
        assert http._start(job, response, 0) == 0
