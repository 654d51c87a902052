"""Lessons, pages, messages and comments read as a native teacher would write them.

Each pattern stands for a phrase that reads as if translated, and was once in this repository.
What a machine can find is found here; the rest needs a reader.
"""

import re

import pytest

from tests.prose import CREDITS, FILES, ROOT, name_of, prose

# Pattern → what to write. Small letters match capitals, too.
PHRASES = {
    # what the field calls it
    r"whole numbers?": "integer",
    r"the way back (?:through|of|up)|are the way (?:back|forward)": "the backward (forward) pass",
    r"is no number|without number|no longer finite numbers?": "is not finite",
    r"without a rest|the rest is odd": "without a remainder; an odd number is left over",
    r"trainings": "training runs",
    r"(?:a|the|this|that|each|every|one|another|same) training "
    r"(?:was|is|goes|ends|has|had|begins|that|made|costs?|takes?|started|stops?)": "training run",
    r"wrong training": "training that is wrong",
    r"pictures": "images (for what a network takes), photos, or figures",
    r"pictures? N(?=×)|(?:uint8|input) pictures?": "images",
    r"(?:such|without) a bend|with a bend between|the bend of": "a nonlinearity",
    r"its gradient in (?:y|…)": "gradient with respect to",
    r"(?:a )?half a circle (?:first|\.)|by half a circle": "rotated by 180°",
    r"bit by bit": "bit for bit (if bits are equal); step by step (if slowly)",
    r"drawn by lot|by lot": "picked at random",
    # order, place and comparison
    r"(?:loss|layer|softmax) behind it|(?:comes?|follows?) behind": "after",
    r"behind (?:(?:an?|the|the last|the first|each|every) )?"
    r"(?:layer|conv|pooling|softmax|ReLU|BatchNorm|backbone|network|1×1)": "after",
    r"(?:on|in) (?:many|several|few) ways": "along many paths; in several respects",
    r"goes (?:several|many|two) ways": "is used several times",
    r"h(?:old|olds|olding|eld) (?:it |them |each \w+ |\w+ )?beside": "compare with",
    r"stands? in(?! (?:front|for))|stands? (?:beside|below|above|under)": "is in",
    r"after … stands|after ± stands|stands … after": "the number after ± is",
    r"(?:have|has) changed places": "it is the other way round",
    r"in turns": "alternately, or taking turns",
    r"below (?:a|the) sheet": "under a sheet",
    r"gives? back (?:the|a|what|exactly)": "returns, restores",
    r"and more the|the more so": "all the more",
    # who and which
    r"whoever|whosoever": "anyone who, or say who",
    r"who (?:looks|reads|trains|takes|has|wants|knows|keeps|chooses|believes)[^.?!,]*,? "
    r"(?:is right|sees|finds|gets|must|need not|then)": "a network that ..., or if you ...",
    r"which are others|(?:is|but|as) another one": "which differ; a different one",
    r"have other (?:bytes|numbers|values)|(?:place|give) .{0,40} other places": "different",
    r"another (?:way|order|size|mean|value) than|other (?:\w+ )?than before": "different from",
    r"\(?of before|of after the": "from before",
    r"(?<!made )(?<!each )of others(?! in)": "other people's",
    r"of[- ]all (?:things|the)": "",
    # verbs
    r"(?:comes?|knows?|goes|says?|sees?) not(?! (?:only|just|so|because|to))": "does not ...",
    r"how far (?:do|does|did|can) (?:you|it|we|they|one) come|comes? (?:not )?far": "get far",
    r"beyond a coin": "better than a coin",
    r"(?:is|are|were|was) soon (?:computed|done|said|told|found)": "is quick to compute",
    r"stops? to (?:gain|learn|improve|fall|grow|rise|help|work|change)": "stops gaining",
    r"need be (?:\w+ed|done|made|kept|known)": "needs to be",
    r"(?:has|have|needs?|is|are) but (?:a|one|two|three|few|little)": "only",
    r"look(?:s|ed)? whether|look if": "check whether",
    r"can do with (?:the|its|their|less|few)": "needs only",
    r"cannot be had|is not to be had|to be had": "is unavailable",
    r"for want of": "out of, or lacking",
    r"is not waited for|waited for": "does not synchronize, or wait for it",
    r"for the while": "for the time being",
    r"anew": "again",
    r"dearer": "add a price to, or costs more",
    r"minds? (?:the (?:noise|move|shift)|that little|their|its)": "watch, or is affected by",
    r"needs? no (?:more )?to|need not to": "does not need to",
    r"read it so|(?:wrote|opens with|works|reads) (?:it )?so(?=[.:;,])": "like this",
    r"makes? (?:a|an) \w+ of (?:it|that|this|them)": "turns it into",
    r"puts? (?:these|them|those) together to": "combines these into",
    r"overshoots? by more than": "lands farther away than",
    r"so many (?:times as|(?:zeros|rows|columns|pixels|steps|bytes) (?:are|at|of))": "this many",
    r"weighs (?:each|every)": "gives each ... a weight",
    r"at need": "when needed",
    r"a try\b(?= \.|[.;])|better than a try": "a typical run",
    r"less place|more place": "less room, smaller maps",
    r"(?:there|where|here)(?:of|in|by|upon)(?= the| a|,)": "plain words",
}
# The five projects have a page of their own, docs/credits.md. Elsewhere: "you will read that ...".
SOURCES = (
    r"(?:the course's (?:\w+ )?|the five )sources",
    r"the sources(?! (?:are|of (?!this)))",
    r"(?:a|another|one|first|second|third|same|six-block|five-convolution|network's) source(?:'s)? "
    r"(?:says?|writes?|explains?|reports?|names?|calls?|shows?|uses?|squash\w*|puts?|trains?|"
    r"trained|gives?|did|does|also|fears|of this|prints|three|two|networks?|experiments|head)",
    r"the source(?:'s)? (?:says?|writes?|meant|explains?|reports?|names|calls|shows|trained|own|"
    r"of the (?:six|five)|of this course)",
    r"than the source's",
)
ADVICE = "you will read that ... (the five projects are named in docs/credits.md only)"
DOUBLED = re.compile(r"(?<![\w'’-])([a-z]+) \1(?![\w'’-])", re.IGNORECASE)  # noqa: RUF001
PERCENT = re.compile(r"\d %(?! \d)")  # not a remainder, 7 % 3
MAY_BE_DOUBLED = {"that", "had", "is", "in", "a", "b", "c", "k", "n", "w", "x", "s", "h"}

