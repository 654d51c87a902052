"""The feature-map browser: record a network on an image, select, pack and replay."""

from catdog_lib.explore.feature_map_browser.widget import FeatureMapBrowser

__all__ = ["FeatureMapBrowser"]
