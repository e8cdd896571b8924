"""A model that misbehaves: one clear error, code 2, and a traceback only for --debug."""

from __future__ import annotations

import pytest

MODEL = '''
from attrs import frozen

from everyway import Message, Node, NodeId, Protocol, always, choice, on, volatile


class Ping(Message): ...


@frozen
class Player(Node):
    """Plays."""

    other: NodeId
    served: bool = volatile(False)
    scores: tuple = volatile(())

    @choice
    def serve(self):
        if self.id == "A" and not self.served:
            return self.become(served=True).send(self.other, Ping())

    @on(Ping)
    def hit(self):
        {body}


@always
def fine(world):
    """Everything is fine."""
    return {judged}


@frozen
class PingPong(Protocol):
    """Two players."""

    def nodes(self):
        return {nodes}

    def promises(self):
        return [fine]
'''
NODES = "{'A': Player('B'), 'B': Player('A')}"

WRONG = {
    "raises": {"body": "return 1 / 0", "told": ["Player", "hit", "ZeroDivisionError"]},
    "assigns": {"body": "self.served = True", "told": ["Player", "hit", "assigns to a field"]},
    "returns nonsense": {"body": "return 7", "told": ["Player", "hit", "returned int"]},
    "unhashable": {"body": "return self.become(scores=[1])", "told": ["Player", "scores"]},
    "unknown field": {"body": "return self.become(scroes=())", "told": ["scroes", "scores"]},
    "unknown node": {"body": "return self.send('C', Ping())", "told": ["Player", "hit", "C"]},
    "promise raises": {"judged": "world['Z']", "told": ["fine", "Z"]},
    "promise returns nonsense": {"judged": "[]", "told": ["fine"]},
    "no nodes": {"nodes": "{}", "told": ["PingPong"]},
    "nodes of the wrong kind": {"nodes": "{'A': 7}", "told": ["PingPong", "A"]},
}


def written(tmp_path, wrong):
    source = MODEL
    for name, usual in (("body", "return self.stay()"), ("judged", "True"), ("nodes", NODES)):
        source = source.replace("{" + name + "}", wrong.get(name, usual))
    path = tmp_path / "ping_pong.py"
    path.write_text(source)
    return path


def test_the_model_is_right_otherwise(everyway, tmp_path):
    assert everyway("check", written(tmp_path, {})).exit_code == 0


@pytest.mark.parametrize("name", WRONG)
def test_one_clear_error(everyway, tmp_path, name):
    error = everyway.complaint("check", written(tmp_path, WRONG[name]))
    assert error.startswith("error: ")
    for part in WRONG[name]["told"]:
        assert part in error
    assert everyway("check", written(tmp_path, WRONG[name]), "--json").stdout == ""


@pytest.mark.parametrize("name", ["raises", "promise raises"])
def test_a_traceback_for_those_who_debug(start, tmp_path, name):
    process = start("check", written(tmp_path, WRONG[name]), "--debug")
    stdout, stderr = process.communicate(timeout=50)
    assert process.returncode != 0
    assert stdout == ""
    assert "Traceback" in stderr
    assert "ping_pong.py" in stderr


def test_a_constructor_that_raises(everyway, tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(
        "class Plain:\n"
        "    def __init__(self, size):\n        pass\n"
        "    def initial(self):\n        return [0]\n"
        "    def steps(self, state):\n        return []\n"
    )
    assert "Plain" in everyway.complaint("check", path)


def test_a_plain_system_that_raises(everyway, tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(
        "class Plain:\n"
        "    def initial(self):\n        return [0]\n"
        "    def steps(self, state):\n        raise ValueError('odd')\n"
    )
    error = everyway.complaint("check", path)
    assert "Plain" in error
    assert "odd" in error


def test_a_plain_system_with_unhashable_states(everyway, tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(
        "class Plain:\n"
        "    def initial(self):\n        return [[0]]\n"
        "    def steps(self, state):\n        return []\n"
    )
    assert "can be changed in place" in everyway.complaint("check", path)


def test_a_model_that_prints_does_not_spoil_the_json(everyway, tmp_path):
    path = written(tmp_path, {"body": "print('hit'); return self.stay()"})
    result = everyway("check", path, "--json")
    assert result.exit_code == 0
    assert result.stdout.startswith("{")
    assert "hit" in result.stderr
