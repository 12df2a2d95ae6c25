"""A copy of the repository in which the tests of a file run the workflow."""

import pytest
from repositories import copy_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """One copy for all tests of a file."""
    return copy_repository(tmp_path_factory.mktemp("repository"))
