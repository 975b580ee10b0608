"""An ordinary JSON-RPC client of Tryton, as a clerk's program would be one.

Guarantee: a call returns Tryton's result or raises; it never retries, and a failed call changed
nothing, because Tryton rolls its transaction back. It shares no code with the platform's
adapters, so that the demo judges them by something else than themselves.
"""

import base64
import http.client
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from midspan.kernel.errors import MidspanError

TIMEOUT_S = 30.0
Record = Mapping[str, Any]


class Client:
    """One login at one database; `context` goes with every call."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self._address = urlsplit(url).netloc
        self._path = f"/{database}/rpc/"
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self.context: dict[str, Any] = {}
        self._log_in(user, password)

    def call(self, method: str, *arguments: Any) -> Any:
        """Call `model.<name>.<method>` with `arguments`, and the context behind them.

        Raises `MidspanError`: `demo.erp_refused` when Tryton says no in the reply,
        `demo.erp_http` for any other HTTP status than 200.
        """
        return self._post(method, [*arguments, self.context])

    def search(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], limit: int | None = None
    ) -> list[Record]:
        """Return the records that `domain` selects, in order of their ids."""
        found: list[Record] = self.call(
            f"model.{model}.search_read", domain, 0, limit, [["id", "ASC"]], list(fields)
        )
        return found

    def _log_in(self, user: str, password: str) -> None:
        answer = self._post("common.db.login", [user, {"password": password}, "en"])
        token = base64.b64encode(f"{user}:{answer[0]}:{answer[1]}".encode()).decode()
        self._headers["Authorization"] = f"Session {token}"
        preferences = self.call("model.res.user.get_preferences", True)
        self.context = {"company": preferences["company"], "language": preferences["language"]}

    def _post(self, method: str, parameters: Sequence[Any]) -> Any:
        body = json.dumps({"id": 0, "method": method, "params": parameters})
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
        finally:
            connection.close()
        if status != HTTPStatus.OK:
            raise MidspanError("demo.erp_http", f"the ERP answered {method} with HTTP {status}")
        answer = json.loads(content)
        if "error" in answer:
            kind = answer["error"][0]
            raise MidspanError("demo.erp_refused", f"the ERP refused {method} with {kind}")
        return answer["result"]
