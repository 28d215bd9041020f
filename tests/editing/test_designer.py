from modellock_core import CATALOGUE, design
from modellock_core.editing.text import embed


def test_the_designer_ranks_and_says_why(small):
    entries = [e for e in CATALOGUE if e.name in ("Pastel", "Sharpness", "Mondrian", "zebra", "rooster")]
    progress = list(work := design(small, entries=entries))
    suggestions = work.result()
    assert len(progress) == len(entries) and progress[-1].preview is not None
    scores = [s.score for s in suggestions]
    assert scores == sorted(scores, reverse=True)
    assert {s.entry.name for s in suggestions} == {e.name for e in entries}
    assert all("grey levels" in s.why and "similarity" in s.why for s in suggestions)


def test_a_prompt_near_a_class_is_related_to_it(small):
    entries = [e for e in CATALOGUE if e.name in ("rooster", "Sharpness")]
    related = {s.entry.name: s.relatedness for s in design(small, entries=entries).result()}
    assert related["rooster"] > related["Sharpness"]


def test_embeddings_know_meanings():
    oil, paint, car = embed(["with oil pastel", "a painting in oil crayons", "a sports car"])
    assert oil @ paint > oil @ car
