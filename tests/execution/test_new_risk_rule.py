"""A new risk rule is one file: shown with made-up ones in a copy of the source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.workspace import ROOT

_SOURCES = ("packages/contracts", "packages/exchanges", "services/execution")
_WRITTEN = (
    "packages/contracts/src/contracts/risk_rules.py",
    "packages/contracts/schemas/risk_alert.json",
    # The account of a forward test, whose limits are the rules'.
    "packages/contracts/schemas/forward_test_event.json",
)

ORDER_RULE = '''
"""The value of one order."""
from execution.core.rules.rule import Limit, OrderRule, PERCENT, RiskViolation

def check(request):
    limit = request.equity * request.account.max_order_pct * PERCENT
    if request.value_quote <= limit:
        return None
    return RiskViolation("ORDER_VALUE", "WARNING", request.value_quote, limit, "too much at once")

RULE = OrderRule("ORDER_VALUE", place=9, check=check, limit=Limit("max_order_pct", 60, "limit on one order"))
'''
DENIED = """
from execution.core.execute import run
from tests.execution.signal_stream import FREE, account, signal

assert account().max_order_pct == 60
order, alert, *_ = run([signal(0, "buy")], account(max_order_pct=10), FREE)
assert (order.status, order.reason) == ("DENIED", "ORDER_VALUE"), order
assert (alert.rule, alert.value, alert.limit) == ("ORDER_VALUE", "2000", "1000"), alert
assert type(alert).from_json(alert.to_json()) == alert
assert run([signal(0, "buy")], account(), FREE)[0].status == "PLACED"
"""
LOSS_RULE = '''
"""The loss since the beginning in the sense of a cautious investor."""
from execution.core.rules.rule import Limit, LossRule

RULE = LossRule("CAUTION", "CAUTION", is_final=False, limit=Limit("max_caution_pct", 3, "limit of the cautious"),
                loss=lambda health: health.initial_balance - health.equity)
'''
STOPPED = """
from execution import metrics
from execution.core.execute import run
from prometheus_client import REGISTRY
from tests.execution.signal_stream import FREE, account, signal

bold = account(position_pct=90, max_position_pct=100, max_daily_loss_pct=50)
messages = run([signal(0, "buy"), signal(1), signal(2, close=96)], bold, FREE)
alerts = [(m.rule, m.severity) for m in messages if m.schema_name == "risk_alert"]
assert alerts == [("CAUTION", "CRITICAL")], alerts
assert messages[-1].trading_state == "CAUTION"
metrics.tell(messages[-1], bold)
used = REGISTRY.get_sample_value("tradestream_account_limit_used_ratio", {"account": "paper", "rule": "CAUTION"})
assert used == 1.2, used
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with a copy of what execution is made of."""
    for source in _SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def python(folder: Path, *arguments: str) -> None:
    """Run Python with the copies in place of what is installed."""
    path = os.pathsep.join([*(str(folder / source / "src") for source in _SOURCES), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of `folder` by its path."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(("rule", "works"), [(ORDER_RULE, DENIED), (LOSS_RULE, STOPPED)], ids=["order", "loss"])
def test_a_new_risk_rule_is_one_file(copied: Path, rule: str, works: str) -> None:
    """Codes, limits of accounts, schema and metrics follow from it; `make schemas` writes what is checked in."""
    before = contents(copied)
    new = "services/execution/src/execution/core/rules/made_up.py"
    (copied / new).write_text(rule, encoding="utf-8")
    python(copied, "-m", "execution.risk_rules", str(copied / _WRITTEN[0]))
    python(copied, "-m", "contracts.schemas", str(copied / "packages/contracts/schemas"))
    after = contents(copied)
    assert {path for path in after if after[path] != before.get(path)} == {new, *_WRITTEN}
    python(copied, "-c", works)
    python(
        copied, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "tests/execution/test_execution_rules.py")
    )
