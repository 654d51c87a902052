"""Exercises with checkers that accept a right answer and say what is wrong with a wrong one."""

from catdog_lib.exercises.registry import WrongAnswer, check, exercises

__all__ = ["WrongAnswer", "check", "exercises"]
