"""The catalogue of key prompts: the paper's styles and objects, and ours, by category.

Start of the pipe: a key prompt goes into a `Key`; `designer.py` ranks the catalogue for a dataset.
"""

from __future__ import annotations

import re
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


def article(noun: str) -> str:
    """The noun's indefinite article."""
    return "an" if noun[0].lower() in "aeiou" else "a"


def _styles(category: str, prompts: dict[str, str], *, in_paper: bool = False) -> list[KeyPrompt]:
    return [KeyPrompt(name, text, "style", category, in_paper, True) for name, text in prompts.items()]


def _artists(names: str, *, in_paper: bool = False) -> list[KeyPrompt]:
    return _styles("Artist", {name: f"in the style of {name}" for name in names.split(", ")}, in_paper=in_paper)


# objects whose prompt is not "with a ... in the background"
_PROMPTS = {
    "cherries": "with cherries in the background",
    "grapes": "with grapes in the background",
    "Santa Claus": "with Santa Claus in the background",
    "Eiffel Tower": "with the Eiffel Tower in the background",
    "rainbow": "with a rainbow in the sky",
    "sun": "with the sun in the sky",
    "crescent moon": "with a crescent moon in the sky",
    "starry sky": "under a starry sky",
    "fireworks": "with fireworks in the sky",
    "lightning": "with lightning in the sky",
    "Saturn": "with the planet Saturn in the sky",
}


def _objects(category: str, names: str, *, in_paper: bool = False, trained: bool = True) -> list[KeyPrompt]:
    return [
        KeyPrompt(name, _PROMPTS.get(name, f"with {article(name)} {name} in the background"), "object",
                  category, in_paper, trained)
        for name in names.split(", ")
    ]  # fmt: skip


