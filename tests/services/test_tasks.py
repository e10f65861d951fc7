"""Tasks in the background."""

import asyncio

from handstamp.services.tasks import stopped


async def test_a_task_is_over_when_it_was_stopped() -> None:
    """What it cleans up is done by then; none, and one that has ended, are fine too."""
    begun, cleaned = asyncio.Event(), list[str]()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("up")

    task = asyncio.get_running_loop().create_task(work())
    await begun.wait()
    await stopped(task)
    assert (task.cancelled(), cleaned) == (True, ["up"])
    await stopped(task)
    await stopped(None)


def test_a_task_of_another_loop_is_left() -> None:
    """It cannot be waited for here."""

    async def begin() -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(asyncio.sleep(3600))

    asyncio.run(stopped(asyncio.run(begin())))
