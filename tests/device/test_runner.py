"""Fails, to show that the runner can: ctest expects it to."""

import check


def test_passes():
    check.equal(1, 1)


async def test_fails():
    check.equal(1, 2)


check.run(globals())
