from app.llm.traits import LADDER, Traits

NO_SCHEMA = "response_format of type json_schema is not supported"


def test_each_refusal_of_structure_goes_one_rung_down() -> None:
    traits = Traits()
    seen = [traits.shape.rung]
    while traits.adapt("tool_choice / response_format / grammar not supported", traits.shape):
        seen.append(traits.shape.rung)
    assert tuple(seen) == LADDER


def test_calls_refused_side_by_side_go_down_once() -> None:
    traits = Traits()
    sent = traits.shape
    assert all(traits.adapt(NO_SCHEMA, sent) for _ in range(5))
    assert traits.shape.rung == "tools"


def test_a_forced_rung_is_kept() -> None:
    traits = Traits(forced="json_schema")
    assert not traits.adapt(NO_SCHEMA, traits.shape)
    assert traits.shape.rung == "json_schema"


def test_another_refusal_changes_nothing() -> None:
    traits = Traits()
    assert not traits.adapt("messages must not be empty", traits.shape)


def test_the_name_of_the_token_limit_is_swapped_once() -> None:
    traits = Traits()
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    assert traits.adapt(said, traits.shape)
    assert traits.shape.tokens_field == "max_completion_tokens"
    assert not traits.adapt(said, traits.shape)


def test_a_server_that_ignores_the_form_twice_running_is_not_asked_for_it_again() -> None:
    traits = Traits()
    for kept in (False, True, False):
        traits.note_form(traits.shape, kept=kept)
    before = traits.shape.rung
    traits.note_form(traits.shape, kept=False)
    assert (before, traits.shape.rung) == ("json_schema", "tools")


def test_the_token_estimate_follows_what_servers_count() -> None:
    traits = Traits()
    for _ in range(40):
        traits.observe_tokens(1000, 500)
    assert 480 <= traits.estimate_tokens(1000) <= 510
