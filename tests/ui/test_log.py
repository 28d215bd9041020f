"""What visitors send is in no log, also where Gradio itself refuses a call."""

import asyncio

import gradio as gr
import pytest

import app
from modellock_core import Key, ModelLockError

VALUES = [None, "my secret prompt", 0.5, None, "compact", 1024, 384]


@pytest.fixture
def called(capfd):
    """What the page answers to a call of `preview` that ends in an error."""

    def call(values: list) -> str:
        page = app.build()
        (preview,) = (function for function in page.fns.values() if function.api_name == "preview")
        with pytest.raises(gr.Error) as error:
            asyncio.run(page.process_api(preview, values))
        assert not error.value.print_exception  # else Gradio would print it
        printed = capfd.readouterr()
        assert "secret" not in printed.out + printed.err
        return str(error.value)

    return call


def test_a_call_of_too_few_values_leaves_none_of_them_in_the_log(called):
    assert "has 2 values; it needs 7" in called(VALUES[:2])


def test_an_error_of_gradio_s_own_tells_the_log_where_and_not_what(called, monkeypatch):
    def fails(self, function, inputs, *rest, **options):
        raise ValueError(inputs)

    monkeypatch.setattr(gr.Blocks, "preprocess_data", fails)
    assert "went wrong on the server" in called(VALUES)


def test_an_editor_of_another_type_is_one_line():
    with pytest.raises(ModelLockError, match="names no editor"):
        Key.create("in sepia", ["compact"])
