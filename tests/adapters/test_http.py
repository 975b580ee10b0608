"""The HTTP exchange: every bad answer has its class, and credentials stay where they belong."""

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from adapters.http import HttpClient
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply, parse_retry_after
from adapters.testing import FaultProxy
from adapters.testing.faults import Drip
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, TransientError
from midspan.kernel.gate import Timeouts
from tests.adapters.http_site import Answer, Site, serve

QUICK = Timeouts(connect=1.0, read=0.3, total=0.6)
SECRET = {"Authorization": "Session c2VjcmV0"}


def ask(site: Site, path: str = "/rpc", max_reply: int = 1000) -> Reply:
    with closing(HttpClient(site.connection(), max_reply)) as client:
        url = f"{site.connection().base_url}{path}"
        return client.exchange("POST", url, QUICK, headers=SECRET, body=b"{}")


@pytest.mark.parametrize(
    ("status", "cls", "code"),
    [
        (401, AccessDenied, "http.denied"),
        (403, AccessDenied, "http.denied"),
        (404, ProtocolError, "http.not_found"),
        (418, ProtocolError, "http.refused"),
        (304, ProtocolError, "http.refused"),
        (429, TransientError, "http.busy"),
        (500, TransientError, "http.busy"),
        (503, TransientError, "http.busy"),
    ],
)
def test_each_status_has_its_class(status: int, cls: type[MidspanError], code: str) -> None:
    """The status alone decides what is done about it."""
    with pytest.raises(cls) as caught:
        raise_for_status(Reply(status, {}, b"", "http://erp.example/rpc?token=1"))

    assert caught.value.code == code
    assert "token" not in str(caught.value)


