"""Predictions and quizzes: the answer comes from the notebook, the click from the reader."""

import json

import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.explore import Prediction, Question, Quiz
from tests.explore.javascript import in_javascript, run_javascript

SIZE = Question("How large is the map?", ["5", "6", "7"], "6", "(8 − 3) / 1 + 1.")
SIGN = Question("Which sign?", ["+", "−"], 1)


def test_a_prediction_knows_no_answer_until_the_notebook_has_one():
    guess = Prediction("Which is faster?", ["loops", "unfold"])
    assert guess.questions[0]["answer"] == -1
    guess.reveal("unfold", "3 ms against 800.")
    assert guess.questions[0]["answer"] == 1
    assert guess.questions[0]["because"] == "3 ms against 800."
    assert guess.picks == [-1]


def test_a_quiz_counts():
    quiz = Quiz(SIZE, SIGN)
    assert [question["answer"] for question in quiz.questions] == [1, 1]
    assert quiz.summary() == "0 right of 0 answered, 2 in all."
    quiz.picks = [1, 0]
    assert quiz.summary() == "1 right of 2 answered, 2 in all."


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Prediction("Why?", ["so"]), "give two to six"),
        (lambda: Prediction("Why?", ["so", "so"]), "all different"),
        (lambda: Prediction("Why?", ["a", "b"]).reveal("c"), "'c', which is none of the choices"),
        (lambda: Prediction("Why?", ["a", "b"]).reveal(2), "2, which is none"),
        (lambda: Prediction("Why?", ["a", "b"]).reveal(True), "True, which is none"),
        (lambda: Quiz(), "at least one Question"),
        (lambda: Quiz(Question("Why?", ["a", "b"], -1)), "-1, which is none"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(make, says):
    with pytest.raises(CatdogError, match=says):
        make()


def test_what_the_page_says(tmp_path):
    known = dict(Quiz(SIZE).questions[0])
    open_ = dict(Prediction("Why?", ["a", "b"]).questions[0])
    cases = [[known, -1], [known, 1], [known, 0], [open_, 1]]
    found = in_javascript("questions/index.js", "c => js.feedback(...c)", cases, tmp_path)
    assert found == [
        "",
        "✓ Yes: 6. (8 − 3) / 1 + 1.",
        "✗ You chose 5. The answer: 6. (8 − 3) / 1 + 1.",
        "You predict: b. Read on, and run the cells that follow.",
    ]


def test_the_score_comes_when_all_are_answered(tmp_path):
    questions = Quiz(SIZE, SIGN).questions
    cases = [[questions, [1, -1]], [questions, [1, 0]], [questions[:1], [1]]]
    found = in_javascript("questions/index.js", "c => js.scoreText(...c)", cases, tmp_path)
    assert found == ["", "1 of 2 right.", ""]


def test_a_question_is_asked_in_the_readers_language(monkeypatch):
    monkeypatch.setenv("CATDOG_LANGUAGE", "de")
    guess = Prediction("Which of the two does better on validation?", ["perceptron", "neither"])
    guess.reveal("perceptron", "The means are 1, 2.")  # the notebook's own words
    (asked,) = guess.questions
    assert asked["choices"] == ["Perzeptron", "neither"] and asked["answer"] == 0
    assert asked["because"] == "Die Mittelwerte sind 1, 2."
    assert guess.title == "Vorhersagen, dann nachsehen"
    assert guess.words["{right} of {count} right."] == "{right} von {count} richtig."
    assert Quiz(SIZE).summary() == "0 richtig von 0 beantworteten, 1 insgesamt."


def test_what_the_page_says_is_in_the_words_of_the_model(tmp_path):
    words = {"{right} of {count} right.": "{count}: {right} richtig."}
    score = 'js.scoreText([{"answer": 0}, {"answer": 1}], [0, 0])'
    model = f"{{ get: () => ({json.dumps(words)}) }}"
    code = f"[{score}, (js.speak({model}), {score})]"
    found = run_javascript("questions/index.js", code, tmp_path)
    assert found == ["1 of 2 right.", "2: 1 richtig."]
