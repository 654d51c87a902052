"""Exercises with checkers that accept a right answer and say what is wrong with a wrong one.

Lesson 00, section 1; Lesson 01, section 1; Lesson 02, section 1; Lesson 03, section 2; Lesson 04,
section 1; Lesson 05, section 1; Lesson 06, section 1; Lesson 07, section 2; Lesson 10, section 1.
"""

from catdog_lib.exercises.lesson_end import show_progress
from catdog_lib.exercises.registry import WrongAnswer, check, exercises

__all__ = ["WrongAnswer", "check", "exercises", "show_progress"]
