"""What a page says of itself, and the addresses at which its lesson opens elsewhere."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from docutils import nodes
from docutils.utils import new_document

from catdog_lib.course import page_details
from catdog_lib.course.open_in import places, settings
from catdog_lib.course.site import checkout
from catdog_lib.errors import CatdogError

NOTEBOOK = "notebooks/02_output_shapes.ipynb"


def written(folder, table: str) -> dict[str, str]:
    (folder / "pyproject.toml").write_text(f"[tool.catdog.open-in]\n{table}\n", encoding="utf-8")
    return settings(folder)


def test_without_a_repository_a_lesson_opens_nowhere_else(tmp_path):
    assert places(NOTEBOOK, settings(checkout())) == {}  # as the course is published
    assert places(NOTEBOOK, written(tmp_path, 'jupyterhub = "https://hub.example.edu"')) == {}


def test_a_repository_on_github_opens_in_colab_and_binder(tmp_path):
    table = 'repository = "https://github.com/some/course.git/"\nbranch = "spring/26"'
    found = places(NOTEBOOK, written(tmp_path, table))
    assert list(found) == ["Colab", "Binder"]
    colab = urlsplit(found["Colab"])
    assert colab.netloc == "colab.research.google.com"
    assert colab.path == f"/github/some/course/blob/spring/26/{NOTEBOOK}"
    binder = urlsplit(found["Binder"])
    assert binder.path == "/v2/gh/some/course/spring%2F26"
    assert parse_qs(binder.query) == {"urlpath": [f"lab/tree/{NOTEBOOK}"]}


def test_other_hosts_open_in_binder_alone(tmp_path):
    lab = places(NOTEBOOK, written(tmp_path, 'repository = "https://gitlab.com/a/b/c"'))
    assert list(lab) == ["Binder"] and "/v2/gl/a%2Fb%2Fc/?" in lab["Binder"]
    own = places(NOTEBOOK, written(tmp_path, 'repository = "https://git.example.edu/course"'))
    source = urlsplit(own["Binder"]).path.split("/")[3]
    assert unquote(source) == "https://git.example.edu/course"


def test_a_hub_pulls_the_repository_and_opens_the_lesson(tmp_path):
    table = (
        'repository = "https://github.com/some/course"\nbranch = "main"\n'
        'jupyterhub = "https://hub.example.edu/"'
    )
    hub = urlsplit(places(NOTEBOOK, written(tmp_path, table))["JupyterHub"])
    assert hub.netloc + hub.path == "hub.example.edu/hub/user-redirect/git-pull"
    assert parse_qs(hub.query) == {
        "repo": ["https://github.com/some/course"],
        "branch": ["main"],
        "urlpath": [f"lab/tree/course/{NOTEBOOK}"],
    }


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('repo = "https://github.com/some/course"', "no key 'repo'"),
        ('repository = "some/course"', "not an address"),
        ('jupyterhub = "javascript:alert(1)"', "not an address"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_one_sentence(table, said, tmp_path):
    with pytest.raises(CatdogError, match=said):
        written(tmp_path, table)


def on_page(
    name: str,
    table: dict[str, str],
    text: str = "What you see, and why.",
    language: str = "en",
) -> dict:
    """What the template of a page is given, with one paragraph on the page."""
    page = new_document("a page")
    page += nodes.section("", nodes.title("", "A title"), nodes.paragraph("", text))
    context = {"body": '<summary aria-label="Toggle hidden content">', "metatags": ""}
    context["header_buttons"] = []
    app = SimpleNamespace(config=SimpleNamespace(catdog_open_in=table, language=language))
    page_details._on_page(app, name, "page.html", context, page)
    return context


def test_a_lesson_gets_a_button_for_each_place_and_no_other_page_does():
    table = {"repository": "https://github.com/some/course", "branch": "main", "jupyterhub": ""}
    (group,) = on_page("lessons/02_output_shapes", table)["header_buttons"]
    assert {b["text"]: b["url"] for b in group["buttons"]} == places(NOTEBOOK, table)
    assert on_page("glossary", table)["header_buttons"] == []
    assert on_page("lessons/02_output_shapes", table | {"repository": ""})["header_buttons"] == []


def test_a_page_is_described_by_its_first_paragraph_and_a_fold_by_what_it_shows():
    context = on_page("glossary", {}, 'Words with "quotes" & <signs>.')
    said = "Words with &quot;quotes&quot; &amp; &lt;signs&gt;."
    assert f'<meta name="description" content="{said}">' in context["metatags"]
    assert context["body"] == "<summary>"


@pytest.mark.parametrize(
    ("name", "language", "is_english"),
    [
        ("lessons/00_meet_the_data", "de", False),
        ("lessons/02_output_shapes", "de", True),
        ("index", "de", False),
        ("glossary", "de", True),
        ("glossary", "en", False),
    ],
)
def test_a_page_without_a_translation_says_that_it_is_english(name, language, is_english):
    table = {"repository": "", "branch": "main", "jupyterhub": ""}
    body = on_page(name, table, language=language)["body"]
    assert body.startswith('<div lang="en">') == is_english
