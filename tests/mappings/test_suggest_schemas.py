"""Suggestions are mostly right for schemas they know nothing of, and know when they are not.

Each schema is judged without the names of the system it comes from. Those under ``untouched``
were written after the lexicon and its weights, judged, and never tuned for.
"""

import pytest

from mappings.suggest import Lexicon
from tests.mappings.suggest_corpus import FOLDER, judge, read_schemas, report

RIGHT = 0.8
CONFIDENTLY_WRONG = 0.05


@pytest.fixture(scope="module")
def judged():
    """Judge every labelled schema, each without its own system's names."""
    return [judge(schema) for schema in read_schemas()]


def test_most_fields_of_schemas_are_found(judged):
    """At least four of five mappable fields, by the right columns and no others."""
    shares = report(judged)

    assert shares["schemas"] >= 40
    assert shares["right"] >= RIGHT, {one.schema.name: (one.wrong, one.lost) for one in judged}


def test_what_is_called_confident_is_seldom_wrong(judged):
    """At most one in twenty; and being careful is no way out: most of the right are confident."""
    shares = report(judged)
    wrong = {one.schema.name: one.confidently_wrong for one in judged if one.confidently_wrong}

    assert shares["confidently_wrong"] <= CONFIDENTLY_WRONG, wrong
    assert shares["confident"] >= 0.7 * shares["mappable"]


def test_a_streams_entity_is_told(judged):
    """Customers, products and prices are taken for what they are; orders for none of them."""
    taken = {one.schema.name: one.entity for one in judged}

    assert taken["sap_vbak"] == ""
    assert report(judged)["entity"] >= 0.9, taken


def test_schemas_nobody_tuned_for_are_found_as_well():
    """The same promise for those that were written afterwards."""
    judged = [judge(schema) for schema in read_schemas(FOLDER / "untouched")]
    shares = report(judged)

    assert shares["schemas"] >= 3
    assert shares["right"] >= RIGHT, {one.schema.name: (one.wrong, one.lost) for one in judged}
    assert shares["confidently_wrong"] <= CONFIDENTLY_WRONG


def test_a_systems_own_names_help_where_words_do_not():
    """SAP's six letters say nothing by themselves."""
    schemas = [one for one in read_schemas() if one.family == "SAP" and one.truth]
    with_names = report([judge(one, Lexicon()) for one in schemas])

    assert with_names["right"] >= 0.95
    assert with_names["confidently_wrong"] == 0
