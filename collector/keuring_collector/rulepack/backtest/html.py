"""The answer as one page that needs nothing else: no script, no font, no picture, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.rulepack.backtest.texts import TEXTS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

BAR: Final = 320  # pixels of the longest
STYLE: Final = """
:root { color-scheme: light dark; --text: #1c1c1c; --soft: #595959; --line: #d0d0d0; --page: #ffffff; --bar: #1f6feb; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececec; --soft: #b0b0b0; --line: #444444; --page: #161616; --bar: #6ea8fe; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 2rem auto;
  max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; }
p.soft { color: var(--soft); }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1.5rem 0; }
caption { text-align: left; padding: .25rem 0; font-weight: 600; font-size: 1.05rem; white-space: nowrap; }
caption::first-letter { text-transform: uppercase; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.bars svg { display: block; } td.bars rect { fill: var(--bar); }
@media print { body { max-width: none; margin: 0; } }
"""


def page(data: dict[str, Any], language: str) -> str:
    """The report (report.py) as HTML, in "nl" or "en"."""
    return "\n".join(_Page(data, language).lines()) + "\n"


def part(data: dict[str, Any], language: str, link: Callable[[str], str], most: int) -> str:
    """The report as a part of another page, below its h1: machines lead to ``link(identity)``, no list is longer than
    ``most``. Without styles: the other page has classes for bars, number, soft and wide.
    """
    return "\n".join(_Page(data, language, link, most).content())


class _Page:
    def __init__(
        self, data: dict[str, Any], language: str, link: Callable[[str], str] | None = None, most: int | None = None
    ) -> None:
        self.data = data
        self.language = language
        self.texts = TEXTS[language]
        self.link = link
        self.most = most

    def text(self, key: str, **values: object) -> str:
        return escape(self.texts[key].format(**values))

    def word(self, word: str) -> str:
        return WORDS[self.language].get(word, word.replace("_", " "))

    def number(self, value: float | None, digits: int = 1) -> str:
        if value is None:
            return ""
        text = f"{value:,.{digits}f}" if isinstance(value, float) else f"{value:,}"
        return text if self.language == "en" else text.translate(str.maketrans(",.", ".,"))

    def share(self, value: float) -> str:
        return f"{value:.0%}" if self.language == "en" else f"{value * 100:.0f} %"

    def lines(self) -> Iterator[str]:
        title = self.text("title", rules=", ".join(dict.fromkeys(rule["name"] for rule in self.data["rules"])))
        yield "<!doctype html>"
        yield f'<html lang="{self.language}"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{title}</title><style>{STYLE}</style></head><body><main>"
        yield f"<h1>{title}</h1>"
        yield from self.content()
        yield "</main></body></html>"

    def content(self) -> Iterator[str]:
        yield from self.history()
        if self.data["comparison"] is not None:
            yield from self.comparison(self.data["comparison"])
        for number, rule in enumerate(self.data["rules"]):
            mark = f"{'AB'[number]}: " if len(self.data["rules"]) > 1 else ""
            yield from self.rule(rule, mark)

    def history(self) -> Iterator[str]:
        history, period = self.data["history"], self.data["period"]
        if not history["with_history"]:
            yield f"<p>{self.text('none')}</p>"
            return
        raw, points = history["raw_from"], history["daily_points"]
        how = "points" if raw is None else "both" if points else "raw"
        yield f"<p>{self.text('period', first=period['from'], last=period['to'])}: {self.text(how, date=raw)}</p>"
        some = self.text("of", some=self.number(history["with_history"]), all=self.number(history["machines"]))
        yield (
            f'<p class="soft">{some} {self.text("machines")}; {self.number(history["windows"])} '
            f"{self.text('windows')}, {self.text('daily')} {self.number(points)}</p>"
        )
        if not history["measured"]:
            yield f"<p>{self.text('unmeasured')}</p>"
        yield f'<p class="soft">{self.text("left_out")}</p>'
        if history["machines_with_guessed_times"]:
            yield f'<p class="soft">{self.text("guessed", count=history["machines_with_guessed_times"])}</p>'

    def rule(self, rule: dict[str, Any], mark: str) -> Iterator[str]:
        tickets = rule["tickets"]
        state = self.word(rule["maturity"]) if rule["saved"] else f"{rule['file']}, {self.texts['unsaved']}"
        yield f"<h2>{mark}{escape(rule['name'])}</h2>"
        yield (
            f'<p class="soft">{escape(state)}; {self.text("severity")} {escape(self.word(rule["severity"]))}; '
            f"{self.text('cause')} {escape(rule['cause'])}</p>"
        )
        rows = [
            (self.texts["tickets"], self.number(tickets["opened"])),
            (self.texts["machines"], self.number(tickets["machines"])),
            (self.texts["per_week"], self.number(tickets["per_week"], 2)),
            (self.texts["per_100"], self.number(tickets["per_week_of_100_machines"], 2)),
            (self.texts["at_start"], self.number(tickets["at_start"])),
            (self.texts["reopened"], self.number(tickets["reopened"])),
            (self.texts["open_at_end"], self.number(tickets["open_at_end"])),
        ]
        yield from self.table(self.texts["tickets"], ("", self.texts["count"]), rows, {1})
        yield from self.results(rule)
        yield from self.weeks(rule["weeks"])
        for title, one in (("departments", "department"), ("models", "model")):
            groups = [
                (
                    row["name"] or self.texts["unknown"],
                    self.number(row["machines"]),
                    self.number(row["with_ticket"]),
                    self.number(row["tickets"]),
                )
                for row in rule[title]
            ]
            head = tuple(self.texts[name] for name in (one, "machines", "with", "tickets"))
            yield from self.table(self.texts[title], head, groups, {1, 2, 3})
        yield from self.list(rule["list"])
        yield from self.missed(rule["missed"])

    def results(self, rule: dict[str, Any]) -> Iterator[str]:
        rows = [(self.texts[name], self.number(count)) for name, count in rule["results"].items() if count]
        yield from self.table(self.texts["results"], (self.texts["result"], self.texts["count"]), rows, {1})
        right = rule["right"]
        if right is not None:
            low, high = self.share(right["low"]), self.share(right["high"])
            yield f"<p>{self.text('right', share=self.share(right['share']), of=right['of'], low=low, high=high)}</p>"
        lead = rule["lead"]
        spreads = [(self.texts["lead_all"], lead), *((self.word(kind), each) for kind, each in lead["by"].items())]
        table = [
            (
                name,
                self.number(each["count"]),
                self.number(each["median_days"]),
                f"{self.number(each['quarter_days'])} – {self.number(each['three_quarter_days'])}",
            )
            for name, each in spreads
            if each["count"]
        ]
        head = tuple(self.texts[name] for name in ("problem", "count", "median", "half"))
        yield from self.table(self.texts["lead"], head, table, {1, 2, 3})

    def weeks(self, weeks: Sequence[dict[str, Any]]) -> Iterator[str]:
        most = max((week["opened"] for week in weeks), default=0)
        if not most:
            return
        yield f'<div class="wide"{self.reachable(self.texts["weeks"])}><table><caption>{self.text("weeks")}</caption>'
        names = "".join(f'<th scope="col">{self.text(name)}</th>' for name in ("week", "begins", "tickets"))
        yield f"<thead><tr>{names}<td></td></tr></thead><tbody>"
        for week in weeks:
            bar = f'<rect width="{round(BAR * week["opened"] / most)}" height="14"/>'
            yield (
                f'<tr><th scope="row">{week["week"]}</th><td>{week["begins"]}</td>'
                f'<td class="number">{week["opened"]}</td>'
                f'<td class="bars" aria-hidden="true"><svg width="{BAR}" height="14">{bar}</svg></td></tr>'
            )
        yield "</tbody></table></div>"

    def list(self, tickets: Sequence[dict[str, Any]]) -> Iterator[str]:
        rows = [
            (
                each["machine"],
                each["department"],
                each["model"],
                ", ".join(each["subjects"]),
                self.word(each["severity"]),
                each["opened"][:10],
                (each["closed"] or self.texts["open"])[:10],
                each["expected"] or "",
                self.word(each["result"]),
                self.word(each["because"]) if each["because"] else "",
                self.number(each["lead_days"]),
            )
            for each in tickets
        ]
        names = ("machine", "department", "model", "about", "severity", "opened", "closed", "expected", "result",
                 "because", "days")  # fmt: skip
        links = [each["identity"] for each in tickets]
        yield from self.table(self.texts["list"], tuple(self.texts[name] for name in names), rows, {10}, links)

    def missed(self, missed: Sequence[dict[str, Any]]) -> Iterator[str]:
        rows = [(each["machine"], each["subject"], self.word(each["kind"]), each["date"][:10]) for each in missed]
        head = tuple(self.texts[name] for name in ("machine", "about", "problem", "date"))
        yield from self.table(self.texts["missed_list"], head, rows, set(), [each["identity"] for each in missed])

    def comparison(self, comparison: dict[str, Any]) -> Iterator[str]:
        both, first, second = (comparison[name] for name in ("both", "only_first", "only_second"))
        yield f"<h2>{self.text('compare')}</h2>"
        yield f"<p>{self.text('compare_text', both=both, first=first, second=second)}</p>"
        rows = [
            (
                each["machine"],
                ", ".join(each["subjects"]),
                (each["first"] or "–")[:10],
                (each["second"] or "–")[:10],
                self.number(each["earlier_days"]),
            )
            for each in comparison["pairs"]
        ]
        head = tuple(self.texts[name] for name in ("machine", "about", "opened_a", "opened_b", "earlier"))
        links = [each["identity"] for each in comparison["pairs"]]
        yield from self.table(self.texts["compare"], head, rows, {4}, links)

    def table(
        self,
        title: str,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        numbers: set[int],
        identities: Sequence[str] = (),
    ) -> Iterator[str]:
        """A table with its heading; nothing when it has no rows. ``identities``: of the rows' machines."""
        found = list(rows)
        if not found:
            return
        yield f'<div class="wide"{self.reachable(title)}><table><caption>{escape(title)}</caption>'
        kinds = [' class="number"' if place in numbers else "" for place in range(len(head))]
        names = (
            f'<th scope="col"{kind}>{escape(name)}</th>' if name else "<td></td>"
            for kind, name in zip(kinds, head, strict=True)
        )
        yield f"<thead><tr>{''.join(names)}</tr></thead><tbody>"
        for number, (first, *others) in enumerate(found[: self.most]):
            cells = "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds[1:], others, strict=True))
            name = escape(first)
            if self.link is not None and identities and identities[number]:
                name = f'<a href="{escape(self.link(identities[number]))}">{name}</a>'
            yield f'<tr><th scope="row">{name}</th>{cells}</tr>'
        yield "</tbody></table></div>"
        if self.most is not None and len(found) > self.most:
            yield f'<p class="soft">{self.text("more", count=self.number(len(found) - self.most))}</p>'

    def reachable(self, title: str) -> str:
        """What lets a table that is wider than a phone be scrolled by keyboard, and says what it is."""
        return f' role="group" tabindex="0" aria-label="{escape(title)}"'
