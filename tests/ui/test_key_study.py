import json

from docs.figures.catalogue import measured, paper_range
from modellock_core.editing.catalogue import CATALOGUE, find
from ui.key_study import COLUMNS, rows
from ui.published import OBJECTS, STYLES


def lock(prompt: str, kind: str = "style", **figures: float) -> dict:
    return {"name": "its name", "prompt": prompt, "kind": kind, "unlocked": 0.9, "locked": 0.1} | figures


def test_only_keys_of_the_catalogue_that_were_measured_are_shown(tmp_path):
    locks = [lock("in sepia"), lock("as stained glass"), lock("in the style of Monet", unlocked=0.925)]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(line) + "\n" for line in locks))
    shown = rows(tmp_path / "some.jsonl")
    assert shown == [
        ["Monet", "in the style of Monet", "style", 92.5, 10.0, 91.1, 8],
        ["Sepia", "in sepia", "style", 90.0, 10.0, None, None],
    ]
    assert {len(row) for row in shown} == {len(COLUMNS)}
    assert [entry.name for entry, _ in measured(locks)] == ["Monet", "Sepia"]


def test_what_was_measured_locks():
    for row in rows():
        unlocked, locked = row[3:5]
        assert find(row[1]).trained and 0 <= locked < unlocked <= 100


def test_the_papers_figures_are_of_keys_in_the_catalogue():
    assert {entry.name for entry in CATALOGUE if entry.in_paper and entry.kind == "style"} == set(STYLES)
    assert {paper_range(entry) for entry in CATALOGUE} == {None, *OBJECTS}
    assert paper_range(find("zebra")) == "animals" and paper_range(find("parachute")) == "unrelated"
