#!/usr/bin/env bash
# Builds the wheel and installs it, in a fresh environment, beside a project that has packages called models,
# explorer, invariants and counterexamples: nothing may collide.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy, for building leaves folders behind.
git -C "$repository" ls-files -z | (cd "$repository" && xargs -0 cp --parents -t "$work" 2>/dev/null) || true
mkdir "$work/.dist"
"$repository/.venv/bin/python" -m build --outdir "$work/.dist" "$work" > "$work/.build.log" 2>&1 || {
  cat "$work/.build.log"
  exit 1
}
python3 -m venv "$work/.venv"
"$work/.venv/bin/pip" install --quiet "$work"/.dist/*.whl pytest

project=$work/.project
mkdir -p "$project"/{models,explorer,invariants,counterexamples}
for package in models explorer invariants counterexamples; do
  echo "OWNER = 'the user'" > "$project/$package/__init__.py"
done
cat > "$project/test_mine.py" <<'PYTHON'
import counterexamples
import explorer
import invariants
import models
import pytest

import everyway.models.two_phase_commit
from everyway.testing import assert_holds, assert_violated


def test_my_packages_are_mine():
    for package in (models, explorer, invariants, counterexamples):
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
"$work/.venv/bin/python" -m pytest -q --everyway-diagrams "$project/diagrams" test_mine.py
"$work/.venv/bin/python" - <<'PYTHON'
from importlib import resources
import sysconfig
from pathlib import Path

site = Path(sysconfig.get_paths()["purelib"])
for name in ("models", "explorer", "invariants", "counterexamples", "tests"):
    assert not (site / name).exists(), f"the wheel puts {name} into site-packages"
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
