"""Fetch one large file over HTTP; what has arrived is kept, and only the right file is named.

Longer than 200 lines because all that can go wrong on the way is in one place.

The bytes go into ``NAME.part``. A cut download goes on from there, in this call or in a later one,
as long as the server still has the same file: ``If-Range`` with its ETag or date (RFC 9110, section
13.1.5) makes a server that has another one send all of it. The checksum has the last word; then
``NAME.part`` is renamed to ``NAME``.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, SSLError
from tqdm.auto import tqdm

from catdog_lib.data.download.address import loses_protection, without_password
from catdog_lib.data.download.partial_file import (
    discard,
    has_checksum,
    keep_tag,
    length_of,
    megabytes,
    part_of,
    tag_of,
)
from catdog_lib.errors import CatdogError

_CHUNK = 1 << 16
_TRIES = 4  # in a row that got no further than those before
_BUSY = (408, 425, 429)  # with 5xx: answers that another try may change


@dataclass(frozen=True)
class _Job:
    """What to fetch; see :func:`download`."""

    url: str
    part: Path
    size: int
    advice: str
    timeout: float
    pause: float

    @property
    def shown(self) -> str:
        """The address, without a password."""
        return without_password(self.url)


class _RetryableError(Exception):
    """The connection failed in a way that may pass; the message says how."""


def download(
    url: str,
    path: Path,
    size: int,
    sha256: str,
    *,
    advice: str,
    progress: bool = True,
    timeout: float = 30.0,
    pause: float = 1.0,
) -> None:
    """Fetch ``url`` into the file ``path``; return at once if it is there already.

    Args:
        size, sha256: bytes and checksum (hexadecimal) that the publisher's file has.
        advice: what a user can do when the download fails; ends the sentences of errors.
        progress: show a bar.
        timeout: seconds without a byte after which a connection counts as broken.
        pause: seconds before the second try, doubled for each further one.

    Raises:
        CatdogError: the server cannot be reached, stalls or fails again and again, or offers
            another file. What has come is kept for the next call, unless it is wrong.
        KeyboardInterrupt: with a message that says how much is kept.
    """
    if path.is_file() and has_checksum(path, sha256):
        return
    job = _Job(url, part_of(path), size, advice, timeout, pause)
    _require_address(job)
    bar_style = {"unit": "B", "unit_scale": True, "disable": not progress, "leave": False}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            requests.Session() as session,
            tqdm(desc=path.name, total=size, initial=length_of(job.part), **bar_style) as bar,
        ):
            resumed = _fetch_with_retries(job, session, bar)
            if resumed and not has_checksum(job.part, sha256):
                discard(job.part)  # perhaps a mixture of two files: once more, from the start
                _fetch_with_retries(job, session, bar)
        if not has_checksum(job.part, sha256):
            discard(job.part)
            raise CatdogError(
                f"What came from {job.shown} does not have the checksum of its publisher's file "
                f"and was deleted; {advice}."
            )
        os.replace(job.part, path)
        tag_of(job.part).unlink(missing_ok=True)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; {megabytes(length_of(job.part))} of {megabytes(size)} are kept in "
            f"{str(job.part)!r}, and the same command goes on from there"
        ) from None
    except OSError as error:
        raise CatdogError(
            f"{str(job.part)!r} cannot be written ({error.strerror}); make room there, or choose "
            "another folder."
        ) from None


def _require_address(job: _Job) -> None:
    """Raise a CatdogError if the address is none."""
    try:
        requests.Request("GET", job.url).prepare()
        if not job.url.lower().startswith(("http://", "https://")):
            raise InvalidURL
    except (InvalidURL, MissingSchema):
        raise CatdogError(
            f"{job.shown!r} is not a web address; give one that begins with https://."
        ) from None


def _fetch_with_retries(job: _Job, session: requests.Session, bar: tqdm) -> bool:
    """Try until the part is complete; return whether some of it had come earlier."""
    failures, furthest, resumed = 0, length_of(job.part), False
    while True:
        resumed = resumed or length_of(job.part) > 0
        try:
            _fetch_rest(job, session, bar)
            return resumed
        except _RetryableError as problem:
            # A server that cuts at the same place every time gets no further, even if it sends
            # megabytes each time.
            failures = failures + 1 if length_of(job.part) <= furthest else 0
            furthest = max(furthest, length_of(job.part))
            if failures == _TRIES:
                arrived = f"{megabytes(furthest)} of {megabytes(job.size)} have come"
                raise CatdogError(
                    f"{job.shown} cannot be downloaded ({problem}; {arrived}); {job.advice}."
                ) from None
            bar.set_postfix_str(f"{problem}, trying again")
            time.sleep(job.pause * 2 ** max(0, failures - 1))


def _fetch_rest(job: _Job, session: requests.Session, bar: tqdm) -> None:
    """Ask once for what is missing."""
    have = length_of(job.part)
    if have == job.size:
        return
    # Bytes are counted, so they must come as they are stored.
    headers = {"Accept-Encoding": "identity"}
    if 0 < have < job.size:
        headers["Range"] = f"bytes={have}-"
        if tag_of(job.part).is_file():
            headers["If-Range"] = tag_of(job.part).read_text(encoding="latin-1")
    try:
        with session.get(job.url, headers=headers, stream=True, timeout=job.timeout) as response:
            start = _start(job, response, have)
            with job.part.open("r+b" if start else "wb") as file:
                file.seek(start)
                bar.n = start
                keep_tag(response.headers, job.part)
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    if file.tell() + len(chunk) > job.size:
                        raise CatdogError(
                            f"{job.shown} sends more than the {job.size:,} bytes that were expected"
                            f"; {job.advice}."
                        )
                    file.write(chunk)
                    bar.update(len(chunk))
    except (InvalidURL, InvalidSchema) as error:  # not the address: it has been looked at
        reason = str(error).rstrip(".")
        raise CatdogError(
            f"{job.shown} cannot be asked ({reason}); correct the proxy that is set here "
            f"(HTTPS_PROXY, ALL_PROXY), or {job.advice}."
        ) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise _RetryableError(f"no data for {job.timeout:g} seconds") from None
    except SSLError:
        raise _RetryableError("its certificate is not trusted here") from None
    except requests.ConnectionError:
        raise _RetryableError("no connection to it") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        raise _RetryableError("the connection broke") from None
    if length_of(job.part) < job.size:
        raise _RetryableError("the connection broke")


def _start(job: _Job, response: requests.Response, have: int) -> int:
    """Return the position in the file of the first byte that the response brings.

    It is 0 if the response brings the whole file again.
    """
    status = f"the server answered {response.status_code} {response.reason}"
    url = without_password(response.url)
    if loses_protection(job.url, response.url):
        raise CatdogError(f"{job.shown} redirects to {url}, which is not encrypted; {job.advice}.")
    if response.status_code in _BUSY or response.status_code >= 500:
        raise _RetryableError(status)
    if response.status_code not in (200, 206):
        raise CatdogError(f"{url} cannot be downloaded ({status}); {job.advice}.")
    start, whole = 0, response.headers.get("Content-Length")
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        start, whole = (int(found[1]), found[2]) if found else (-1, None)
    if start not in (0, have):
        raise CatdogError(f"{url} sends a part of the file that was not asked for; {job.advice}.")
    if whole is not None and whole != str(job.size):
        raise CatdogError(
            f"{url} offers a different file from its publisher's, which has {job.size:,} "
            f"bytes ({status}, {whole} bytes); {job.advice}."
        )
    return start
