"""Training and serving through an environment that looks like Rasa's and answers like it."""

import os
import sys
from pathlib import Path

import pytest

from nlu.rasa_answer import RasaMissingError
from nlu.rasa_client import RasaClient
from nlu.rasa_evaluate import evaluate_folders_with_rasa
from nlu.rasa_server import Installed, digest_of, facts_of, variables
from tests.house_rules import ROOT
from words.content import ContentFiles

DATA = """
nlu:
  - intent: repair.water_pipe
    examples: |
      - 水龙头漏水
      - 水管滴水
  - intent: fee
    examples: |
      - 物业费多少
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """`train` writes a model unless the project says not to, `run` starts the double."""
    place = tmp_path / "environment" / "bin"
    place.mkdir(parents=True)
    (place / "rasa").touch()
    script = f"""#!/bin/sh
[ "$RASA_TELEMETRY_ENABLED" = false ] || exit 7
case $3 in
train)
    grep -q JiebaTokenizer config.yml || {{ echo "no tokeniser"; exit 1; }}
    for name; do :; done
    mkdir -p models && echo model >"models/$name.tar.gz"
    ;;
run)
    [ -s "$6" ] || {{ echo "no model"; exit 1; }}
    PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.nlu.rasa_double "${{10}}"
    ;;
esac
"""
    python = place / "python"
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    return Installed(place.parent)


def test_rasa_is_measured_on_folders_as_the_embedded_engine_is(
    installed: Installed, content: ContentFiles, tmp_path: Path
) -> None:
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "nlu.yml").write_text(DATA, encoding="utf-8")
    report = evaluate_folders_with_rasa(tmp_path / "train", tmp_path / "test", content, installed, "light")
    assert report.messages == 3
    assert report.accuracy == pytest.approx(2 / 3), "the double takes everything for a leaking pipe"
    assert [(c.real, c.taken_for) for c in report.confusions] == [("fee", "repair.water_pipe")]
    assert report.median_ms > 0


def test_what_training_took_is_kept_beside_the_model(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("JiebaTokenizer", encoding="utf-8")
    (tmp_path / "nlu.yml").write_text(DATA, encoding="utf-8")
    model = installed.train(tmp_path, "light")
    assert model == tmp_path / "models" / "light.tar.gz"
    first = facts_of(model)
    assert first is not None
    assert first.seconds > 0
    assert first.data == digest_of(tmp_path)
    installed.train(tmp_path, "light")
    assert facts_of(model) == first, "nothing was to be done"
    (tmp_path / "nlu.yml").write_text(DATA + "      - 电费\n", encoding="utf-8")
    installed.train(tmp_path, "light")
    second = facts_of(model)
    assert second is not None
    assert second.data == digest_of(tmp_path) != first.data


@pytest.mark.parametrize("kept", ["", "[]", '{"seconds": 1}'])
def test_of_a_model_without_a_note_nothing_is_known(tmp_path: Path, kept: str) -> None:
    model = tmp_path / "light.tar.gz"
    assert facts_of(model) is None
    (tmp_path / "light.json").write_text(kept, encoding="utf-8")
    assert facts_of(model) is None


def test_a_training_that_fails_says_how_it_ended(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "config.yml").touch()
    with pytest.raises(RasaMissingError, match="code 1:\nno tokeniser"):
        installed.train(tmp_path)


def test_the_server_ends_with_the_one_who_started_it(installed: Installed, tmp_path: Path) -> None:
    model = tmp_path / "light.tar.gz"
    model.write_text("model", encoding="utf-8")
    with installed.serve(model) as url:
        client = RasaClient(url, 30.0)
        assert client.model() == "light"
        client.close()
    with pytest.raises(RasaMissingError, match="did not start:\nno model"), installed.serve(tmp_path / "none.tar.gz"):
        raise AssertionError("there is no such model")


def test_without_rasa_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(RasaMissingError, match="`make rasa` installs it"):
        Installed(tmp_path).train(tmp_path)


def test_rasa_reports_nothing_and_sees_nothing_of_the_python_of_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert variables()["RASA_TELEMETRY_ENABLED"] == "false"
    assert "PYTHONPATH" not in variables()
    assert variables().keys() >= os.environ.keys() - {"PYTHONPATH", "VIRTUAL_ENV"}
