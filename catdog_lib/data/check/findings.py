"""What can be wrong with a folder of photos, as data.

:mod:`report_text` and :mod:`contact_sheet` show it.
"""

from __future__ import annotations

from dataclasses import dataclass

UNUSABLE, PROBLEM, NOTE = "unusable", "problem", "note"
TINY = 64  # pixels of the shorter side; the lessons use images of 64 pixels and more
MAX_RATIO = 3  # times the shorter side
MAX_IMBALANCE = 1.5  # times the photos of the other class
# Every kind: how bad it is, and what it means. In the order in which they are shown.
KINDS = {
    "leak": (PROBLEM, "one photo in two sets, so a test on it measures memory; keep it in one"),
    "label conflict": (PROBLEM, "one photo labelled both cat and dog; correct the wrong label"),
    "duplicate": (PROBLEM, "the same photo again: it counts twice, and may end up in two sets"),
    "near duplicate": (PROBLEM, "nearly the same photo again: resized, cropped, mirrored, …"),
    "imbalance": (PROBLEM, "unequal numbers: always naming the larger class already looks good"),
    "empty file": (UNUSABLE, "not one byte in it"),
    "truncated": (UNUSABLE, "the file is cut short: a download or a copy was interrupted"),
    "damaged": (UNUSABLE, "the file cannot be decoded, or not to its end"),
    "not an image": (UNUSABLE, "something else, whatever its name says"),
    "unknown format": (UNUSABLE, "a photo that cannot be read here: export it as JPEG"),
    "more bytes than a photo has": (UNUSABLE, "a giant file, or something else behind a photo"),
    "takes too long to decode": (UNUSABLE, "hundreds of scans, or pixels written as text"),
    "cannot be read": (UNUSABLE, "the disk or the network failed: try again"),
    "more pixels than a photo has": (UNUSABLE, "it claims a giant size, and is refused unopened"),
    "no permission to read it": (UNUSABLE, "change its permissions"),
    "not a file": (UNUSABLE, "a pipe or a device"),
    "no such file": (UNUSABLE, "it went away while we looked, or is a link to nothing"),
    "unreadable name": (UNUSABLE, "rename it"),
    "unreadable folder": (UNUSABLE, "what is in it is not counted"),
    "no class": (UNUSABLE, "nothing says whether it is a cat or a dog"),
    "wrong extension": (NOTE, "usable; its name says another format than its content"),
    "grey": (NOTE, "usable; has no colours: red, green and blue are made equal"),
    "CMYK": (NOTE, "usable; made for printing: converted to red, green and blue"),
    "palette": (NOTE, "usable; at most 256 colours: converted"),
    "transparent": (NOTE, "usable; shown over white"),
    "16-bit": (NOTE, "usable; brought down to 8 bits a value"),
    "turned": (NOTE, "usable; stored as the camera was held: turned upright, as EXIF says"),
    "tiny": (NOTE, f"usable; the shorter side has fewer than {TINY} pixels, so it is enlarged"),
    "long": (
        NOTE, f"usable; one side is more than {MAX_RATIO} times the other: squashing distorts it"
    ),
}  # a kind a row  # fmt: skip


@dataclass(frozen=True)
class FolderFinding:
    """One thing that was found.

    Attributes:
        kind: a key of ``KINDS``.
        files: the names of the files concerned, below the folder; several for copies, none for an
            imbalance.
        detail: the particulars, a few words; may be empty.
    """

    kind: str
    files: tuple[str, ...]
    detail: str = ""

    @property
    def severity(self) -> str:
        """``unusable``, ``problem`` or ``note``."""
        return KINDS[self.kind][0]
