"""What students read, in their language: ``CATDOG_LANGUAGE=de``; English where it has no words.

The catalogues of a language are PO files in a folder here; docs/teaching/translating.md says how
they are made.
"""

from catdog_lib.language.lookup import current, languages, say, translate, translation_of, use

__all__ = ["current", "languages", "say", "translate", "translation_of", "use"]
