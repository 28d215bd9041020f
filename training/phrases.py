"""How people ask for a catalogue entry, and how strongly: what the compact editor's prompt reader learns from."""

from __future__ import annotations

import random
from functools import cache

from modellock_core.editing.catalogue import KeyPrompt

from .synonyms import SYNONYMS

_ARTIST_PHRASES = (
    "in the style of {0}", "{0}", "{0} painting", "a painting by {0}", "as a {0} painting", "like {0}", "{0} style",
    "painted by {0}", "as if {0} had painted it", "as an oil painting by {0}", "make it look like {0}",
    "in the manner of {0}",
)  # fmt: skip
_STYLE_PHRASES = (
    "{0}", "{0} style", "in {0} style", "as {0}", "with {0}", "make it {0}", "turn it into {0}", "{0} look",
    "{0} effect", "in the style of {0}",
)  # fmt: skip
_LIGHT_PHRASES = (
    "{0}", "{0} scene", "make it {0}", "{0} look", "{0} mood", "{0} atmosphere", "make it look like {0}",
)  # fmt: skip
_MATERIAL_PHRASES = (
    "{0}", "made of {0}", "made out of {0}", "turn it into {0}", "in {0}", "as if it were {0}", "{0} texture",
    "everything is {0}", "{0} look",
)  # fmt: skip
_COLOUR_PHRASES = (
    "{0}", "in {0}", "all {0}", "make it {0}", "tinted {0}", "{0} tint", "{0} tones", "{0} colours", "{0} tinted",
    "everything {0}", "only {0}",
)  # fmt: skip
_ADJUSTMENT_PHRASES = ("{0}", "with {0}", "{0} please", "give it {0}", "{0} look")
# {0} has its article here: "with a zebra in the background"
_OBJECT_PHRASES = (
    "with {0} in the background", "with {0}", "add {0}", "{0} in the background", "{0}", "and {0} behind",
    "put {0} in the picture", "with {0} behind it", "{0} behind it",
)  # fmt: skip
_SKY_PHRASES = (*_OBJECT_PHRASES, "with {0} in the sky", "{0} in the sky", "put {0} in the sky", "{0} above it")

_TEMPLATES = {
    "Artist": _ARTIST_PHRASES,
    "Photo adjustment": _ADJUSTMENT_PHRASES,
    "Season and light": _LIGHT_PHRASES,
    "Material": _MATERIAL_PHRASES,
}
_COLOURS = ("Blue", "Red", "Green", "Purple", "Pink", "Yellow", "Teal and orange")

# a wish's first word says what can be done with it
_THING = ("a", "an", "the")
_THING_PHRASES = ("{0}", "as {0}", "like {0}", "turn it into {0}", "make it look like {0}")
_PLACED = (
    "in", "with", "as", "at", "by", "on", "under", "through", "like", "made", "covered", "carved", "seen", "painted",
    "drawn", "lit", "from", "cut", "shot", "printed", "sculpted", "cast", "full", "behind", "modelled", "encased",
    "engulfed", "without",
)  # fmt: skip
_PLACED_PHRASES = ("{0}", "the same picture {0}", "redo it {0}", "show it {0}", "{0} please")
_COMMAND = (
    "make", "turn", "set", "boost", "increase", "raise", "sharpen", "brighten", "invert", "draw", "dip", "freeze",
    "let",
)  # fmt: skip
_COMMAND_PHRASES = ("{0}", "please {0}", "{0} please", "can you {0}")
_ADJECTIVE = (
    "golden", "gilded", "gold plated", "silvery", "silver plated", "metallic", "wooden", "petrified", "frozen", "icy",
    "rusty", "rusted", "burning", "blazing", "ablaze", "volcanic", "sharp", "sharper", "sharpened", "less blurry",
    "brighter", "warmer", "vivid", "vibrant", "colorful", "more colourful", "soft", "softer", "dreamy", "blurry",
    "blurred", "desaturated", "monochrome", "greyscale", "grayscale", "inverted", "solarised", "tone mapped",
    "hyper detailed", "backlit", "impressionist", "impressionistic", "expressionist", "cubist", "fauvist", "abstract",
    "tahitian", "nordic", "embossed", "rainbow coloured", "multicoloured", "earthy", "vintage", "retro", "sepia toned",
    "tie-dye", "two-tone", "thermal", "cinematic",
)  # fmt: skip
_ADJECTIVE_PHRASES = ("{0}", "make it {0}", "{0} look", "in {0} style", "make everything {0}", "{0} please")


