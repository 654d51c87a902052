"""Backbones: the convolutional part of published networks, with or without ImageNet weights."""