PATTERNS = [
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE), advice)
    for pattern, advice in (PHRASES | dict.fromkeys(SOURCES, ADVICE)).items()
]


def faults(text: str) -> list[str]:
    """Return each phrase that reads as if translated, with what to write."""
    found = [
        f"...{text[max(0, match.start() - 40) : match.end() + 25]}...: write: {advice}"
        for pattern, advice in PATTERNS
        for match in pattern.finditer(text)
    ]
    found += [
        f"...{text[max(0, match.start() - 40) : match.end() + 25]}...: write: 95%, without a space"
        for match in PERCENT.finditer(text)
    ]
    return found + [
        f"...{text[max(0, match.start() - 40) : match.end() + 25]}...: one word twice"
        for match in DOUBLED.finditer(text)
        if match[1].lower() not in MAY_BE_DOUBLED
    ]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_sentences_are_what_a_native_teacher_would_write(path):
    found = faults(prose(path))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Behind the last 1×1 there is no ReLU.", "after"),
        ("One of the sources says that pooling helps.", ADVICE),
        ("The same weights, bit by bit.", "bit for bit"),
        ("It knows not why.", "does not"),
        ("After ± stands the deviation.", "the number after"),
        ("Of the two networks the the first wins.", "one word twice"),
        ("a batch of pictures", "images"),
        ("Every tenth, 5 % of all.", "95%"),
        ("Three trainings were run.", "training runs"),
        ("The pixels reach the unit on\nmany ways.", "along many paths"),
    ],
)
def test_what_reads_as_if_translated_is_found(said, fault):
    found = faults(" ".join(said.split()))
    assert found and all(fault in one for one in found)


def test_what_reads_well_is_left_alone():
    good = (
        "An occluder in front of the animal stands for what is hidden. You know that that is so. "
        "The source code is open, and the sources of heat differ. A training run ends. "
        "You will read that a larger stride gives a larger map, which is wrong: it gives a smaller "
        "one. Draw the ears behind the head. This picture has a title."
    )
    assert not faults(good)


def test_the_five_projects_are_named_on_one_page():
    credits = CREDITS.read_text(encoding="utf-8")
    assert credits.count("\n## ") == 5 == credits.count("**The course took from it**")
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert "\ncredits\n" in index
    assert "docs/credits.md" in (ROOT / "README.md").read_text(encoding="utf-8")
