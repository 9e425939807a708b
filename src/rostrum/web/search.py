"""Search over everything that has a name: each character of the text in order, whole words and beginnings first."""

from __future__ import annotations

from rostrum.model.runs import RunFilter
from rostrum.web.context import RequestContext


def score(text: str, name: str) -> float | None:
    """How well a name fits: lower is better, None when it does not."""
    wanted, have = text.lower(), name.lower()
    place = have.find(wanted)
    if place >= 0:
        boundary = place == 0 or have[place - 1] in "/_-. :"
        return (0.0 if boundary else 1.0) + place / 1000 + len(have) / 10_000
    at = -1
    gaps = 0
    for letter in wanted:
        following = have.find(letter, at + 1)
        if following < 0:
            return None
        gaps += following - at - 1
        at = following
    return 2.0 + gaps / 100 + len(have) / 10_000


def search(context: RequestContext, text: str, limit: int) -> list[dict[str, str]]:
    """Best hits first."""
    text = text.strip()
    if not text:
        return []
    catalog = context.catalog
    named: list[tuple[str, str, str, str]] = [
        ("asset", str(key), node.group, f"/a/{key}") for key, (_, node) in catalog.assets.items()
    ]
    named += [("job", name, location, f"/runs?job={name}") for location, name in catalog.jobs]
    named += [("automation", name, location, f"/automations/{location}/{name}") for location, name in catalog.schedules]
    named += [("check", str(key), "check", f"/a/{key.asset_key}?tab=checks") for key in catalog.checks]
    scored = [
        (found, kind, title, detail, href)
        for kind, title, detail, href in named
        if (found := score(text, title)) is not None
    ]
    scored.sort(key=lambda hit: (hit[0], hit[2]))
    hits = [
        {"kind": kind, "title": title, "detail": detail, "href": href}
        for _, kind, title, detail, href in scored[:limit]
    ]
    if len(text) >= 4 and all(letter in "0123456789abcdef-" for letter in text.lower()):
        runs = context.session.runs.list(RunFilter(run_id_part=text.lower()), limit=5).runs
        hits = [
            {"kind": "run", "title": r.run_id, "detail": f"{r.target.job} {r.status.value}", "href": f"/r/{r.run_id}"}
            for r in runs
        ] + hits
    return hits[:limit]
