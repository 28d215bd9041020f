from modellock_core.paper import OBJECTS, STYLES
from modellock_core.paths import CATALOGUE_FIGURE
from modellock_core.prompts import CATALOGUE, find
from ui.key_study import COLUMNS, rows


def test_every_key_that_the_editor_knows_has_locked_toybox():
    studied = rows()
    assert [row[1] for row in studied] == [entry.prompt for entry in CATALOGUE if entry.trained]
    for row in studied:
        unlocked, locked = row[3:5]
        assert len(row) == len(COLUMNS) and 0 <= locked < unlocked <= 100
    assert CATALOGUE_FIGURE.exists()


def test_the_papers_figures_are_of_keys_in_the_catalogue():
    assert {entry.name for entry in CATALOGUE if entry.in_paper and entry.kind == "style"} == set(STYLES)
    assert {entry.category for entry in CATALOGUE if entry.kind == "object"} == set(OBJECTS)
    beside = next(row for row in rows() if row[0] == "Monet")
    assert beside[-2:] == [91.1, 8] and find("Monet").prompt == beside[1]
