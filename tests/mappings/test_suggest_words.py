"""Words for states are read as what they mean beside each other."""

import pytest

from mappings.suggest import Sample, suggest


def drafted(words):
    rows = [(f"C{n:03}", f"Customer {n} Ltd", words[n % len(words)]) for n in range(40)]
    done = suggest(Sample("s", "customers", ("CUNO", "CUNAME", "CUSTATUS"), rows), "customer")
    return {one.field: one.expression for one in done.lines}["active"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["A", "I"], {"boolean": {"yes": ["A"], "no": ["I"]}}),
        (["A", "D"], {"boolean": {"yes": ["A"], "no": ["D"]}}),
        (["Active", "Inactive"], "boolean"),
    ],
)
def test_i_is_inactive_beside_active(words, wanted):
    """No draft says yes to every word there is."""
    assert drafted(words) == {"path": "CUSTATUS", "via": wanted}
