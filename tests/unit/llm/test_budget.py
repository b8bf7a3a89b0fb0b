import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BudgetExceeded, ModelFailed
from app.llm.budget import Budget, Budgeted, Caps
from app.llm.failures import RequestFailed
from app.llm.prices import Price, load_prices
from app.llm.usage import Totals


def spend(budget: Budget, sent: int, received: int, *, final: bool = False, used: tuple[int, int] = (0, 0)) -> None:
    with budget.admit(sent, received, final=final) as spending:
        spending.settle(*used)


def test_a_request_that_would_pass_the_cap_is_not_sent() -> None:
    budget = Budget(caps=Caps(input_tokens=1000))
    spend(budget, 700, 0, used=(700, 0))
    with pytest.raises(BudgetExceeded, match="1000 input tokens has too little left: 700 are used"):
        spend(budget, 200, 0)


def test_the_final_text_may_use_what_is_kept_back() -> None:
    budget = Budget(caps=Caps(output_tokens=1000))
    spend(budget, 0, 800, used=(0, 800))
    with pytest.raises(BudgetExceeded):
        spend(budget, 0, 1)
    spend(budget, 0, 200, final=True)


def test_what_was_held_but_not_used_is_free_again() -> None:
    budget = Budget(caps=Caps(input_tokens=1000))
    for _ in range(5):
        spend(budget, 400, 0, used=(100, 0))
    with pytest.raises(BudgetExceeded):
        spend(budget, 400, 0)


def test_requests_side_by_side_hold_their_share() -> None:
    budget = Budget(caps=Caps(input_tokens=1000))
    with budget.admit(500, 0), pytest.raises(BudgetExceeded), budget.admit(500, 0):
        pass


@pytest.mark.parametrize(("status", "left"), [(None, False), (500, True)])
def test_a_request_without_an_answer_counts_its_input(status: int | None, left: bool) -> None:
    budget = Budget(caps=Caps(input_tokens=1000))
    with pytest.raises(RequestFailed), budget.admit(500, 0):
        raise RequestFailed(ModelFailed("broke off"), status=status)
    if left:
        spend(budget, 500, 0)
    else:
        with pytest.raises(BudgetExceeded):
            spend(budget, 500, 0)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=30))
def test_no_cap_is_ever_passed_by_requests_that_keep_to_their_estimate(requests: list[tuple[int, int]]) -> None:
    budget, used = Budget(caps=Caps(input_tokens=1000)), 0
    for estimate, real in requests:
        try:
            spend(budget, estimate, 0, used=(min(estimate, real), 0))
        except BudgetExceeded:
            continue
        used += min(estimate, real)
    assert used <= 1000


def test_cost_is_capped_where_the_price_is_known() -> None:
    budget, price = Budget(caps=Caps(cost_usd=Decimal("0.01"))), Price(input=Decimal(2), output=Decimal(8))
    with budget.admit(1000, 500, price=price) as spending:
        spending.settle(1000, 500)
    with pytest.raises(BudgetExceeded, match="US dollars"), budget.admit(1000, 500, price=price):
        pass


def test_calls_searches_and_time_are_capped() -> None:
    budget = Budget(caps=Caps(calls=5, searches=1))
    for _ in range(4):
        budget.count_call()
    with pytest.raises(BudgetExceeded):
        budget.count_call()
    budget.count_call(final=True)
    budget.count_search()
    with pytest.raises(BudgetExceeded):
        budget.count_search()
    with pytest.raises(BudgetExceeded, match="time"):
        Budget(deadline=time.monotonic()).count_call()


def test_a_second_attempt_starts_from_what_the_first_used() -> None:
    budget = Budget(caps=Caps(input_tokens=1000))
    budget.start_from(Totals(calls=3, input_tokens=700))
    with pytest.raises(BudgetExceeded):
        spend(budget, 200, 0)


def test_caps_of_a_run_go_over_the_defaults() -> None:
    assert Caps(calls=3).over(Caps(calls=9, seconds=60)) == Caps(calls=3, seconds=60)


def test_prices_are_found_with_and_without_a_date_and_unknown_ones_are_none(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('["paid-1.5"]\ninput = 2.5\n')
    prices = load_prices(path)
    assert prices.find("paid-1.5-2025-04-14") == prices.find("paid-1.5@azure") == Price(input=Decimal("2.5"))
    assert prices.find("llama3:8b") is None
    assert load_prices().find("paid-1.5") is None


def test_cached_input_costs_its_own_price() -> None:
    price = Price(input=Decimal(2), cached=Decimal("0.5"), output=Decimal(8))
    assert price.cost(1_000_000, 100_000, 400_000) == Decimal("1.2") + Decimal("0.2") + Decimal("0.8")


def test_where_little_is_left_a_request_gets_a_smaller_allowance_down_to_a_quarter() -> None:
    budget = Budget(caps=Caps(tokens=1000))
    assert budget.fit(100, 500) == 500
    spend(budget, 200, 100, used=(200, 100))
    assert budget.fit(100, 500) == 400
    assert budget.fit(390, 500) == 125


def test_the_end_of_its_time_is_kept_for_the_final_text() -> None:
    budget = Budget(caps=Caps(seconds=100), deadline=time.monotonic() + 10)
    with pytest.raises(BudgetExceeded):
        budget.count_call()
    budget.count_call(final=True)


def test_own_caps_go_before_the_settings_and_these_before_the_agent_s() -> None:
    class Asked(Budgeted):
        def default_caps(self) -> Caps:
            return Caps(calls=1, searches=1, tokens=1)

    asked = Asked(budget=Caps(calls=3)).within(Caps(calls=2, searches=2))
    assert asked.budget == Caps(calls=3, searches=2, tokens=1)
