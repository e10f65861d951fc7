"""The page about outages says what the tests of outages have seen."""

from outages import PAGE, page_as_it_should_be


def test_the_table_on_the_page_is_the_one_that_is_tested() -> None:
    """After a change: ``python tests/outages.py``."""
    assert PAGE.read_text(encoding="utf-8") == page_as_it_should_be()
