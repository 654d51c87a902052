"""The course as a whole: run its lessons, and render them as a site."""