def test_a_success_is_no_error() -> None:
    """Any 2xx passes."""
    raise_for_status(Reply(204, {}, b"", "http://erp.example/"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (None, None),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_every_form(text: str | None, seconds: float | None) -> None:
    """Seconds, a date that is past, nothing, and nonsense."""
    assert parse_retry_after(text) == seconds


def test_retry_after_may_be_a_date() -> None:
    """A date is turned into seconds from now."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert parse_retry_after(later) == pytest.approx(60, abs=3)


@pytest.mark.parametrize(
    ("answer", "cls", "code"),
    [
        (Answer(b"half", announced=400), TransientError, "http.truncated"),
        (Answer(b"x" * 1001), ProtocolError, "http.too_large"),
        (
            Answer(gzip.compress(b"x" * 500_000), headers={"Content-Encoding": "gzip"}),
            *(ProtocolError, "http.too_large"),
        ),
        (Answer(b"{}", headers={"Content-Encoding": "gzip"}), TransientError, "http.truncated"),
        (Answer(b"x" * 100, pause=0.05), TransientError, "http.timeout"),
        (Answer(b"xx", pause=1.0), TransientError, "http.timeout"),
        (
            Answer(status=308, headers={"Location": "/rpc"}),
            *(ProtocolError, "http.redirect"),
        ),
        (
            Answer(b"x" * 1001, status=302, headers={"Location": "/rpc"}),
            *(ProtocolError, "http.too_large"),
        ),
    ],
    ids=[
        *("half", "too large", "gzip bomb", "no gzip", "slow drip", "stalled", "redirect loop"),
        "large redirect",
    ],
)
def test_each_bad_reply_has_its_class(answer: Answer, cls: type[MidspanError], code: str) -> None:
    """What the network does wrong is told from what the system does wrong."""
    with serve(lambda _asked: answer) as site:
        began = time.monotonic()

        with pytest.raises(cls) as caught:
            ask(site)

        assert caught.value.code == code
        assert time.monotonic() - began < QUICK.total + QUICK.read + 0.5


def test_an_unreachable_host_is_a_passing_trouble() -> None:
    """Nobody listens there now; somebody may later."""
    with serve(lambda _asked: Answer()) as site:
        closed = site

    with pytest.raises(TransientError) as caught:
        ask(closed)

    assert caught.value.code == "http.unreachable"


def test_tls_against_a_plain_server_is_refused() -> None:
    """A handshake that fails needs a person, not a repetition."""
    with serve(lambda _asked: Answer(b"{}")) as site:
        connection = Connection("legacy", "https", "127.0.0.1", site.port)

        with closing(HttpClient(connection)) as client, pytest.raises(AccessDenied) as caught:
            client.exchange("POST", f"{connection.base_url}/", QUICK)

    assert caught.value.code == "http.tls"


def test_a_redirect_on_the_same_host_repeats_the_request() -> None:
    """A missing slash at the end of a path is the server's to mend."""
    moved = Answer(status=308, headers={"Location": "/rpc/"})
    with serve(lambda asked: Answer(b"ok") if asked.path == "/rpc/" else moved) as site:
        reply = ask(site)

        assert reply.body == b"ok"
        assert site.asked[1].body == b"{}"
        assert site.asked[1].headers["Authorization"] == SECRET["Authorization"]


def test_credentials_do_not_follow_a_redirect_to_another_host() -> None:
    """Whoever can answer for the system cannot send our password elsewhere."""
    with serve(lambda _asked: Answer(b"mine")) as thief:
        away = Answer(status=307, headers={"Location": f"http://localhost:{thief.port}/rpc"})
        with serve(lambda _asked: away) as site, pytest.raises(ProtocolError) as caught:
            ask(site)

        assert caught.value.code == "http.redirect"
        assert thief.asked == []


def test_an_address_that_can_be_read_in_two_ways_leads_nowhere() -> None:
    """What one parser takes for the user is another one's host: ours is who connects."""
    with serve(lambda _asked: Answer(b"mine")) as thief:
        double = f"http://127.0.0.1:{thief.port}\\@{{}}/rpc"
        with serve(lambda asked: Answer(status=307, headers={"Location": elsewhere})) as site:
            elsewhere = double.format(f"127.0.0.1:{site.port}")
            with pytest.raises(ProtocolError) as caught:
                ask(site)

        assert caught.value.code == "http.redirect"
        assert thief.asked == []


def test_a_redirect_to_no_address_is_told_as_one() -> None:
    """A broken Location is the system's mistake, not ours."""
    broken = Answer(status=302, headers={"Location": "http://[/rpc"})

    with serve(lambda _asked: broken) as site, pytest.raises(ProtocolError) as caught:
        ask(site)

    assert caught.value.code == "http.redirect"


def test_the_date_header_is_the_servers_clock() -> None:
    """It is aware, in UTC, and None when it is missing or nonsense."""
    headers = {"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}

    assert Reply(200, headers, b"", "").date == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert Reply(200, {"Date": "yesterday"}, b"", "").date is None
    assert Reply(200, {"Date": "Fri, 31 Dec 9999 23:59:59 -0100"}, b"", "").date is None
    assert Reply(200, {}, b"", "").date is None


def test_headers_that_drip_do_not_outwait_the_deadline() -> None:
    """Each byte comes in time, and the whole exchange does not; the next one is not hindered."""
    with (
        serve(lambda _asked: Answer(b"{}")) as site,
        FaultProxy(("127.0.0.1", site.port)) as proxy,
        closing(HttpClient(site.connection())) as client,
    ):
        url = "http://{}:{}/".format(*proxy.address)
        proxy.set(Drip(0.05))
        began = time.monotonic()
        with pytest.raises(TransientError) as caught:
            client.exchange("GET", url, QUICK)
        took = time.monotonic() - began
        proxy.heal()

        assert caught.value.code == "http.timeout"
        assert took < QUICK.total + 0.5
        time.sleep(QUICK.total)
        assert client.exchange("GET", url, QUICK).body == b"{}"


def test_see_other_is_followed_by_a_get() -> None:
    """What was posted was done: it is not posted again where its result is shown."""
    there = Answer(status=303, headers={"Location": "/result"})
    with serve(lambda asked: Answer(b"done") if asked.path == "/result" else there) as site:
        assert ask(site).body == b"done"

    assert [(asked.method, asked.body) for asked in site.asked] == [("POST", b"{}"), ("GET", b"")]


def test_a_redirect_that_is_not_followed_is_the_reply() -> None:
    """Whoever changes something decides by itself what a redirect says."""
    moved = Answer(status=302, headers={"Location": "/login"})
    with serve(lambda _asked: moved) as site, closing(HttpClient(site.connection())) as client:
        url = site.connection().base_url
        assert client.exchange("POST", f"{url}/", QUICK, follow=()).status == 302

    assert len(site.asked) == 1


def test_closing_ends_what_another_thread_waits_for() -> None:
    """At once; and nothing is asked through a closed client."""
    patient = Timeouts(connect=1, read=20, total=20)
    with (
        serve(lambda _asked: Answer(b"x" * 9, pause=9.0)) as site,
        closing(HttpClient(site.connection())) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        url = f"{site.connection().base_url}/"
        waiting = pool.submit(client.exchange, "GET", url, patient)
        while not site.asked:
            time.sleep(0.01)
        client.close()
        assert isinstance(waiting.exception(timeout=2), TransientError)

        with pytest.raises(MidspanError) as caught:
            client.exchange("GET", url, QUICK)
        assert caught.value.code == "http.closed"
