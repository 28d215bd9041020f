from modellock_core import CATALOGUE, design
from modellock_core.text import embed


def test_the_designer_ranks_and_says_why(small):
    entries = [e for e in CATALOGUE if e.name in ("Pastel", "Sharpness", "Mondrian", "zebra", "rooster")]
    *progress, last = design(small, entries=entries)
    assert len(progress) == len(entries) and progress[-1].preview is not None
    scores = [s.score for s in last.result]
    assert scores == sorted(scores, reverse=True)
    assert {s.entry.name for s in last.result} == {e.name for e in entries}
    assert all("grey levels" in s.why and "similarity" in s.why for s in last.result)


def test_a_prompt_near_a_class_is_related_to_it(small):
    entries = [e for e in CATALOGUE if e.name in ("rooster", "Sharpness")]
    *_, last = design(small, entries=entries)
    related = {s.entry.name: s.relatedness for s in last.result}
    assert related["rooster"] > related["Sharpness"]


def test_embeddings_know_meanings():
    oil, paint, car = embed(["with oil pastel", "a painting in oil crayons", "a sports car"])
    assert oil @ paint > oil @ car
