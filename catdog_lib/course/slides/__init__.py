"""Slides: a reveal.js deck of each lesson, made of the cells that are tagged for it."""

from catdog_lib.course.slides.write import write_slides

__all__ = ["write_slides"]
