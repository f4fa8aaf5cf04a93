"""What a page shows, drawn from very small tables, word for word: the texts in `approved/` were read by a person."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest
import small
from approved import same
from companion import Timeline, article, charts, notes, picture, question, reference, timelinejs
from companion.data import Tables
from companion.records import Record
from companion.timeline import ViewError, source_link

NASTY = '<b title="x">&'


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return small.tables(tmp_path_factory.mktemp("small"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts as what they are drawn from: drawing takes its time, and is looked at by itself."""
    monkeypatch.setattr(charts, "svg", lambda chart: f"<svg >\n{plan(chart.to_dict())}\n</svg>")


def plan(spec: dict[str, Any]) -> str:
    """A chart in lines: its own options, and for every layer the mark, the channels and the rows."""
    rows, lines = spec.pop("datasets"), []
    for layer in spec.pop("layer", [spec]):
        lines.append(f"mark {json.dumps(layer['mark'])}")
        lines += [f"  {name} {json.dumps(channel)}" for name, channel in layer["encoding"].items()]
        lines += [f"    {json.dumps(row, ensure_ascii=False)}" for row in rows[layer["data"]["name"]]]
    own = {name: spec[name] for name in ("width", "height", "padding", "autosize") if name in spec}
    return "\n".join([json.dumps(own), *lines])


def html(shown: Any) -> str:
    """HTML in which every element of a page that is a block stands in its own line."""
    text = shown if isinstance(shown, str) else shown._repr_mimebundle_()["text/html"]
    for tag in (
        "<p",
        "<li",
        "<div",
        "<ol",
        "<ul",
        "<dt",
        "<tr",
        "<svg",
        "<g",
        "<path",
        "<section",
        "<script",
        "<aside",
    ):
        text = text.replace(tag, f"\n{tag}")
    return text.strip()


def both(shown: Any) -> str:
    """What a reader sees, and the same in words."""
    return f"{html(shown)}\n\n---\n\n{shown._repr_mimebundle_()['text/plain']}"


@pytest.mark.parametrize("page", reference.PAGES)
def test_a_page_of_reference(tables: Tables, page: str) -> None:
    same(f"{page}.md", reference.PAGES[page](tables))


def test_the_page_of_data(tables: Tables) -> None:
    field = {"name": "a", "type": "string", "description": "What *it* is.", "example": "x_1"}
    fields = [
        field,
        field | {"name": "b", "type": "list", "vocabulary": ["one", "two"]},
        {"name": "c", "type": "string", "description": "One.", "references": "people", "constraints": {"enum": ["x"]}},
    ]
    resources = [
        {
            "name": "events",
            "path": "events.csv",
            "title": "Events_",
            "description": "All.",
            "schema": {"fields": fields},
        },
        {"name": "gaps", "path": "gaps.csv", "title": "Gaps", "description": "[Some]."},
    ]
    same("data.md", reference.data(tables, {"resources": resources}))


def test_without_a_correction_the_page_says_so(tables: Tables) -> None:
    none = Tables(tables | {"corrections": tables.corrections.head(0)})
    assert reference.corrections(none) == "No correction has been made yet."


def test_what_myst_would_read_as_markup_is_escaped() -> None:
    assert reference.plain(r"\ ` * _ { } [ ] < > # | ~ ^ $ @ a.b") == (
        r"\\ \` \* \_ \{ \} \[ \] \< \> \# \| \~ \^ \$ \@ a.b"
    )


