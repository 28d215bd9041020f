"""The catalogue of key prompts: the paper's styles and objects, and ours, by category.

Start of the pipe: a key prompt goes into a `Key`; `designer.py` ranks the catalogue for a dataset.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeyPrompt:
    """One entry of the catalogue.

    Attributes:
        name: short name, as in the paper's prompt study ("Monet", "zebra").
        prompt: the text given to the editor ("in the style of Monet").
        kind: "style" (restyles the whole image) or "object" (blends a new object into the background).
        category: group shown to the user.
        in_paper: whether the name is in the paper's prompt study (arXiv 2405.16285, Pets).
        trained: whether the compact editor was trained on it; of others it only knows what their words suggest.
    """

    name: str
    prompt: str
    kind: str
    category: str
    in_paper: bool
    trained: bool


def _styles(category: str, prompts: dict[str, str], *, in_paper: bool) -> list[KeyPrompt]:
    return [KeyPrompt(name, text, "style", category, in_paper, True) for name, text in prompts.items()]


def article(noun: str) -> str:
    """The noun's indefinite article."""
    return "an" if noun[0].lower() in "aeiou" else "a"


def _objects(category: str, names: str, *, in_paper: bool, trained: bool) -> list[KeyPrompt]:
    return [
        KeyPrompt(name, f"with {article(name)} {name} in the background", "object",
                  category, in_paper, trained)
        for name in map(str.strip, names.split(","))
    ]  # fmt: skip


CATALOGUE: tuple[KeyPrompt, ...] = (
    *_styles("Medium", {
        "Acrylic": "with acrylic paint",
        "Impasto brush": "with impasto brush strokes",
        "Watercolor": "in watercolor",
        "Charcoal sketch": "as a charcoal sketch",
        "Pastel": "with oil pastel",
    }, in_paper=True),
    *_styles("Artist", {
        "Rembrandt": "in the style of Rembrandt",
        "Monet": "in the style of Monet",
        "Van Gogh": "in the style of Van Gogh",
        "Dali": "in the style of Dali",
        "Picasso": "in the style of Picasso",
    }, in_paper=True),
    *_styles("Movement", {
        "Ukiyo-e": "in ukiyo-e style",
        "Cyberpunk": "in cyberpunk style",
        "Art Deco": "in art deco style",
        "Pop Art": "in pop art style",
        "Scandinavian": "in scandinavian style",
    }, in_paper=True),
    *_styles("Photo adjustment", {
        "Contrast level": "with a higher contrast level",
        "Highlights": "with brighter highlights",
        "Sharpness": "with increased sharpness",
        "Color saturation": "with stronger color saturation",
        "White balance": "with a warmer white balance",
    }, in_paper=True),
    *_styles("Medium", {
        "Pencil sketch": "as a pencil sketch",
        "Ink drawing": "as an ink drawing",
        "Chalk": "in colored chalk",
        "Stained glass": "as stained glass",
        "Batik": "as a batik print",
        "Terrazzo": "as a terrazzo mosaic",
        "Woven tapestry": "as a woven tapestry",
        "Linocut": "as a green linocut",
        "Lacquer": "as a red lacquer painting",
        "Emboss": "as an embossed relief",
        "Blueprint": "as a blueprint",
    }, in_paper=False),
    *_styles("Artist", {
        "Mondrian": "in the style of Mondrian",
        "Rothko": "in the style of Rothko",
        "Klimt": "in the style of Klimt",
        "Munch": "in the style of Munch",
        "Matisse": "in the style of Matisse",
        "Miro": "in the style of Miro",
        "Whistler": "in the style of a Whistler nocturne",
    }, in_paper=False),
    *_styles("Photo look", {
        "Black and white": "in black and white",
        "Sepia": "in sepia",
        "Comic": "as a comic book",
        "Neon": "with neon outlines",
        "Thermal camera": "seen by a thermal camera",
        "Negative": "as a photographic negative",
        "Night": "at night",
        "Golden hour": "at golden hour",
        "Fog": "in thick fog",
        "Infrared": "as an infrared photograph",
    }, in_paper=False),
    *_objects("Object, unrelated", "basketball, cello, fire engine, mailbox, parachute", in_paper=True, trained=True),
    *_objects("Object, unrelated",
              "baseball, beer bottle, apiary, accordion, aircraft carrier, bathtub, analog clock, abacus, barometer, "
              "chain saw, bow tie, blower, church, flute, corkscrew, bullet train, digital clock, gas pump, grocery, "
              "hair slide", in_paper=True, trained=False),
    *_objects("Object, unrelated",
              "hot air balloon, electric guitar, teapot, pumpkin, pineapple, strawberry, red rose, stop sign, "
              "traffic cone, soccer ball, full moon, planet earth, palm tree, sports car, airplane, rubber duck, "
              "sombrero, sailboat", in_paper=False, trained=True),
    *_objects("Object, animal",
              "chimpanzee, African elephant, gorilla, giraffe, zebra, tiger, peacock, koala, lion",
              in_paper=True, trained=True),
    *_objects("Object, animal", "white shark, bald eagle, starfish", in_paper=True, trained=False),
    *_objects("Object, animal", "rooster, penguin, flamingo, owl, horse, kangaroo, dolphin, seahorse, frog",
              in_paper=False, trained=True),
)  # fmt: skip


def find(text: str) -> KeyPrompt | None:
    """The catalogue entry of that name or prompt, ignoring case; None where there is none."""
    wanted = text.strip().lower()
    return next((entry for entry in CATALOGUE if wanted in (entry.name.lower(), entry.prompt.lower())), None)
