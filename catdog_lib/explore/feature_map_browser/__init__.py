"""The feature-map browser: record a network on some images, select what to show, pack it, replay it
in a page.
"""

from catdog_lib.explore.feature_map_browser.widget import FeatureMapBrowser

__all__ = ["FeatureMapBrowser"]
