"""Keuring's agent: reads a machine's health, shows what it sends, and sends it."""

from typing import Final

VERSION: Final = "0.1.0"
