#!/usr/bin/env bash
# Builds the source distribution, from that the wheel, and installs it in a fresh environment beside a project that
# has packages called models, explorer, invariants, counterexamples and tests: nothing may collide.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy without products of earlier builds, for building leaves folders behind and picks old ones up.
mkdir "$work/source" "$work/dist"
tar -C "$repository" -cf - --exclude='./.*' --exclude=./build --exclude=./dist --exclude='*.egg-info' \
  --exclude=__pycache__ . | tar -C "$work/source" -xf -
# From elsewhere: Python would look for modules in the repository's folders first.
cd "$work"
"$repository/.venv/bin/python" -m build --outdir "$work/dist" "$work/source" > "$work/build.log" 2>&1 || {
  cat "$work/build.log"
  exit 1
}
python3 -m venv "$work/.venv"
"$work/.venv/bin/pip" install --quiet "$work"/dist/*.whl pytest

project=$work/project
mkdir -p "$project"/{models,explorer,invariants,counterexamples,tests}
for package in models explorer invariants counterexamples tests; do
  echo "OWNER = 'the user'" > "$project/$package/__init__.py"
done
cat > "$project/tests/test_mine.py" <<'PYTHON'
import counterexamples
import explorer
import invariants
import models
import pytest
import tests

import everyway.models.two_phase_commit
from everyway.testing import assert_holds, assert_violated


def test_my_packages_are_mine():
    for package in (models, explorer, invariants, counterexamples, tests):
        assert package.OWNER == "the user"
    assert everyway.models is not models


def test_the_library_works():
    protocol = everyway.models.two_phase_commit.TwoPhaseCommit()
    assert_holds(protocol, "agreement", crashes=1)
    assert_violated(protocol, "non-blocking", crashes=1, length=2)


@pytest.mark.xfail(strict=True)
def test_the_plugin_is_there(request):
    assert request.config.pluginmanager.hasplugin("everyway")
    assert_holds(everyway.models.two_phase_commit.TwoPhaseCommit(), "non-blocking", crashes=1)
PYTHON
cd "$project"
"$work/.venv/bin/python" -m pytest -q --everyway-diagrams "$project/diagrams" tests
"$work/.venv/bin/python" - <<'PYTHON'
from importlib import metadata, resources

installed = {file.parts[0] for file in metadata.files("everyway") if file.parts[0] != ".."}
info = f"everyway-{metadata.version('everyway')}.dist-info"
assert installed == {"everyway", info}, f"the wheel puts {sorted(installed)} into site-packages"
assert "MIT License" in (metadata.distribution("everyway").read_text("licenses/LICENSE") or "")
assert resources.files("everyway").joinpath("py.typed").is_file()
fonts = [f.name for f in resources.files("everyway.counterexamples").joinpath("fonts").iterdir()]
assert sum(name.endswith(".ttf") for name in fonts) == 3 and "OFL.txt" in fonts, fonts
PYTHON
"$work/.venv/bin/everyway" list
# On a machine without Graphviz's programs too, pictures can be drawn.
status=0
PATH="$work/.venv/bin" "$work/.venv/bin/everyway" check 2pc --crashes 1 --quiet \
  --diagram "$project/blocking.svg" --graph "$project/states.png" || status=$?
[ "$status" -eq 1 ]
[ -s "$project/blocking.svg" ] && [ -s "$project/states.png" ]
echo "the wheel is fine"
