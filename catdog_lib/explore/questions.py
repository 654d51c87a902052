"""Questions on a page: predict before you look, and remember at the end.

Lesson 00, section 1; Lesson 01, section 1; Lesson 02, section 1; Lesson 03, section 2; Lesson 04,
section 1; Lesson 05, section 1; Lesson 06, section 1; Lesson 07, section 1; Lesson 08, section 1;
Lesson 10, section 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import traitlets

from catdog_lib.errors import CatdogError
from catdog_lib.explore.base import Explorable
from catdog_lib.language import translate


@dataclass(frozen=True)
class Question:
    """A question with a few choices, its answer, and why that is so.

    Attributes:
        prompt: the question.
        choices: two to six, all different.
        answer: one of the choices, or its index; best computed from the notebook's own result.
        because: a sentence or two that the page shows once the question is answered.
    """

    prompt: str
    choices: Sequence[str]
    answer: str | int
    because: str = ""


class _Questions(Explorable):
    """What both kinds share: each choice is a button, and the page marks what was chosen."""

    code = "questions"
    title = traitlets.Unicode().tag(sync=True)
    # each: prompt, choices, answer (an index; −1 not known yet), because
    questions = traitlets.List(traitlets.Dict()).tag(sync=True)
    picks = traitlets.List(traitlets.Int()).tag(sync=True)  # −1 not answered yet


class Prediction(_Questions):
    """Ask for a guess now; :meth:`reveal` tells the answer when a later cell has computed it.

    A page without a kernel knows the answer from the run that made it, and shows it to a reader who
    has chosen.
    """

    def __init__(self, prompt: str, choices: Sequence[str]):
        """Ask.

        Args:
            prompt: the question.
            choices: two to six, all different.

        Raises:
            CatdogError: there are too few or too many choices, or two are the same.
        """
        asked = _checked(prompt, choices) | {"answer": -1, "because": ""}
        title = translate("Predict, then look")
        super().__init__(title=title, questions=[_in_words(asked)], picks=[-1])
        self._choices = asked["choices"]  # as the notebook has them

    def reveal(self, answer: str | int, because: str = "") -> None:
        """Tell the answer that the notebook's own result gives.

        Args:
            answer: one of the choices, or its index.
            because: a sentence with the numbers.

        Raises:
            CatdogError: it is none of the choices.
        """
        (asked,) = self.questions
        answer = _index(answer, self._choices)
        self.questions = [asked | {"answer": answer, "because": translate(because)}]


class Quiz(_Questions):
    """A few questions to answer from memory, each with its answer after the click."""

    def __init__(self, *questions: Question):
        """Ask them all.

        Raises:
            CatdogError: there is none, or one has choices or an answer that will not do.
        """
        if not questions:
            raise CatdogError("A quiz needs at least one Question(prompt, choices, answer).")
        asked = []
        for question in questions:
            one = _checked(question.prompt, question.choices)
            answer = _index(question.answer, one["choices"])
            asked.append(_in_words(one | {"answer": answer, "because": question.because}))
        title = translate("From memory")
        super().__init__(title=title, questions=asked, picks=[-1] * len(asked))

    def summary(self) -> str:
        """Return how many you have right so far, in a sentence."""
        answered = [pick for pick in self.picks if pick >= 0]
        pairs = zip(self.picks, self.questions, strict=True)
        right = sum(pick == question["answer"] for pick, question in pairs)
        return translate(f"{right} right of {len(answered)} answered, {len(self.picks)} in all.")


def _checked(prompt: str, choices: Sequence[str]) -> dict:
    """Return the question as the page has it."""
    choices = [str(choice) for choice in choices]
    if not 2 <= len(choices) <= 6 or len(set(choices)) < len(choices):
        raise CatdogError(
            f"The choices of {prompt!r} are {choices}; give two to six that are all different."
        )
    return {"prompt": prompt, "choices": choices}


def _in_words(asked: dict) -> dict:
    """Return a question as the page has it, in the reader's language."""
    choices = [translate(choice) for choice in asked["choices"]]
    prompt, because = translate(asked["prompt"]), translate(asked["because"])
    return asked | {"prompt": prompt, "choices": choices, "because": because}


def _index(answer: str | int, choices: list[str]) -> int:
    """Return the index of the answer among the choices."""
    if answer in choices:
        return choices.index(answer)
    is_index = isinstance(answer, int) and not isinstance(answer, bool)
    if is_index and 0 <= answer < len(choices):
        return answer
    raise CatdogError(f"The answer is {answer!r}, which is none of the choices {choices}.")
