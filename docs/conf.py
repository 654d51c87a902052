"""Sphinx's settings for the pages of the course; ``catdog course`` calls it.

Every script, style and font is served from the site itself, so the pages work with no network.
"""

from catdog_lib.course.open_in import settings
from catdog_lib.course.site import checkout, web_assets

project = "Cat or dog?"
html_title = project
language = "en"  # catdog_lib.course.site builds the pages in others, too
gettext_compact = False  # a catalogue for each page

extensions = [
    "myst_nb",
    "catdog_lib.course.formulas",
    "catdog_lib.course.glossary_links",
    "catdog_lib.course.lesson_links",
    "catdog_lib.course.page_details",
    "catdog_lib.course.player",
    "catdog_lib.course.search_passages",
]
catdog_open_in = settings(checkout())
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # catdog_lib.course.lessons has executed them
# For pages that show a widget of ipywidgets (see catdog_lib.course.player). require.js first: the
# widget manager is a module for it.
nb_ipywidgets_js = {
    "widgets/require.js": {},
    "widgets.js": {},
    # a widget that the site does not carry must not be looked for elsewhere
    "widgets/embed-amd.js": {"data-jupyter-widgets-cdn": "."},
}
html_math_renderer = "set"  # catdog_lib.course.formulas

html_theme = "sphinx_book_theme"
html_static_path = ["_static", str(web_assets())]
html_favicon = html_logo = "_static/logo.svg"
html_use_index = False  # the glossary is its own index
html_css_files = [
    f"{name}.css"
    for name in ("course", "code", "copy", "figures", "formulas", "glossary", "search")
]
html_js_files = [
    (f"{name}.js", {"defer": "defer"})
    for name in ("player", "copy", "formulas", "figures", "sidebar")
]
templates_path = ["_templates"]
html_context = {
    "default_mode": "light"
}  # for readers without JavaScript; _templates/layout.html sees to the others
html_sourcelink_suffix = ""  # the name under which the theme's download button looks for a notebook
html_theme_options = {
    "footer_content_items": [],
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the sidebar has the search field
    "navigation_with_keys": False,  # arrow keys belong to the sliders
    "search_bar_text": "Search the course",
    "use_fullscreen_button": False,
}
