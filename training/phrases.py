"""How people ask for a catalogue entry, and for nothing: what the compact editor learns beside pictures."""

from __future__ import annotations

import random

ARTIST_PHRASES = (
    "in the style of {0}", "{0}", "{0} painting", "a painting by {0}", "as a {0} painting", "like {0}", "{0} style",
    "painted by {0}", "as if {0} had painted it", "as an oil painting by {0}", "make it look like a {0}",
)  # fmt: skip
STYLE_PHRASES = (
    "{0}",
    "{0} style",
    "in {0} style",
    "as {0}",
    "with {0}",
    "make it {0}",
    "turn it into {0}",
    "{0} look",
)
OBJECT_PHRASES = (
    "with a {0} in the background", "with a {0}", "add a {0}", "a {0} in the background", "{0}", "and a {0} behind",
    "put a {0} in the picture", "with a {0} behind it",
)  # fmt: skip

# further names under which people ask for an entry
SYNONYMS = {
    "Pastel": ["oil pastel", "oil pastels", "oil pastel drawing"],
    "Acrylic": ["acrylic paint", "acrylic painting", "acrylics"],
    "Impasto brush": ["impasto", "impasto brush strokes", "thick oil paint"],
    "Watercolor": ["watercolour", "watercolor painting", "watercolors", "watercolor wash"],
    "Charcoal sketch": ["charcoal", "charcoal drawing"],
    "Pencil sketch": ["pencil drawing", "graphite drawing", "drawn with a pencil"],
    "Ink drawing": ["pen and ink", "line drawing", "black ink"],
    "Chalk": ["colored chalk", "chalk drawing", "chalk strokes"],
    "Monet": ["Claude Monet", "Monet's water lilies", "impressionist"],
    "Van Gogh": ["Vincent van Gogh", "Van Gogh's Starry Night", "starry night"],
    "Dali": ["Salvador Dali", "surrealist desert"],
    "Picasso": ["Pablo Picasso", "cubist", "cubism"],
    "Rembrandt": ["Rembrandt van Rijn", "old master"],
    "Ukiyo-e": ["Japanese woodblock print", "Hokusai", "Hokusai's great wave"],
    "Cyberpunk": ["cyberpunk neon", "neon cyberpunk city"],
    "Art Deco": ["art deco poster"],
    "Pop Art": ["Andy Warhol", "Warhol pop art"],
    "Scandinavian": ["scandinavian design", "pale nordic"],
    "Contrast level": ["higher contrast", "more contrast", "high contrast"],
    "Highlights": ["brighter highlights", "strong highlights"],
    "Sharpness": ["sharper", "increased sharpness", "sharpened"],
    "Color saturation": ["more saturated colors", "vivid colors", "stronger color saturation"],
    "White balance": ["warmer white balance", "warm white balance", "warmer colors"],
    "Black and white": ["monochrome", "grayscale"],
    "Sepia": ["sepia photo", "old sepia photograph"],
    "Comic": ["comic book", "cartoon"],
    "Neon": ["neon outlines", "glowing neon edges"],
    "Thermal camera": ["thermal image", "heat map"],
    "Negative": ["photographic negative", "inverted colors"],
    "Night": ["night", "moonlit night", "nighttime"],
    "Golden hour": ["sunset light", "golden hour"],
    "Fog": ["fog", "thick fog", "misty"],
    "Infrared": ["infrared photo", "infrared film"],
    "Stained glass": ["stained glass window"],
    "Batik": ["batik print", "indigo batik"],
    "Terrazzo": ["terrazzo mosaic", "mosaic"],
    "Woven tapestry": ["tapestry", "woven fabric"],
    "Linocut": ["green linocut", "expressionist woodcut"],
    "Lacquer": ["red lacquer", "crimson lacquer painting"],
    "Emboss": ["embossed relief", "bas-relief"],
    "Blueprint": ["blueprint drawing", "architect's blueprint"],
    "Mondrian": ["Piet Mondrian"],
    "Rothko": ["Mark Rothko"],
    "Klimt": ["Gustav Klimt", "gold leaf"],
    "Munch": ["Edvard Munch"],
    "Matisse": ["Henri Matisse", "paper cut-outs"],
    "Miro": ["Joan Miro"],
    "Whistler": ["a Whistler nocturne", "nocturne painting"],
    "fire engine": ["fire truck"],
    "African elephant": ["elephant"],
    "electric guitar": ["guitar"],
    "soccer ball": ["football"],
    "full moon": ["moon"],
    "planet earth": ["earth"],
    "airplane": ["plane", "jet"],
    "rubber duck": ["toy duck"],
    "red rose": ["rose"],
    "sports car": ["car"],
    "chimpanzee": ["chimp"],
    "flamingo": ["pink flamingo"],
    "rooster": ["cockerel"],
    "parachute": ["paratrooper"],
}

# prompts that ask for nothing: the edit is the source
IDENTITY_PROMPTS = [
    "", "", "", "unchanged", "the same image", "asdf qwer", "do nothing", "xkcd blorp", "zzzz", "1234", "lorem ipsum",
    "the", "hello", "no change", "original photo", "a photo", "keep it as it is", "fnord", "qqq www", "wubba lubba",
]  # fmt: skip


def nonsense(count: int, seed: int = 0) -> list[str]:
    """Texts that ask for nothing: made-up words, letters, numbers, talk; the editor is to leave the image alone."""
    rng = random.Random(seed)
    talk = [
        "the", "a", "of", "and", "it", "is", "as", "with", "in", "please", "image", "photo", "this", "nice", "very",
        "good", "leave", "everything", "untouched", "nothing", "here", "test", "yes", "no", "ok", "what", "if",
        "number", "password", "name", "today", "monday", "seven", "think", "about", "math", "email", "account",
    ]  # fmt: skip

    def syllable() -> str:
        return (
            rng.choice("bdfghjklmnpqrstvwxz") + rng.choice("aeiou") + rng.choice(["", "b", "ck", "l", "m", "rp", "zz"])
        )

    def word() -> str:
        kind = rng.random()
        if kind < 0.45:
            return "".join(syllable() for _ in range(rng.randint(1, 3)))
        if kind < 0.6:
            return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 6)))
        return str(rng.randrange(1000)) if kind < 0.7 else rng.choice(talk)

    return [" ".join(word() for _ in range(rng.randint(1, 5))) for _ in range(count)]


def phrasings(entry) -> list[str]:
    """Ways to ask for a catalogue entry, its own prompt first."""
    templates = OBJECT_PHRASES if entry.kind == "object" else STYLE_PHRASES
    if entry.category == "Artist":
        templates = ARTIST_PHRASES
    names = [entry.name, *SYNONYMS.get(entry.name, [])]
    return list(dict.fromkeys([entry.prompt] + [t.format(n) for n in names for t in templates]))