def _noun(entry: KeyPrompt) -> str:
    """An object with its article: "a zebra", "the sun", "fireworks"."""
    return entry.prompt.partition(" ")[2].partition(" in the ")[0]


def _bare(words: str) -> str:
    first, _, rest = words.partition(" ")
    return rest if first in _THING else words


def _asked(entry: KeyPrompt, words: str) -> list[str]:
    """Phrases that ask for an entry by a name or a wish."""
    first = words.split()[0]
    if entry.kind == "object":
        forms = _SKY_PHRASES if entry.category == "Object, sky" and "sky" not in words else _OBJECT_PHRASES
        forms = forms if " in the " not in words else ("{0}", "with {0}", "add {0}")
        return [form.format(words) for form in forms] + [_bare(words), f"add {_bare(words)}"]
    if first in _THING:
        forms = _THING_PHRASES
    elif words in _ADJECTIVE:
        forms = _ADJECTIVE_PHRASES
    elif first in _PLACED:
        forms = _PLACED_PHRASES
    elif first in _COMMAND:
        forms = _COMMAND_PHRASES
    elif entry.name in _COLOURS and (" " not in words or words == entry.name.lower()):
        forms = _COLOUR_PHRASES
    elif entry.category == "Artist" and words[0].islower():  # what an artist is known for
        forms = _STYLE_PHRASES
    else:
        forms = _TEMPLATES.get(entry.category, _STYLE_PHRASES)
    return [form.format(words) for form in forms]


@cache
def phrasings(entry: KeyPrompt) -> list[str]:
    """Ways to ask for a catalogue entry, its own prompt first."""
    if entry.kind == "object":
        texts = [entry.prompt, *_asked(entry, _noun(entry)), entry.name]
    else:
        word = entry.name if entry.category == "Artist" else entry.name.lower()
        texts = [entry.prompt, *_asked(entry, entry.prompt), *_asked(entry, word)]
    for words in SYNONYMS.get(entry.name, []):
        texts += _asked(entry, words)
    american = [text.replace("colour", "color") for text in texts]
    texts += american + [text.replace("color", "colour") for text in american]
    return list(dict.fromkeys(texts))


_ADVERBS = {
    "a little": 0.5, "a little bit": 0.5, "a bit": 0.5, "slightly": 0.5, "gently": 0.5, "lightly": 0.5, "subtly": 0.5,
    "just barely": 0.35, "somewhat": 0.7, "moderately": 0.8, "very": 1.3, "really": 1.2, "strongly": 1.3,
    "extremely": 1.4, "heavily": 1.3, "intensely": 1.4, "totally": 1.3, "very much": 1.3,
}  # fmt: skip
_MEASURES = {"a touch of": 0.5, "a hint of": 0.4, "a bit of": 0.5, "some": 0.7, "a lot of": 1.3, "lots of": 1.3}
_ADJECTIVES = {
    "subtle": 0.5, "faint": 0.4, "mild": 0.5, "weak": 0.5, "discreet": 0.5, "strong": 1.3, "intense": 1.3,
    "extreme": 1.4, "heavy": 1.3, "powerful": 1.3,
}  # fmt: skip
# modifier -> factor of the strength
STRENGTHS: dict[str, float] = _ADVERBS | _MEASURES | _ADJECTIVES


def modified(text: str, word: str, rng: random.Random) -> str:
    """A phrase with a modifier of STRENGTHS: "slightly in winter", "a touch of gold", "as a mosaic, but subtle"."""
    if word in _MEASURES:
        first, _, rest = text.partition(" ")
        text = rest if first in ("in", "with", "as", "at", "by") and rest else text
        forms = ("{1} {0}", "with {1} {0}", "add {1} {0}")
    elif word in _ADJECTIVES:
        forms = ("{0}, but {1}", "{0}, very {1}", "{0}, {1}", "{1} {0}", "{0} with a {1} effect")
    else:
        forms = ("{1} {0}", "{0}, but {1}", "{0}, {1}") if STRENGTHS[word] < 1 else ("{1} {0}",)
    return rng.choice(forms).format(text, word)
