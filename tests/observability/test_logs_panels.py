"""Panels of logs: in Loki's language, and by labels that the agents give lines. No Loki runs here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from tests.observability.filling import filled
from tests.observability.rule_files import LOKI_TYPE, PLATFORM, REPOSITORY, queries

#: Grafana's own grammar of LogQL, as its editor has it.
_GRAMMAR = ("@grafana/lezer-logql@0.2.9", "@lezer/lr@1.4.2")
#: In an ignored folder, so that only the first run installs.
_NODE_FOLDER = REPOSITORY / ".tools/lezer-logql"
#: Reads queries from its input, and prints of each the places where the grammar finds an error.
_READER = """
import {parser} from '@grafana/lezer-logql';
import {readFileSync} from 'node:fs';
const told = JSON.parse(readFileSync(0, 'utf-8')).map(query => {
  const wrong = [];
  parser.parse(query).iterate({enter: node => { if (node.type.isError) wrong.push(node.from); }});
  return wrong;
});
console.log(JSON.stringify(told));
"""
_AGENTS = {
    "the cluster's": PLATFORM / "logs/cluster.alloy",
    "compose.yaml's": REPOSITORY / "docker/docker.alloy",
}
#: What only a cluster has: its panels are of what runs there alone.
_OF_CLUSTERS = {"namespace", "pod"}
_LABEL = re.compile(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)")


def labels_of(agent: str) -> set[str]:
    """Return the labels that an agent gives a line."""
    text = _AGENTS[agent].read_text(encoding="utf-8")
    of_targets = set(re.findall(r'target_label\s*=\s*"(\w+)"', text))
    block = re.search(r"stage\.labels \{\s*values = \{(.*?)\}", text, re.DOTALL)
    assert block is not None, f"{_AGENTS[agent]} has a stage of labels"
    return of_targets | set(re.findall(r"(\w+)\s*=", block[1]))


def chosen_by(query: str) -> set[str]:
    """Return the labels that a query chooses streams by."""
    return set(_LABEL.findall(query[: query.index("}") + 1]))


@pytest.mark.parametrize("agent", _AGENTS)
def test_panels_choose_by_labels_that_lines_have(agent: str) -> None:
    asked = {where: chosen_by(query) for where, query in queries(LOKI_TYPE)}
    assert len(asked) >= 4 and all(asked.values())
    there = labels_of(agent) | (set() if agent == "the cluster's" else _OF_CLUSTERS)
    assert not {where: missing for where, labels in asked.items() if (missing := labels - there)}


def test_loki_reads_every_panel() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    if not (_NODE_FOLDER / "node_modules/@grafana/lezer-logql").exists():
        _NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        install = [
            "npm",
            "install",
            "--fetch-retries=1",
            "--fetch-timeout=20000",
            "--no-audit",
            "--no-fund",
            "--silent",
        ]
        install += ["--no-save", *_GRAMMAR]
        if subprocess.run(install, cwd=_NODE_FOLDER, capture_output=True, timeout=120, check=False).returncode:
            pytest.skip("npm could not install @grafana/lezer-logql")
    chosen = {"app": ["candles"], "search": ["x"]}
    asked = [(where, filled(query, LOKI_TYPE, chosen, {})) for where, query in queries(LOKI_TYPE)]
    wrong = ['{app="candles"', '{app=~"candles"} |= ', '{app="candles"} | ~ "x"']
    told = errors_in([query for _, query in asked] + wrong)
    assert not [(where, query, at) for (where, query), at in zip(asked, told, strict=False) if at]
    assert all(told[len(asked) :]), "what is no LogQL is told"


def errors_in(read: list[str]) -> list[list[int]]:
    """Return where the grammar finds errors in each query."""
    script = _NODE_FOLDER / "read.mjs"
    script.write_text(_READER, encoding="utf-8")
    done = subprocess.run(
        ["node", script.name],
        input=json.dumps(read),
        cwd=_NODE_FOLDER,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [list(each) for each in json.loads(done.stdout)]
