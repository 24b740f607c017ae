"""Dates, amounts and sentences as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import used
from tests.collector.django_database import set_up_django

if TYPE_CHECKING:
    from collections.abc import Iterator

set_up_django()

from django.utils.translation import override  # noqa: E402

from keuring_collector.desk import causes, signals, texts, wording  # noqa: E402
from keuring_collector.desk.models import Ticket, TicketLine  # noqa: E402
from keuring_collector.fleet.models import Colleague, Endpoint  # noqa: E402

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(params=["en"], autouse=True)
def _english(request: pytest.FixtureRequest) -> Iterator[None]:
    with override(request.param):
        yield


def after(days: float) -> datetime:
    return NOW + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "english", "dutch"),
    [
        (0, "today", "vandaag"),
        (1, "tomorrow", "morgen"),
        (-1, "yesterday", "gisteren"),
        (5, "in 5 days", "over 5 dagen"),
        (21, "in 3 weeks", "over 3 weken"),
        (90, "in 3 months", "over 3 maanden"),
        (800, "in 2 years", "over 2 jaar"),
        (-13, "13 days ago", "13 dagen geleden"),
        (-30, "4 weeks ago", "4 weken geleden"),
    ],
)
def test_distances(days: int, english: str, dutch: str) -> None:
    assert wording.distance(after(days), NOW) == english
    with override("nl"):
        assert wording.distance(after(days), NOW) == dutch


def test_days_name_the_year_only_when_it_is_another() -> None:
    assert wording.day(after(20), NOW) == "14 December"
    assert wording.day(after(60), NOW) == "23 January 2027"
    with override("nl"):
        assert wording.day(after(20), NOW) == "14 december"


def test_a_day_is_the_desks_day() -> None:
    late = datetime(2026, 12, 13, 23, 30, tzinfo=UTC)  # half past midnight in Amsterdam
    assert wording.day(late, NOW) == "14 December"


def test_intervals_say_how_sure_they_are() -> None:
    assert wording.between(after(15), after(27), NOW) == ("between the 9th and the 21st of December, 8 out of 10 times")
    assert wording.between(after(4), after(47), NOW) == ("between 28 November and 10 January 2027, 8 out of 10 times")
    assert wording.between(after(15), after(15), NOW) == "on 9 December, 8 out of 10 times"
    with override("nl"):
        assert wording.between(after(15), after(27), NOW) == ("tussen de 9e en de 21e van december, 8 van de 10 keer")
    ends = [wording.ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 31)]
    assert ends == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "31st"]


@pytest.mark.parametrize(
    ("value", "unit", "english", "dutch"),
    [
        (0.934, "1", "93 %", "93 %"),
        (0.0312, "1", "3.1 %", "3,1 %"),
        (1.0, "1", "100 %", "100 %"),
        (8.25 * 2**30, "By", "8.2 GB", "8,2 GB"),
        (512 * 2**20, "By", "512 MB", "512 MB"),
        (-1.5 * 2**30, "By", "−1.5 GB", "−1,5 GB"),
        (81.5, "Cel", "81.5 °C", "81,5 °C"),
        (0.0032, "s", "3.2 ms", "3,2 ms"),
        (90, "s", "90 s", "90 s"),
        (3 * 86400, "s", "3 days", "3 dagen"),
        (1, "{error}", "1 error", "1 fout"),
        (1234, "{sector}", "1,234 sectors", "1.234 sectoren"),
        (2.4e9, "Hz", "2.4 GHz", "2,4 GHz"),
        (1e9, "bit/s", "1 Gbit/s", "1 Gbit/s"),
        (52.31, "W.h", "52.3 Wh", "52,3 Wh"),
        (float("nan"), "1", "unknown", "onbekend"),
        (7.5, "{something new}", "7.5", "7,5"),
    ],
)
def test_amounts(value: float, unit: str, english: str, dutch: str) -> None:
    assert wording.amount(value, unit) == english
    with override("nl"):
        assert wording.amount(value, unit) == dutch


def test_what_is_said_of_peers_is_no_reading_of_the_signal() -> None:
    assert wording.reading(42.0, "keuring.boot.duration", NOW, "machines") == "42"
    assert (
        wording.reading((NOW - timedelta(days=13)).timestamp(), "keuring.boot.duration", NOW, "dated") == "11 November"
    )
    assert wording.reading(42.0, "keuring.boot.duration", NOW, "usual") == "42 s"


def test_readings_follow_the_kind_of_the_signal() -> None:
    assert wording.reading(True, "keuring.reboot.pending", NOW) == "yes"
    assert wording.reading("ntfs", "keuring.filesystem.type", NOW) == "ntfs"
    assert wording.reading(after(20).timestamp(), "keuring.os.support_end", NOW) == "14 December"
    assert wording.reading(1e30, "keuring.os.support_end", NOW) == "unknown"
    assert wording.reading(0.004, "system.filesystem.utilization", NOW, "slope") == "+0.4 % a day"
    assert wording.reading(3.0, "keuring.smart.critical_warning", NOW) == "3"
    assert wording.reading(None, "host.name", NOW) == "unknown"
    assert wording.reading(12.0, "from.another.pack", NOW) == "12"


def test_what_a_sentence_counts_is_a_bare_number() -> None:
    assert wording.in_sentence(81.0, "keuring.smart.reallocated_sectors", NOW) == "81"
    assert wording.in_sentence(0.07, "keuring.smart.available_spare", NOW) == "7 %"


def test_every_signal_has_a_label_in_both_languages() -> None:
    from keuring.signals.catalogue import SIGNALS

    assert {signal.name for signal in SIGNALS} == set(signals.LABELS)
    for signal in SIGNALS:
        english = signals.label(signal.name)
        with override("nl"):
            dutch = signals.label(signal.name)
        assert english
        assert dutch
        assert signals.section_title(signals.section(signal.name))


def make_line(**fields: Any) -> TicketLine:
    colleague = Colleague(name="Sanne de Vries", mail="s@example.org")
    endpoint = Endpoint(host_name=fields.pop("machine", "LT-0231"), colleague=fields.pop("colleague", colleague))
    ticket = Ticket(pk=1, endpoint=endpoint, cause="volume-space", severity=3, opened_at=NOW, updated_at=NOW)
    evidence = fields.pop("evidence", used(0.88))
    dates = {"expected_at": after(20), "expected_low": after(15), "expected_high": after(27)}
    usual = {"subject": "C:", "severity": 3, "rule": "x", "since": NOW - timedelta(days=30), "judged_at": NOW}
    now = fields.pop("now", evidence)
    return TicketLine(ticket=ticket, evidence=evidence, evidence_now=now, **{**usual, **dates, **fields})


def pair(nl: str, en: str) -> SimpleNamespace:
    return SimpleNamespace(nl=nl, en=en)


RULE = SimpleNamespace(
    title=pair(
        "Schijf {subject} van {machine} is rond {date} vol", "Volume {subject} of {machine} is full around {date}"
    ),
    advice=pair("Bel {colleague}. Ruim op.", "- Call {colleague}.\n- Clear up, {{really}}: {value} of {limit}."),
    say=pair("{colleague}, je schijf is {value} vol.", "{colleague}, your volume is {value} full."),
)


def test_titles_say_what_will_happen_to_what_when() -> None:
    line = make_line()
    assert texts.title(line, RULE, "nl", NOW) == "Schijf C: van LT-0231 is rond 14 december vol"
    assert texts.title(line, RULE, "en", NOW) == "Volume C: of LT-0231 is full around 14 December"


def test_what_is_over_is_said_in_the_past() -> None:
    rule = SimpleNamespace(
        title=pair("De garantie van {machine} {expires}", "Support of {machine} {ends}"),
        advice=RULE.advice,
        say=RULE.say,
    )
    told = {days: texts.title(make_line(expected_at=after(days)), rule, "en", NOW) for days in (-1, 0, 20)}
    assert told == {
        -1: "Support of LT-0231 ended on 23 November",
        0: "Support of LT-0231 ends on 24 November",
        20: "Support of LT-0231 ends on 14 December",
    }
    dutch = {days: texts.title(make_line(expected_at=after(days)), rule, "nl", NOW) for days in (-400, 20)}
    assert dutch == {
        -400: "De garantie van LT-0231 verliep op 20 oktober 2025",
        20: "De garantie van LT-0231 verloopt op 14 december",
    }
    unknown = make_line(expected_at=None)
    assert texts.title(unknown, rule, "en", NOW) == "Support of LT-0231 ends on an unknown date"
    assert texts.title(unknown, rule, "nl", NOW) == "De garantie van LT-0231 verloopt op een onbekende datum"


def test_the_end_of_support_of_the_shipped_pack_is_past_once_it_is() -> None:
    from keuring_collector import rulepack

    rule = rulepack.load().by_name["os_support_ends"]
    line = make_line(expected_at=after(-30))
    assert (
        texts.title(line, rule, "nl", NOW)
        == "De ondersteuning van het besturingssysteem op LT-0231 stopte op 25 oktober"
    )
    assert "ended on 25 October" in texts.say(line, rule, "en", NOW)


def test_titles_escape_what_machines_say() -> None:
    from django.utils.safestring import SafeString

    line = make_line(machine="<b>x", subject="<script>alert(1)</script>")
    html = texts.title_html(line, RULE, "en", NOW, SafeString('<span class="plate">&lt;b&gt;x</span>'))
    assert "<script" not in html
    assert '<span class="plate">&lt;b&gt;x</span>' in html


def test_advice_comes_in_steps() -> None:
    line = make_line()
    assert texts.advice(line, RULE, "nl", NOW) == ["Bel Sanne.", "Ruim op."]
    assert texts.advice(line, RULE, "en", NOW) == ["Call Sanne.", "Clear up, {really}: 88 % of 98 %."]


def test_what_to_say_speaks_to_the_colleague_by_name() -> None:
    assert texts.say(make_line(), RULE, "nl", NOW) == "Sanne, je schijf is 88 % vol."
    assert texts.say(make_line(colleague=None), RULE, "nl", NOW) == "Collega, je schijf is 88 % vol."


def test_a_rule_that_is_gone_leaves_an_honest_title() -> None:
    line = make_line()
    assert texts.title(line, None, "en", NOW) == "Disk space: C: of LT-0231"
    assert texts.title(line, None, "nl", NOW) == "Schijfruimte: C: van LT-0231"
    assert texts.advice(line, None, "en", NOW) == []
    assert texts.say(line, None, "en", NOW).startswith("We noticed something on your computer: disk space.")
    assert texts.say(line, None, "nl", NOW).startswith("Er valt ons iets op aan je computer: schijfruimte.")


def test_why_gives_the_numbers_and_how_sure() -> None:
    line = make_line()
    assert texts.why(line, texts.LEVEL, "en", NOW) == (
        "Volume in use (C:) is 88 %, the limit is 98 %, it changes by +0.5 % a day"
    )
    assert texts.certainty(line, "en", NOW) == ("Expected between the 9th and the 21st of December, 8 out of 10 times.")
    measured = make_line(expected_at=None, expected_low=None, expected_high=None)
    assert texts.certainty(measured, "nl", NOW) == "Gemeten, niet voorspeld: het is zo sinds 25 oktober."
    certain = make_line(expected_low=after(20), expected_high=after(20))
    assert texts.certainty(certain, "en", NOW) == "Certain: the date is fixed."
    assert texts.why(make_line(evidence=[]), texts.LEVEL, "en", NOW) == ""


def test_growth_and_differences_are_not_called_levels() -> None:
    item = {"signal": "keuring.smart.reallocated_sectors", "statistic": 1, "subject": "sda"}
    line = make_line(evidence=[{**item, "role": "value", "value": 114.0}, {**item, "role": "limit", "value": 8.0}])
    growth = texts.Measure(growth_days=30, signal="keuring.smart.reallocated_sectors")
    assert not growth.is_level
    assert texts.why(line, growth, "en", NOW) == (
        "Sectors replaced by spares: growth in 30 days is 114 sectors, the limit is 8 sectors"
    )
    days = texts.Measure(growth_days=30, counts_days=True, signal="keuring.cpu.machine_check")
    assert days.name == "Errors of the processor itself: days with growth, in 30 days"
    minus = texts.Measure(minus="hw.temperature.limit", signal="hw.temperature")
    assert minus.name == "Temperature above “Maker's temperature limit”"


@pytest.mark.parametrize(
    ("role", "english", "dutch"),
    [
        ("curves", "batteries like it reach the limit at", "accu's als deze komen bij"),
        ("bend", "bending as batteries do, it reaches the limit at", "met de knik die accu's hebben komt hij bij"),
    ],
)
def test_why_says_whether_a_battery_was_dated_by_others_or_by_itself(role: str, english: str, dutch: str) -> None:
    health = {"signal": "keuring.battery.health", "statistic": 1, "subject": "BAT0"}
    cycles = {"signal": "keuring.battery.cycles", "statistic": 1, "subject": "BAT0"}
    evidence = [
        {**health, "role": "value", "value": 0.91},
        {**health, "role": "limit", "value": 0.8},
        {**cycles, "role": role, "value": 612.0},
    ]
    line = make_line(evidence=evidence)
    said = texts.why(line, texts.LEVEL, "en", NOW)
    assert f"{english} 612" in said
    assert f"{dutch} 612" in texts.why(line, texts.LEVEL, "nl", NOW)


def test_proofs_show_then_and_now() -> None:
    floor = {"role": "floor", "signal": "keuring.filesystem.available", "statistic": 1, "subject": "C:"}
    line = make_line(
        evidence=[*used(0.79), {**floor, "value": 51 * 2.0**30}],
        now=[*used(0.88), {**floor, "value": 29 * 2.0**30}],
    )
    rows = [(proof.label, proof.then, proof.now, proof.change) for proof in texts.proofs(line, texts.LEVEL, "en", NOW)]
    assert rows == [
        ("Volume in use (C:)", "79 %", "88 %", "+9 %"),
        ("Volume in use (C:), limit", "98 %", "98 %", ""),
        ("Volume in use (C:), change", "+0.5 % a day", "+0.5 % a day", ""),
        ("Space left (C:)", "51 GB", "29 GB", "−22 GB"),
    ]


def test_the_headline_is_the_most_urgent_that_still_holds() -> None:
    lines = [
        make_line(subject="gone", severity=4, active=False),
        make_line(subject="later"),
        make_line(subject="sooner", expected_at=after(3)),
    ]
    ticket = lines[0].ticket
    found = texts.headline(ticket, lines)
    assert found is not None
    assert found.subject == "sooner"
    assert texts.headline(ticket, []) is None


def test_examples_mark_their_blanks() -> None:
    html = texts.example("<i> {machine} is {{full}}", "nl")
    assert html == '&lt;i&gt; <i class="blank">machine</i> is {full}'


def test_every_cause_of_the_shipped_pack_has_a_name() -> None:
    from keuring_collector import rulepack

    named = {rule.cause for rule in rulepack.load().rules.values()}
    assert named <= set(causes.CAUSES)


def test_the_signs_of_a_risk_are_told_with_their_points() -> None:
    pending = "keuring.smart.pending_sectors"
    evidence = [
        {"role": "points", "signal": "", "statistic": 0, "subject": "sda", "value": 4.0},
        {"role": "limit", "signal": "", "statistic": 0, "subject": "sda", "value": 3.0},
        {"role": "value", "signal": pending, "statistic": 1, "subject": "sda", "value": 12.0},
        {"role": "points", "signal": pending, "statistic": 1, "subject": "sda", "value": 1.0},
        {"role": "growth", "signal": pending, "statistic": 1, "subject": "sda", "value": 5.0},
        {"role": "points", "signal": pending, "statistic": 2, "subject": "sda", "value": 3.0},
    ]
    ticket = Ticket(endpoint=Endpoint(host_name="LT-1"), state="new", cause="disk-failing")
    line = TicketLine(ticket=ticket, subject="sda", since=NOW, evidence=evidence, evidence_now=evidence)
    signs = ["Sectors wait", "More of them wait than last week"]
    rows = [(proof.label, proof.now) for proof in texts.proofs(line, texts.LEVEL, "en", NOW, signs)]
    assert rows == [
        ("Points together", "4"),
        ("Points together, limit", "3"),
        ("Sectors waiting to be replaced (sda)", "12 sectors"),
        ("Sectors wait: points", "1"),
        ("Sectors waiting to be replaced (sda), growth", "5 sectors"),
        ("More of them wait than last week: points", "3"),
    ]
    said = "The signs give 4 points together; it is noticed from 3 on"
    assert texts.why(line, texts.LEVEL, "en", NOW) == said
    assert texts.why(line, texts.LEVEL, "nl", NOW) == "De tekens geven samen 4 punten; vanaf 3 valt het op"
