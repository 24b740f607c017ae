"""The condition `unusual` on recorded machine series: it finds what it is said to, with room to spare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.prediction import nab

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.corpus
def test_most_labelled_windows_are_caught_at_few_false_alarms(corpus: Path) -> None:
    figures = {figure.figure: figure.value for figure in nab.figures(corpus)}
    assert figures["nab_caught"] > 75
    assert figures["nab_false_per_series_month"] < 0.7
