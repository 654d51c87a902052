"""The book: all lessons in one PDF to print, with contents, page numbers and solutions."""

from catdog_lib.course.book.write import write_book

__all__ = ["write_book"]
