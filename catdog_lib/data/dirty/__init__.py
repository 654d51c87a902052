"""What can be wrong with a folder of photos: find it, show it, and make such a folder to learn on."""

from catdog_lib.data.dirty.check import Report, check_folder
from catdog_lib.data.dirty.contact_sheet import write_contact_sheet
from catdog_lib.data.dirty.findings import KINDS, Finding
from catdog_lib.data.dirty.mess import make_mess
from catdog_lib.data.dirty.report_text import report_text

__all__ = [
    "KINDS",
    "Finding",
    "Report",
    "check_folder",
    "make_mess",
    "report_text",
    "write_contact_sheet",
]
