"""The figures of the keys alone in `visavis bench group` are of real groups."""

import pytest

from visavis.core.mls import SUITE_ID
from visavis.testing.group_rotations import rotations


@pytest.mark.parametrize("size", [2, 5])
def test_one_rotation_for_each_change(size: int) -> None:
    found = rotations(size, changes=2)
    assert (found.members, found.suite, found.rotations) == (size, SUITE_ID, 1)
    assert 1_000 < found.leave_commit_bytes < found.join_commit_bytes < 20_000
    assert found.welcome_bytes > 1_000
    assert min(found.make_ms, found.join_ms) > 0
    assert (found.process_ms > 0) == (size > 2)
