"""Is a JPEG file whole? Its compressed data must end where its image ends, and leave nothing out.

The decoder that Pillow uses makes an image of nearly anything. What a file lacks becomes grey, and
data that were changed become noise; the warnings about it are lost. But after a change the codes,
which differ in length, are read in the wrong places from there on. Then they no longer end with
the last row of the image, and that can be seen from outside: a whole file cannot be decoded
without its last bytes, and needs nothing after them. This costs no time.

What escapes are changes after which the codes happen to fall into step again, and those between
two restart markers, with which few cameras divide their data.

The format: ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from PIL import ImageFile

# All markers that can end the data of a scan; 0xFF00 is a data byte, 0xFFD0 to 0xFFD7 restart it.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), (0xC2,)  # frames; the rest is for specialists
_START_OF_SCAN, _END = 0xDA, 0xD9
_COEFFICIENTS = 64  # of a block of 8×8 pixels
_TAIL = 4  # bytes: no code is as long, so a whole file needs some of them
_FILLING = 16  # bytes that a decoder may read ahead


@dataclass
class JpegLayout:
    """The parts of a JPEG file, up to the end of its first image.

    Attributes:
        frame: the second byte of its frame marker, which names the kind of compression.
        components: how many colour channels it has.
        scans: how often its data run through the image; a progressive file refines it each time.
        end: where the data of its last scan end, in bytes.
        exact: the coefficients of each component that are there with all their bits.
    """

    frame: int = 0
    components: int = 0
    scans: int = 0
    end: int = 0
    exact: dict[int, set[int]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether each coefficient of each component has been sent to its last bit."""
        return len(self.exact) >= self.components and all(
            len(sent) == _COEFFICIENTS for sent in self.exact.values()
        )


def jpeg_layout(content: bytes) -> JpegLayout:
    """Return the parts of a JPEG file; what is missing in a damaged one stays at 0."""
    layout, at = JpegLayout(), 2
    while at + 4 <= len(content):
        if content[at] != 0xFF or content[at + 1] == 0xFF:  # damaged, or a byte that fills
            at += 1
            continue
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker == _END:
            break
        body = content[at + 4 : at + 2 + length]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(body) > 5:
            layout.frame, layout.components = marker, body[5]
        at += 2 + length
        if marker == _START_OF_SCAN:
            layout.scans += 1
            _note_scan(layout, body)
            following = _AFTER_SCAN.search(content, at)
            at = layout.end = following.start() if following else len(content)
    return layout


def _note_scan(layout: JpegLayout, body: bytes) -> None:
    """Note which coefficients a scan completes; ``body`` is that of its marker."""
    count = body[0] if body else 0
    if len(body) < 2 * count + 4:
        return
    first, last, bits = body[2 * count + 1 : 2 * count + 4]
    for component in body[1 : 2 * count + 1 : 2]:
        sent = layout.exact.setdefault(component, set())
        if bits & 15 == 0:  # no lower bits are left for a later scan
            sent.update(range(first, min(last, _COEFFICIENTS - 1) + 1))


def load_whole(image: ImageFile.ImageFile, content: bytes, layout: JpegLayout) -> None:
    """Decode a JPEG image if its file is whole.

    Args:
        image: opened and not yet loaded; its ``load_read`` is replaced.
        content: of its file.
        layout: of the content.

    Raises:
        OSError: something is missing ("truncated"), or data are left over.
    """
    usual = layout.frame in (*SEQUENTIAL, *PROGRESSIVE)
    if usual and not layout.complete:
        raise OSError("truncated")
    end = len(content[: layout.end].rstrip(b"\xff"))  # without bytes that fill up to a marker
    if layout.frame in SEQUENTIAL and layout.scans == 1:
        pieces = iter((content[: end - _TAIL], content[end - _TAIL : end] + bytes(_FILLING)))
    else:
        pieces = iter((content,))
    image.load_read = lambda size: next(pieces, b"")
    image.load()  # says itself that something is missing
    if next(pieces, b"").strip(b"\0"):  # some cameras fill up with zeros
        raise OSError("its data go on after the end of the image")
