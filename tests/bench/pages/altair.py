# %% [markdown]
# # Events in Altair
# %%
import altair as alt
import pandas as pd

alt.data_transformers.disable_max_rows()
alt.renderers.enable("html", base_url="vega", embed_options={"renderer": "canvas"})
events = pd.read_json("EVENTS", convert_dates=False).drop(columns=["id", "end"])
events["sources"] = ["; ".join(f"{source['text']} <{source['url']}>" for source in row) for row in events["sources"]]
told = ["date", "title", "summary", "dispute", "note", "kind", "confidence", "who", "work", "where", "as_of", "sources"]
# %%
query = alt.param(name="query", value="", bind=alt.binding(input="search", name="Search events "))
kinds = sorted(events["kind"].unique())
kind = alt.param(
    name="kind", value=None, bind=alt.binding_select(options=[None, *kinds], labels=["all", *kinds], name="Kind ")
)
alt.Chart(events).mark_point().encode(
    x=alt.X("start:T", title=None),
    y=alt.Y("kind:N", title=None, scale=alt.Scale(domain=kinds)),
    color=alt.Color("kind:N", legend=None),
    tooltip=told,
).add_params(query, kind).transform_filter(
    "indexof(datum.text, lower(query)) >= 0 && (kind == null || datum.kind == kind)"
).properties(width=600, height=300)
