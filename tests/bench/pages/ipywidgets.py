# %% [markdown]
# # Events in ipywidgets
# %%
import altair as alt
import ipywidgets as widgets
import pandas as pd
from IPython.display import display

alt.data_transformers.disable_max_rows()
alt.renderers.enable("html", base_url="vega", embed_options={"renderer": "canvas"})
events = pd.read_json("EVENTS", convert_dates=False).drop(columns=["id", "end"])
events["sources"] = ["; ".join(f"{source['text']} <{source['url']}>" for source in row) for row in events["sources"]]
told = ["date", "title", "summary", "dispute", "note", "kind", "confidence", "who", "work", "where", "as_of", "sources"]
# %%
kinds = sorted(events["kind"].unique())
query = widgets.Text(description="Search", continuous_update=True)
kind = widgets.SelectMultiple(options=kinds, value=kinds, description="Kinds")


def draw():
    left = events[events["text"].str.contains(query.value.lower(), regex=False) & events["kind"].isin(kind.value)]
    chart = alt.Chart(left.drop(columns="text")).mark_point()
    return chart.encode(
        x=alt.X("start:T", title=None),
        y=alt.Y("kind:N", title=None),
        color=alt.Color("kind:N", legend=None),
        tooltip=told,
    ).properties(width=600, height=300)


display(query, kind)
shown = display(draw(), display_id=True)
for control in (query, kind):
    control.observe(lambda change: shown.update(draw()), names="value")
