"""What a reader does with a prediction and a quiz: with the keyboard alone."""

from __future__ import annotations

from tests.explore.explorable_pages import widget


def drive_questions(page) -> None:
    """Choose, read what the page says, choose again; end with one of two right."""
    guess = widget(page, "Predict, then look")
    guess.get_by_role("button", name="unfold").focus()
    page.keyboard.press("Enter")
    guess.get_by_text("✓ Yes: unfold. 3 ms against 800.").wait_for()
    guess.get_by_role("button", name="loops").click()
    guess.get_by_text("✗ You chose loops. The answer: unfold.").wait_for()
    assert guess.get_by_role("button", name="loops").get_attribute("aria-pressed") == "true"
    assert guess.get_by_role("button", name="unfold").get_attribute("aria-pressed") == "false"

    quiz = widget(page, "From memory")
    assert not quiz.locator(".catdog-score").is_visible()
    quiz.get_by_role("button", name="6", exact=True).focus()
    page.keyboard.press("Space")
    quiz.get_by_text("✓ Yes: 6.").wait_for()
    quiz.get_by_role("button", name="+", exact=True).click()
    quiz.get_by_text("✗ You chose +. The answer: −.").wait_for()
    assert quiz.locator(".catdog-score").inner_text() == "1 of 2 right."
