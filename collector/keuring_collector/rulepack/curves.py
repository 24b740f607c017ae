"""Reads the libraries of known curves that the shipped pack has in ``data/``, for forecasts of wear."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib import resources

import numpy as np

from keuring_collector.engine.wear import Library

LIBRARIES = ("battery",)
TEN_THOUSANDTHS = 1e4  # health is written in whole ones of these


@lru_cache(maxsize=len(LIBRARIES))
def library(name: str) -> Library:
    """The known curves of ``name``, one of LIBRARIES."""
    return parse(name, resources.files("keuring_rules").joinpath(f"data/{name}_curves.json").read_text("utf-8"))


def parse(name: str, text: str) -> Library:
    """From what stands in a file; see rules/keuring_rules/data/README.md."""
    read = json.loads(text)
    table = read["curves"]
    return Library(
        name=name,
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        grid=np.array(read["grid"], dtype=np.float64),
        health=np.array([curve["health"] for curve in table], dtype=np.float64) / TEN_THOUSANDTHS,
        span=np.array([curve["span"] for curve in table], dtype=np.float64),
        initial=np.array([curve["initial"] for curve in table], dtype=np.float64),
        source=np.array([curve["source"] for curve in table]),
        mark=np.array([curve["mark"] for curve in table], dtype=np.int64),
        folds=int(read["folds"]),
        spread=(np.array(read["spread"]["distance"]), np.array(read["spread"]["half"])),
    )
