"""What can be wrong with a folder of photos: find it, show it, make such a folder to learn on.

Lesson 00, section 2.
"""

from catdog_lib.data.check.contact_sheet import write_contact_sheet
from catdog_lib.data.check.dirty_folder import make_dirty_folder
from catdog_lib.data.check.findings import KINDS, FolderFinding
from catdog_lib.data.check.folder import Report, check_folder
from catdog_lib.data.check.report_text import report_text

__all__ = [
    "KINDS",
    "FolderFinding",
    "Report",
    "check_folder",
    "make_dirty_folder",
    "report_text",
    "write_contact_sheet",
]
