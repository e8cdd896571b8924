"""Running a system by hand: what can happen, said in the words of the actions, and taking one of them."""

from everyway import System, World


def start(system: System) -> World:
    """Return the only world at the start."""
    (world,) = system.initial()
    return world


def offered(system: System, world: World) -> list[str]:
    """Return everything that can happen, in words and in order."""
    return [str(action) for action, _ in system.steps(world)]


def after(system: System, *deeds: str, world: World | None = None) -> World:
    """Return the world after the steps that are called this, one after the other."""
    world = world or start(system)
    for deed in deeds:
        found = {str(action): then for action, then in system.steps(world)}
        assert deed in found, f"'{deed}' is not offered, but {list(found)}"
        world = found[deed]
    return world
