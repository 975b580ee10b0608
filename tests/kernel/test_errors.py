"""The class of an error decides what is done about it, and its text what a person can do."""

from pathlib import Path

from midspan.kernel.errors import ConfigurationError, MidspanError, Problem, TransientError


def test_an_error_says_its_code_place_and_remedy():
    """What is wrong, where, and what to do."""
    error = MidspanError("x.y", "it broke", remedy="Mend it", system="erp", stream="customers")

    assert str(error) == "[x.y] it broke (system erp, stream customers). Mend it"


def test_a_transient_error_ends_a_command_with_three():
    """0 ok, 1 findings, 2 configuration, 3 transient."""
    assert TransientError("x.y", "later").exit_code == 3
    assert MidspanError("x.y", "no").exit_code == 1


def test_a_configuration_error_lists_every_problem_at_its_place():
    """All at once, each with file, line and column."""
    error = ConfigurationError(
        [
            Problem("config.type", Path("a.yaml"), 3, 7, "expected a list"),
            Problem("config.missing", Path("b.yaml"), 0, 0, "gone", "Write it"),
        ]
    )

    assert "a.yaml:3:7: [config.type] expected a list" in str(error)
    assert "b.yaml: [config.missing] gone. Write it" in str(error)
    assert error.exit_code == 2