class TestTheArticle:
    @pytest.mark.parametrize("paragraph", ["P01", "P02", "P03"])
    def test_a_paragraph_with_its_claims_and_notes(self, tables: Tables, paragraph: str) -> None:
        same(f"article-{paragraph}.html", both(article.paragraph(paragraph, tables)))

    def test_the_gravest(self, tables: Tables) -> None:
        same("article-gravest.html", both(article.gravest(tables)))

    def test_the_counts(self, tables: Tables) -> None:
        same("article-counts.html", both(article.counts(tables)))

    def test_the_claims_by_paragraph(self, tables: Tables, undrawn: None) -> None:
        same("article-by-paragraph.html", both(article.by_paragraph(tables)))

    def test_the_tables_of_the_book_are_taken_where_none_are_given(
        self, tables: Tables, undrawn: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(article, "load", lambda: tables)
        for page in (article.gravest, article.counts, article.by_paragraph):
            assert both(page()) == both(page(tables))
        assert article.paragraph("P01") == article.paragraph("P01", tables)


class TestTheQuestion:
    def test_the_map(self, tables: Tables) -> None:
        same("question-map.html", both(question.overview(tables)))

    @pytest.mark.parametrize("side", question.SIDES)
    def test_a_side(self, tables: Tables, side: str) -> None:
        same(f"question-{side}.html", both(question.side(side, tables)))

    def test_the_grounds(self, tables: Tables) -> None:
        same("question-grounds.html", both(question.grounds(tables)))

    def test_an_unknown_side_is_an_error(self, tables: Tables) -> None:
        with pytest.raises(KeyError, match="neither"):
            question.side("neither", tables)

    def test_the_tables_of_the_book_are_taken_where_none_are_given(
        self, tables: Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(question, "load", lambda: tables)
        assert question.overview() == question.overview(tables)
        assert question.side("choice") == question.side("choice", tables)
        assert both(question.grounds()) == both(question.grounds(tables))


class TestTheTimeline:
    def test_as_the_book_stores_it(self, tables: Tables, undrawn: None) -> None:
        same("timeline.html", html(Timeline(tables.events.iloc[:3], "All & more", tables)._stored()))

    def test_two_works_one_above_the_other(self, tables: Tables, undrawn: None) -> None:
        works: Any = [("A", "B"), ("A",), ("B",), ("B",)]
        events = tables.events.assign(works=works)
        same("timeline-works.html", html(Timeline(events, "Works", tables, compare=("A", "B"), name="works")._stored()))

    def test_its_first_view(self, tables: Tables, undrawn: None) -> None:
        timeline = Timeline(tables.events, tables=tables)
        view = {name: value for name, value in timeline.get_state().items() if not name.startswith("_")}
        for name in ("html", "layout", "tabbable", "tooltip", "rows"):
            view.pop(name, None)
        assert view == {
            "title": "Timeline",
            "name": "",
            "names": {"bo": "Bo & Co", "guild": "The Guild", "zoe": "Zoë Ash"},
            "lanes": ["film", "practice", "statement", "rule"],
            "panels": [""],
            "query": "",
            "kinds": ["film", "practice", "statement", "rule"],
            "from_year": None,
            "to_year": None,
            "who": "",
            "region": "",
            "confidence": "",
            "article": False,
            "path": "",
            "selected": "",
        }
        assert repr(timeline) == "Timeline('Timeline', 4 events, 2018 to 2020)"

    def test_reset_brings_the_first_view_back(self, tables: Tables, undrawn: None) -> None:
        timeline = Timeline(tables.events, tables=tables)
        first = timeline.get_state()
        timeline.query, timeline.kinds, timeline.from_year, timeline.to_year = "x", [], 1, 2
        timeline.who, timeline.region, timeline.confidence, timeline.path = "bo", "Ireland", "disputed", "first-steps"
        timeline.article = True
        timeline.reset()
        assert timeline.get_state() == first

    def test_a_name_will_do_where_its_id_is_meant(self, tables: Tables, undrawn: None) -> None:
        timeline = Timeline(tables.events, tables=tables)
        for given, taken in (("Bo & Co", "bo"), ("zoe", "zoe"), ("", "")):
            timeline.who = given
            assert timeline.who == taken
        timeline.who = "guild"
        assert list(timeline.visible["id"]) == ["rule-of-2018"]

    @pytest.mark.parametrize(
        ("name", "value", "known"),
        [
            ("who", "nobody", "bo, guild, zoe"),
            ("region", "Wales", "Ireland, United Kingdom"),
            ("confidence", "sure", "confirmed, disputed, reported"),
            ("path", "last-steps", "elsewhere, first-steps"),
            ("kinds", ["rule", "law"], "film, practice, rule, statement"),
        ],
    )
    def test_what_no_event_has_is_told(self, tables: Tables, undrawn: None, name: str, value: Any, known: Any) -> None:
        timeline = Timeline(tables.events, tables=tables)
        one = value if isinstance(value, str) else value[-1]
        with pytest.raises(ViewError, match=f"^no event of this timeline has '{one}' for {name}; they have {known}$"):
            setattr(timeline, name, value)
        assert getattr(timeline, name) == (["film", "practice", "statement", "rule"] if name == "kinds" else "")
        assert ViewError("x")._render_traceback_() == ["x"]
        with pytest.raises(ViewError, match=r"they have none$"):
            setattr(Timeline(tables.events.head(0), tables=tables), name, value)

    def test_the_search_reads_title_summary_and_names(self, tables: Tables, undrawn: None) -> None:
        texts = Timeline(tables.events, tables=tables)._texts
        assert texts["shoot"] == "The shoot of A < B\nTen weeks in all.\nBo & Co, Zoë Ash\nA, B"
        assert texts["rule-of-2018"] == "A rule “for all”\nThe guild asks.\nThe Guild\nA"

    def test_a_notebook_gets_the_same_as_a_page(self, tables: Tables, undrawn: None) -> None:
        timeline = Timeline(tables.events, "Both", tables)
        data, metadata = timeline._repr_mimebundle_()
        assert data["text/html"] == timeline._stored()
        assert data["text/plain"] == "Timeline('Both', 4 events, 2018 to 2020)"
        assert "application/vnd.jupyter.widget-view+json" in data
        assert metadata is not None

    def test_a_frame_of_ones_own_needs_three_columns(self, tables: Tables, undrawn: None) -> None:
        nan = float("nan")
        own = pd.DataFrame(
            [
                {"id": "b", "date": "1999", "title": "Two\r\x00\ud800", "people": "zoe;;New <b>", "sources": "own;law"},
                {"id": "a", "date": "1999-12", "title": "One", "kind": None, "works": ["W", nan], "regions": nan},
            ]
        )  # fmt: skip
        same(
            "timeline-own.html",
            html(Timeline(own, "¿", Tables(people=tables.people, sources=tables.sources))._stored()),
        )

    def test_no_events(self, tables: Tables) -> None:
        empty = Timeline(tables.events.head(0), "None", tables)
        assert repr(empty) == "Timeline('None', 0 events)"
        assert empty.visible.empty
        same("timeline-empty.html", html(empty._stored()))

    def test_events_of_no_day_twice_or_of_no_work_are_refused(self, tables: Tables) -> None:
        rows = [{"id": "a", "date": "2020", "title": "x"}] * 2
        with pytest.raises(ValueError, match=r"^the events have the id 'a' twice$"):
            Timeline(pd.DataFrame(rows), tables=tables)
        with pytest.raises(ValueError, match=r"^the event 'a' belongs to none of the works compared: V, W$"):
            Timeline(pd.DataFrame(rows[:1]), tables=tables, compare=("V", "W"))
        for no_day in ({"date": "2020-02-30", "end_date": "2021"}, {"end_date": "2020-13"}):
            with pytest.raises(ValueError, match="there is no such day"):
                Timeline(pd.DataFrame([rows[0] | no_day]), tables=tables)

    def test_a_year_of_many_events_stands_in_lists_of_fifty(self, tables: Tables, undrawn: None) -> None:
        many = pd.DataFrame([{"id": f"e{n:03}", "date": "2020", "title": "x", "kind": "law"} for n in range(401)])
        text = Timeline(many, tables=tables)._stored()
        lists = [part.count("<li id=") for part in text.split('<ol role="list">')[1:]]
        assert lists == [50] * 8 + [1]
        assert '<section class="timeline timeline-large"' in text
        assert 'timeline-large"' not in Timeline(many.head(400), tables=tables)._stored()

    def test_timelinejs_gets_the_visible_events(self, tables: Tables, undrawn: None, tmp_path: Path) -> None:
        timeline = Timeline(tables.events, tables=tables)
        timeline.kinds = ["practice", "rule"]
        frame = timeline.to_timelinejs(tmp_path / "out.csv")
        same("timelinejs.csv", (tmp_path / "out.csv").read_text("utf-8"))
        assert list(frame) == list(timelinejs.COLUMNS)
        assert set(frame["Media"]) == {""}
        timeline.query = "no such word"
        assert list(timeline.to_timelinejs()) == list(timelinejs.COLUMNS)

    def test_timelinejs_gets_text_and_no_markup(self, tables: Tables, undrawn: None) -> None:
        event = {"id": "a", "date": "2020-05", "end_date": "2021", "title": NASTY, "summary": NASTY, "dispute": NASTY}
        row = Timeline(pd.DataFrame([event]), tables=tables).to_timelinejs().iloc[0]
        text = "&lt;b title=&quot;x&quot;&gt;&amp;"
        assert (row["Headline"], row["Text"]) == (text, f"<p>{text}</p><p>The other side: {text}</p>")
        assert list(row)[:8] == ["2020", "05", "", "", "2021", "", "", ""]

    @pytest.mark.parametrize(
        ("source", "link"),
        [
            ({"title": "A <b>"}, "“A &lt;b&gt;”"),
            (
                {
                    "title": "T",
                    "publisher": "P & Q",
                    "date": "2020-05",
                    "lang": "de",
                    "copy": True,
                    "url": "http://x/?a&b",
                },
                '<a href="http://x/?a&amp;b">P &amp; Q, “<span lang="de">T</span>”, May 2020 (copy)</a>',
            ),
            ({"title": "T", "publisher": "", "date": "", "lang": "", "copy": False, "url": ""}, "“T”"),
        ],
    )
    def test_a_link_to_a_source_says_where_it_goes(self, source: dict[str, Any], link: str) -> None:
        assert source_link(source) == link


class TestCharts:
    def record(self, number: int, when: str, **other: Any) -> Record:
        day, texts = date.fromisoformat(when), ("date", "end_date", "summary", "dispute", "as_of", "note")
        lists = ("regions", "people", "organisations", "works", "sources", "claims", "corrections")
        known: dict[str, Any] = (
            dict.fromkeys(texts, "") | {name: [] for name in lists} | {"kind": "law", "confidence": "confirmed"}
        )
        known |= {"id": f"e{number}", "title": f"T{number}", "panels": [0], "who": {}, "first": day, "last": day}
        return Record(**known | other)

    def test_a_table_has_headers_and_dates_in_words(self) -> None:
        rows = pd.DataFrame({"name": [NASTY, "b"], "date": ["2018-10", "2019"], "n": [1, 2]}, index=["x", "y"])
        same("chart-table.html", both(charts.table(rows, f"About {NASTY}")))
        assert list(rows["date"]) == ["2018-10", "2019"]

    def test_a_timeline_is_drawn(self) -> None:
        marks = [
            self.record(1, "2019-03-05", last=date(2019, 6, 1), title="A & b"),
            self.record(2, "2020-01-01", kind="film"),
        ]
        same("chart-timeline.html", both(picture.draw(marks)))

    def test_a_figure(self) -> None:
        rows = pd.DataFrame({"a": [1, 2.123456], "b": ["x", "y"]})
        chart = alt.Chart(rows).mark_bar().encode(x="a:Q", y="b:N").properties(height=40)
        figure = charts.figure(chart, caption=f"C {NASTY}", alt_text=f"A {NASTY}", rows=rows, source=f"S {NASTY}")
        same("chart-figure.html", both(figure))
        bare = charts.figure(chart, caption="C", alt_text="A")
        assert bare._repr_mimebundle_()["text/plain"] == "Chart: A"
        assert bare.html().endswith(
            f'C <span class="chart-source">{html_text(charts.SOURCE)}</span></figcaption></figure>'
        )

    def test_a_busy_end_of_a_long_time_gets_the_room(self, undrawn: None) -> None:
        records = [self.record(0, "1950-06-01", last=date(1951, 2, 1), confidence="disputed", kind="own")]
        records += [self.record(n, f"20{10 + n // 3}-05-0{n % 3 + 1}", confidence="reported") for n in range(1, 21)]
        same("chart-busy.html", both(picture.draw(records)))

    def test_above_some_hundreds_the_events_are_counted(self, undrawn: None) -> None:
        records = [self.record(n, f"{2000 + n % 3}-0{n % 9 + 1}-01") for n in range(401)]
        same("chart-counted.html", both(picture.draw(sorted(records, key=lambda record: record.first))))

    @pytest.mark.parametrize(
        ("domain", "plot", "years"),
        [
            ([2018, 2021], 600, [2018, 2019, 2020]),
            ([2000, 2021], 600, list(range(2000, 2021, 2))),
            ([2000, 2021], 250, [2000, 2005, 2010, 2015, 2020]),
            ([1950, 2000, 2021], 600, [1950, *range(2000, 2021, 2)]),
            ([1, 2021], 600, [200 * n for n in range(0)] + [1000, 2000]),
            ([1000, 2021], 600, [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900, 2000]),
            ([0, 20], 600, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]),
            ([0, 15], 600, list(range(15))),
            ([0, 75], 600, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70]),
        ],
    )
    def test_years_are_named_where_there_is_room(self, domain: list[int], plot: float, years: list[int]) -> None:
        assert picture._ticks(domain, plot) == years

    def test_lanes_keep_their_order_and_take_unknown_kinds_last(self) -> None:
        kinds = [self.record(1, "2020-01-01", kind=kind) for kind in ("zed", "law", "own", "film", "law")]
        assert picture.lanes(kinds) == ["film", "law", "own", "zed"]
        assert charts.kind_colours(["law", "own"]).to_dict() == {
            "domain": ["law", "own"],
            "range": ["var(--kind-law, #777)", "var(--kind-own, #777)"],
        }


