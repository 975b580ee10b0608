"""A secret shows nowhere but where it is asked for by name."""

import logging

from midspan.kernel.redaction import Secret, mask_url


def test_a_secret_is_masked_wherever_it_is_printed(caplog):
    """In repr, str, format and logs."""
    secret = Secret("hunter2")

    logging.getLogger("test").warning("%s %r %s", secret, secret, [secret])
    shown = f"{secret} {secret!r} {secret:>10} {caplog.text}"

    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


def test_a_url_keeps_everything_but_its_password():
    """Host, port and path stay: they are what a person needs."""
    assert mask_url("amqp://me:pw@host:5672/v?x=1") == "amqp://me:***@host:5672/v?x=1"
    assert mask_url("amqp://host/v") == "amqp://host/v"
