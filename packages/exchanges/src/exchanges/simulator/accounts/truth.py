"""What is true of an account, whatever faults hide of it: for tests to compare with."""

from __future__ import annotations

from typing import Any

from contracts.units import decimal_string
from exchanges.simulator.accounts.account import Account
from exchanges.simulator.accounts.order import SimulatedExecution, SimulatedOrder


def account_truth(account: Account) -> dict[str, Any]:
    """Return an account as JSON: amounts as exact texts, times in microseconds."""
    return {
        "began_with": {currency: decimal_string(amount) for currency, amount in account.began_with.items()},
        "balances": {currency: decimal_string(amount) for currency, amount in account.balances.items()},
        "held": {currency: decimal_string(account.held(currency)) for currency in account.balances},
        "orders": [_order(order) for order in account.orders.values()],
        "executions": [_execution(execution, account) for execution in account.executions],
    }


def _order(order: SimulatedOrder) -> dict[str, Any]:
    request = order.request
    return {
        "order_id": order.order_id,
        "client_order_id": request.client_order_id,
        "pair": request.pair,
        "side": request.side,
        "order_type": request.order_type,
        "quantity": decimal_string(request.quantity),
        "price": None if request.price is None else decimal_string(request.price),
        "status": order.status,
        "filled": decimal_string(order.filled),
        "reason": order.reason,
        "opened_us": order.opened_us,
        "closed_us": order.closed_us,
    }


def _execution(execution: SimulatedExecution, account: Account) -> dict[str, Any]:
    request = account.orders[execution.order_id].request
    return {
        "execution_id": execution.execution_id,
        "order_id": execution.order_id,
        "client_order_id": request.client_order_id,
        "pair": request.pair,
        "side": request.side,
        "quantity": decimal_string(execution.quantity),
        "price": decimal_string(execution.price),
        "fee": decimal_string(execution.fee),
        "fee_in": request.fee_in,
        "maker": execution.maker,
        "at_us": execution.at_us,
    }
