"""scripts/bench scaling: what the model reckons from costs, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from benchmarks import scaling
from examples import blocks

STEPS = ("create", "create_many", "scan", "push", "take", "start", "finish", "purge")
ROOMY = scaling.Machines(cores=10, scaling=1.0, disk=1000.0, use=1.0)


def figures(path: Path, **more: float) -> Path:
    """10 us of the server, 1 us of the client and 100 bytes for each step, but for those named."""
    costs = {"server": 10.0, "client": 1.0, "log": 100.0}
    cases = [
        {"name": f"cost of {step}, {kind}", "value": more.get(f"{step}_{kind}", value)}
        for step in STEPS
        for kind, value in costs.items()
    ]
    path.write_text(json.dumps({"cases": [{"name": "worker", "value": 1}, *cases]}))
    return path


def test_a_life_is_five_steps_and_a_shard_full_by_what_is_full_first(tmp_path: Path) -> None:
    costs = scaling.Costs.read(figures(tmp_path / "cost.json"))
    found = scaling.needs(costs, scaling.Load(200_000, singles=0.0, attempts=1.0), ROOMY)
    assert found["database servers, by processors"] == pytest.approx(1.0)
    assert found["database servers, by log"] == pytest.approx(0.1)
    assert found["relays"] == pytest.approx(0.4)
    assert found["worker processes"] == pytest.approx(0.6)


def test_attempts_and_single_creates_cost_more(tmp_path: Path) -> None:
    costs = scaling.Costs.read(figures(tmp_path / "cost.json", create_server=110.0))
    load = scaling.Load(1, singles=0.5, attempts=2.0)
    assert costs.of_life(costs.server, load) == pytest.approx(60 + 2 * 20 + 20)


def test_it_prints_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["scaling", "--rate", "1000000"])
    assert scaling.main() == 0
    assert "1,000,000" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{}", '{"cases": []}'])
def test_figures_that_are_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    path = tmp_path / "cost.json"
    path.write_text(text)
    monkeypatch.setattr(sys, "argv", ["scaling", str(path)])
    assert scaling.main() == 1
    assert capsys.readouterr().err.startswith("scaling: ")


def test_the_guide_shows_its_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = blocks("docs/guides/scaling.md", "text")
    for table, options in zip(shown, ([], ["--singles", "1"]), strict=True):
        monkeypatch.setattr(sys, "argv", ["scaling", *options])
        assert scaling.main() == 0
        assert capsys.readouterr().out.strip() == table.strip()
