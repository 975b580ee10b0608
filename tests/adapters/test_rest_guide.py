"""The example of docs/it/connect-rest.md runs as it is described there."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from adapters.rest import RestAdapter
from midspan.kernel.stream import Slice
from tests.adapters.building import ROOT, build, project, records
from tests.adapters.http_site import Answer, Asked, serve
from tests.adapters.rest_site import Api, reply, stamp


def test_the_page_for_it_runs(tmp_path: Path) -> None:
    """The example of docs/it/connect-rest.md reads a shop as it is described there."""
    page = (ROOT / "docs" / "it" / "connect-rest.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    api = Api.of(450)

    def shop(asked: Asked) -> Answer:
        if asked.path == "/api/v2/oauth/token":
            return reply({"access_token": "t", "expires_in": 60})
        url = urlsplit(asked.path)
        query = dict(parse_qsl(url.query))
        if url.path != "/api/v2/orders":
            return reply({"id": int(url.path.rpartition("/")[2]), "changed_at": stamp(1)})
        found = [
            {"id": one["id"], "changed_at": one["changed"]}
            for one in api.items
            if one["changed"] >= query.get("changed_since", "")
        ]
        start = (int(query["page"]) - 1) * int(query["limit"])
        cut = found[start : start + int(query["limit"])]
        return reply({"data": cut, "meta": {"total": len(found)}})

    with serve(shop) as site:
        folder = project(tmp_path, "shop", text)
        adapter = build(RestAdapter, folder, "shop", site.connection())
        whole = records(list(adapter.read("orders", Slice())))
        since = records(list(adapter.read("orders", Slice(lower=stamp(440)))))
        one = records(list(adapter.read("orders", Slice(keys=((7,),)))))
        report = adapter.check()
        adapter.close()

    assert [row["id"] for row in whole] == list(range(1, 451))
    assert [row["id"] for row in since] == list(range(440, 451))
    assert [row["id"] for row in one] == [7]
    assert report.ok
    assert report.streams[0].problem == ""