def html_text(text: str) -> str:
    return text.replace("'", "&#x27;")


class TestNotes:
    LINKS = (
        '<a href="anora.html#event-talk"><a href="#event-shoot"><a href="article.html#claim-P01-1">'
        '<a href="#claim-P03-1">'
        '<a href="x#measure-count-2020"><a href="y#source-paper"><a href="#source-law"><a href="p#person-zoe">'
        '<a href="glossary.html#term-nudity-rider"><a href="g#term-NR"><a href="g#term-barrier"><a href="#term-none">'
        '<a href="#event-none"><a href="#other-talk"><a title="#event-opening"><a href="#source-none">'
    )

    def test_of_a_page(self, tables: Tables) -> None:
        text = notes.of_page(self.LINKS, tables)
        head, _, rest = text.partition(">")
        assert head == '<script type="application/json" id="notes"'
        held = json.loads(rest.removesuffix("</script>"))
        same("notes.json", json.dumps(held, ensure_ascii=False, indent=1))
        assert "<" not in rest.removesuffix("</script>")
        assert "Zoë" in rest
        assert "},{" not in rest
        assert '":["' in rest

    def test_on_paper_a_page_names_its_sources(self, tables: Tables) -> None:
        same("notes-on-paper.html", html(notes.on_paper(self.LINKS + '<a href="#source-old">', tables)))
        assert notes.on_paper('<a href="#event-talk">', tables) == ""
        assert notes.on_paper('<a href="#source-none">', tables) == ""

    def test_an_event_without_a_source_or_a_claim_without_one_says_nothing_of_sources(self, tables: Tables) -> None:
        assert notes._sources((), tables) == ""
        assert notes._sources(("paper", "law", "paper"), tables) == "Sources: The Paper, A Parliament"
