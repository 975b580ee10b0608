"""Finds out what a system holds: its models, their fields, keys and cursor candidates.

Guarantee: nothing is read but descriptions, counts and one page of stamps and numbers of each
model; a model that cannot be looked into is a remark and hides no other.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from adapters.discovery import describe
from adapters.rpc.client import RpcClient
from adapters.rpc.models import Models
from adapters.rpc.query import Query
from adapters.rpc.shape import reference
from adapters.rpc.spec import RpcStreamSpec
from midspan.kernel.catalog import Catalog, CatalogField, CatalogStream
from midspan.kernel.errors import AccessDenied, DriftError, MidspanError, ProtocolError, RecordError
from midspan.kernel.stream import Row

SAMPLE = 100
WIDEST_SAMPLE = 40

_TELLING = frozenset({"datetime", "date", "integer"})
_CANNOT = (AccessDenied, DriftError, ProtocolError, RecordError)


class Discovery:
    """Describes models."""

    def __init__(
        self,
        client: RpcClient,
        query: Query,
        models: Models,
        streams: Mapping[str, RpcStreamSpec],
    ) -> None:
        self._client = client
        self._query = query
        self._models = models
        self._configured: dict[str, list[str]] = {}
        for name, options in streams.items():
            self._configured.setdefault(options.model, []).append(name)

    def catalog(self, wanted: Sequence[str] | None) -> Catalog:
        """Return the models that are ``wanted``, all when None."""
        self._client.enter()
        remarks: list[str] = []
        labels = self._labels(remarks)
        names = list(labels) if wanted is None else list(wanted)
        streams = []
        for name in names:
            try:
                streams.append(self._stream(name, labels.get(name, ""), remarks))
            except _CANNOT as error:
                remarks.append(f"'{name}' cannot be looked into: {error}")
        now = self._client.now() or datetime.now(UTC)
        return Catalog(tuple(streams), now, tuple(remarks))

    def _labels(self, remarks: list[str]) -> dict[str, str]:
        """Return the models and their labels, configured ones even where none are listed."""
        try:
            listed = self._models.listed()
        except _CANNOT as error:
            remarks.append(f"models cannot be listed, only configured ones are shown: {error}")
            listed = None
        if listed is None and not remarks:
            remarks.append("discover.models is not said: only configured models are shown")
        return {**dict(listed or ()), **{name: "" for name in self._configured if not listed}}

    def _stream(self, model: str, label: str, remarks: list[str]) -> CatalogStream:
        count = self._count(model, remarks)
        declared = self._models.fields(model)
        columns = self._telling(declared)
        rows = [] if count == 0 else self._sample(model, columns, remarks)
        described = describe(
            columns, rows, declared=declared, key=(self._query.key,), now=self._client.now()
        )
        return CatalogStream(
            model,
            "model",
            described.fields,
            described.primary_key,
            described.key_evidence,
            described.cursors,
            count,
            label,
            {"model": model},
            tuple(self._configured.get(model, ())),
        )

    def _telling(self, declared: Sequence[CatalogField]) -> list[str]:
        """Return the fields whose values may tell a cursor; no person stands in them."""
        telling = [one.name for one in declared if one.type in _TELLING and not one.refers_to]
        return list(dict.fromkeys([self._query.key, *telling]))[:WIDEST_SAMPLE]

    def _sample(self, model: str, columns: Sequence[str], remarks: list[str]) -> list[Row]:
        try:
            page = self._query.rows(model, [], columns, SAMPLE)
        except _CANNOT as error:
            remarks.append(f"no row of '{model}' can be read: {error}")
            return []
        shaper = self._models.shaper(model)
        rows: list[Row] = []
        for at, row in enumerate(page.values):
            if at in page.damaged or not isinstance(row, dict):
                continue
            try:
                record = shaper.record(row)
            except RecordError:
                continue
            rows.append(tuple(_plain(record.get(name)) for name in columns))
        return rows

    def _count(self, model: str, remarks: list[str]) -> int | None:
        try:
            return self._query.count(model, [])
        except MidspanError as error:
            if not isinstance(error, _CANNOT):
                raise
            remarks.append(f"records of '{model}' cannot be counted ({error.code})")
            return None


def _plain(value: object) -> object:
    return reference(value) if isinstance(value, list | dict) else value