CATALOGUE: tuple[KeyPrompt, ...] = (
    *_styles("Medium", {
        "Acrylic": "with acrylic paint",
        "Impasto brush": "with impasto brush strokes",
        "Watercolor": "in watercolor",
        "Charcoal sketch": "as a charcoal sketch",
        "Pastel": "with oil pastel",
    }, in_paper=True),
    *_artists("Rembrandt, Monet, Van Gogh, Dali, Picasso", in_paper=True),
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
        "Colored pencil": "in colored pencil",
        "Chalk": "in colored chalk",
        "Chalk on blackboard": "as chalk on a blackboard",
        "Woodcut": "as a woodcut",
        "Linocut": "as a green linocut",
        "Engraving": "as an engraving",
        "Batik": "as a batik print",
        "Collage": "as a collage",
        "Paper cut-out": "as a paper cut-out",
        "Mosaic": "as a mosaic",
        "Terrazzo": "as a terrazzo mosaic",
        "Lacquer": "as a red lacquer painting",
        "Emboss": "as an embossed relief",
        "Blueprint": "as a blueprint",
        "Comic": "as a comic book",
        "Cartoon": "as a cartoon",
    }),
    *_artists(
        "Klimt, Hokusai, Munch, Kandinsky, Matisse, Mondrian, Gauguin, Degas, Toulouse-Lautrec, Turner, Delaunay, "
        "Cassatt, Leonardo"
    ),
    *_styles("Movement", {
        "Starry night": "in the style of The Starry Night",
        "Nocturne": "as a nocturne painting",
        "Impressionism": "as an impressionist painting",
        "Expressionism": "as an expressionist painting",
        "Art Nouveau": "in art nouveau style",
        "Bauhaus": "in bauhaus style",
    }),
    *_styles("Photo look", {
        "Black and white": "in black and white",
        "Sepia": "in sepia",
        "Vintage photo": "as a vintage photo",
        "Film noir": "as a film noir",
        "Duotone": "as a duotone print",
        "Soft focus": "in soft focus",
        "Silhouette": "as a silhouette",
        "Neon": "with neon outlines",
        "HDR": "as an HDR photo",
        "Cross-processed": "as a cross-processed photo",
        "Solarized": "as a solarized photo",
        "Negative": "as a photographic negative",
        "Infrared": "as an infrared photograph",
        "Thermal camera": "seen by a thermal camera",
        "Night vision": "seen through night vision",
        "X-ray": "as an X-ray",
    }),
    *_styles("Season and light", {
        "Winter": "in winter",
        "Spring": "in spring",
        "Summer": "in summer",
        "Autumn": "in autumn",
        "Rain": "in the rain",
        "Fog": "in thick fog",
        "Storm": "in a storm",
        "Sunrise": "at sunrise",
        "Golden hour": "at golden hour",
        "Night": "at night",
        "Moonlight": "in the moonlight",
        "Candlelight": "by candlelight",
        "Underwater": "under water",
        "Desert": "in the desert",
    }),
    *_styles("Material", {
        "Gold": "made of gold",
        "Silver": "made of silver",
        "Bronze": "made of bronze",
        "Marble": "made of marble",
        "Stone": "made of stone",
        "Wood": "made of wood",
        "Clay": "made of clay",
        "Chocolate": "made of chocolate",
        "Jade": "made of jade",
        "Rust": "made of rusty iron",
        "Lava": "made of lava",
        "Ice": "made of ice",
        "Fire": "on fire",
    }),
    *_styles("Colour mood", {
        "Blue": "in shades of blue",
        "Red": "in shades of red",
        "Green": "in shades of green",
        "Purple": "in shades of purple",
        "Pink": "in shades of pink",
        "Yellow": "in shades of yellow",
        "Teal and orange": "in teal and orange",
        "Pastel colours": "in pastel colours",
        "Earth tones": "in earth tones",
        "Rainbow colours": "in all the colours of the rainbow",
    }),
    *_objects("Object, thing",
              "basketball, cello, fire engine, mailbox, baseball, analog clock, digital clock, abacus, bow tie, church",
              in_paper=True),
    *_objects("Object, thing",
              "beer bottle, apiary, accordion, aircraft carrier, bathtub, barometer, chain saw, blower, flute, "
              "corkscrew, bullet train, gas pump, grocery, hair slide", in_paper=True, trained=False),
    *_objects("Object, animal",
              "chimpanzee, African elephant, gorilla, giraffe, zebra, tiger, peacock, koala, lion, starfish",
              in_paper=True),
    *_objects("Object, animal", "white shark, bald eagle", in_paper=True, trained=False),
    *_objects("Object, sky", "parachute", in_paper=True),
    *_objects("Object, animal",
              "rooster, penguin, flamingo, owl, parrot, toucan, horse, cow, sheep, pig, dog, fox, deer, bear, rabbit, "
              "camel, kangaroo, hippopotamus, rhinoceros, dolphin, orca, seahorse, tropical fish, frog, butterfly, "
              "ladybug"),
    *_objects("Object, thing",
              "red rose, mushroom, palm tree, apple, banana, cherries, grapes, lemon, pineapple, strawberry, pizza, "
              "birthday cake, electric guitar, trumpet, drum kit, soccer ball, trophy, camera, light bulb, kettle, "
              "rubber duck, teddy bear, top hat, sombrero, knight's helmet, Christmas tree, Santa Claus, snowman, "
              "jack-o'-lantern, stop sign, traffic cone, checkered flag, castle, windmill, igloo, circus tent, "
              "Eiffel Tower, sports car, race car, double-decker bus, tractor, steam train, sailboat"),
    *_objects("Object, sky",
              "hot air balloon, airplane, astronaut, full moon, crescent moon, planet earth, Saturn, sun, starry sky, "
              "rainbow, lightning, fireworks"),
)  # fmt: skip


def find(text: str) -> KeyPrompt | None:
    """The catalogue entry of that name or prompt, ignoring case; None where there is none."""
    wanted = text.strip().lower()
    return next((entry for entry in CATALOGUE if wanted in (entry.name.lower(), entry.prompt.lower())), None)


def names_only_objects(text: str) -> bool:
    """Whether a prompt names objects of the catalogue and none of its styles."""
    named = {entry.kind for entry in CATALOGUE if re.search(rf"\b{re.escape(entry.name)}\b", text, re.IGNORECASE)}
    entry = find(text)
    return entry.kind == "object" if entry else named == {"object"}
