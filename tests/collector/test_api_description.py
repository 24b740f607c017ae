"""The API's description of itself: whole, of valid schemas, each under a name of its own."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.collector.test_api import SQLITE

if TYPE_CHECKING:
    import pytest

    from tests.collector.console_fixtures import Site

# What answers with a file, and of which kind.
FILES = {
    "get_inspection_pdf": {"application/pdf"},
    "get_it_report_pdf": {"application/pdf"},
    "get_article_picture": {"image/png", "image/jpeg", "image/webp"},
    "get_backtest_report": {"text/html"},
    "export_subject": {"application/zip"},
}


@SQLITE
def test_no_two_things_of_the_description_share_a_name(site: Site) -> None:
    """One would be described as the other."""
    from ninja import Schema

    assert site.client().get("/api/openapi.json").status_code == 200  # all of it is loaded by then

    def below(kind: type[Any]) -> set[type[Any]]:
        found: set[type[Any]] = set()
        for each in kind.__subclasses__():
            found |= {each, *below(each)}
        return found

    ours = [each.__name__ for each in below(Schema) if each.__module__.startswith("keuring_collector.")]
    assert len(ours) > 100
    assert [name for name, count in Counter(ours).items() if count > 1] == []


@SQLITE
def test_the_description_is_worked_out_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first = site.client().get("/api/openapi.json").json()
    monkeypatch.setattr("ninja.main.get_schema", None)
    assert site.client().get("/api/openapi.json").json() == first


@SQLITE
def test_the_description_is_whole(site: Site) -> None:
    from jsonschema import Draft202012Validator

    schema = site.client().get("/api/openapi.json").json()
    assert schema["info"]["title"] == "Keuring"
    assert len(schema["paths"]) >= 15
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["security"], path
            for status, response in operation["responses"].items():
                good = FILES.get(operation["operationId"], {"application/json"} if status != "204" else set())
                kinds = {"application/problem+json"} if int(status) >= 400 else good
                assert set(response.get("content", ())) == kinds, path
    for part in schema["components"]["schemas"].values():
        Draft202012Validator.check_schema(part)
        assert "user" not in json.dumps(part).lower()
