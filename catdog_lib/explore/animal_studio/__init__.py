"""The animal studio: draw every variant of one animal, record what networks make of them, replay.

Lesson 07, section 5.
"""

from catdog_lib.explore.animal_studio.widget import AnimalStudio

__all__ = ["AnimalStudio"]
