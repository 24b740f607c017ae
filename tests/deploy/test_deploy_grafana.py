"""deploy/grafana: dashboards that are whole, tidy, and load by themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.deploy import promql
from tests.repository import DEPLOY

if TYPE_CHECKING:
    from pathlib import Path

PROVISIONING = DEPLOY / "grafana" / "provisioning"
WIDTH = 24


@pytest.fixture(params=promql.DASHBOARDS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


def test_a_dashboard_is_known_by_a_stable_name(path: Path) -> None:
    dashboard = promql.dashboard(path)
    assert dashboard["uid"] == path.stem
    assert "id" not in dashboard
    assert dashboard["title"].startswith("Keuring: ")
    assert dashboard["tags"] == ["keuring"]
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "collector"]


def test_every_panel_says_what_it_shows(path: Path) -> None:
    titles = [panel["title"] for panel in promql.panels(path)]
    assert len(titles) == len(set(titles))
    ids = [panel["id"] for panel in promql.dashboard(path)["panels"]]
    assert len(ids) == len(set(ids))
    for panel in promql.panels(path):
        assert panel["description"].endswith((".", "s.")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert "$collector" in target["expr"], f"{panel['title']} shows collectors that were not chosen"


def test_panels_fill_the_page_and_do_not_overlap(path: Path) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in promql.dashboard(path)["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken.get((x, y))}"
                taken[x, y] = panel["title"]
    height = max(y for _, y in taken) + 1
    assert len(taken) == WIDTH * height


def test_units_and_shares_fit_their_metric(path: Path) -> None:
    for panel in promql.panels(path):
        unit = panel["fieldConfig"]["defaults"]["unit"]
        text = " ".join(target["expr"] for target in panel["targets"])
        if re.search(r"(_bytes|_bytes:max)\b(?!_total)", text) and "_total" not in text:
            assert unit == "bytes", panel["title"]
        if unit == "percentunit":
            assert ":ratio" in text or "avg(up" in text, panel["title"]


def test_provisioning_finds_what_compose_mounts() -> None:
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "keuring.yaml").read_text(encoding="utf-8"))
    folder = provider["providers"][0]["options"]["path"]
    compose = yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text(encoding="utf-8"))
    grafana = compose["services"]["grafana"]
    mounts = {volume.split(":")[1]: volume.split(":")[0] for volume in grafana["volumes"]}
    assert mounts[folder] == "../grafana/dashboards"
    assert mounts["/etc/grafana/provisioning"] == "../grafana/provisioning"
    source = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["url"] == "${PROMETHEUS_URL}"
    assert "PROMETHEUS_URL" in grafana["environment"]
