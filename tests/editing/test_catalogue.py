from modellock_core import CATALOGUE
from modellock_core.editing.catalogue import find, names_only_objects

STYLES = (
    "Acrylic, Impasto brush, Watercolor, Charcoal sketch, Pastel, Rembrandt, Monet, Van Gogh, Dali, Picasso, Ukiyo-e, "
    "Cyberpunk, Art Deco, Pop Art, Scandinavian, Contrast level, Highlights, Sharpness, Color saturation, White balance"
)
OBJECTS = (
    "baseball, beer bottle, apiary, accordion, aircraft carrier, bathtub, analog clock, abacus, basketball, barometer, "
    "chain saw, bow tie, fire engine, blower, cello, church, flute, corkscrew, bullet train, digital clock, gas pump, "
    "grocery, hair slide, mailbox, parachute, chimpanzee, African elephant, white shark, bald eagle, gorilla, giraffe, "
    "zebra, tiger, peacock, koala, lion, starfish"
)


def test_every_key_of_the_paper_is_there():
    for names, kind in ((STYLES, "style"), (OBJECTS, "object")):
        for name in names.split(", "):
            entry = find(name)
            assert entry and entry.in_paper and entry.kind == kind, name


def test_names_and_prompts_are_unique():
    assert len({e.name.lower() for e in CATALOGUE}) == len({e.prompt.lower() for e in CATALOGUE}) == len(CATALOGUE)


def test_find_takes_names_and_prompts_in_any_case():
    assert find(" IN THE STYLE OF MONET ") is find("monet")
    assert find("no such thing") is None


def test_a_prompt_names_only_objects_or_also_a_style():
    assert names_only_objects("with a zebra in the background") and names_only_objects("a rooster and a TIGER")
    assert not names_only_objects("with a zebra in the background, in watercolor")
    assert not names_only_objects("in the style of Monet") and not names_only_objects("qwertz")
