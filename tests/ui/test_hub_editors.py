"""Which editors of the Hub the page offers."""

import pytest
import torch

from modellock_core.editing.editors import INSTRUCT_PIX2PIX
from ui import hub_editors


@pytest.mark.parametrize(("device", "offered"), [("cuda", INSTRUCT_PIX2PIX), ("cpu", hub_editors.SD_TURBO)])
def test_a_machine_is_offered_what_it_can_run(monkeypatch, device, offered):
    monkeypatch.setattr("modellock_core.devices.best_device", lambda: torch.device(device))
    monkeypatch.setattr(hub_editors, "is_offline_mode", lambda: False)
    assert hub_editors.hub_editors() == [offered]


def test_offline_only_what_is_on_this_machine_is_offered(monkeypatch):
    monkeypatch.setattr(hub_editors, "is_offline_mode", lambda: True)
    assert hub_editors.hub_editors() == []
    monkeypatch.setattr(hub_editors, "try_to_load_from_cache", lambda name, file: f"/cache/{name}/{file}")
    assert hub_editors.hub_editors() == [hub_editors.SD_TURBO]


def test_an_editor_that_is_not_on_offer_is_not_fetched(monkeypatch):
    monkeypatch.setattr(hub_editors, "hub_editors", lambda: [])
    hub_editors.load_offered("somebody/something")
    hub_editors.load_offered("compact")
