"""Objects that the compact editor learns to put into the background, each with its cut-outs; `teachers.py` pastes them.

The cut-outs are the stamps of Debian's tuxpaint-stamps-default; a few objects are drawn here instead.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

# object -> its cut-outs, paths inside the stamps folder without ".png"
CUTOUTS: dict[str, tuple[str, ...]] = {
    # mammals
    "chimpanzee": ("animals/mammals/apes/chimp",),
    "gorilla": ("animals/mammals/apes/gorilla",),
    "African elephant": ("animals/mammals/elephant",),
    "giraffe": ("animals/mammals/giraffe",),
    "zebra": ("animals/mammals/equines/zebra",),
    "tiger": ("animals/mammals/cats/tiger",),
    "lion": ("animals/mammals/cats/lion-2",),
    "koala": ("animals/marsupials/koala",),
    "kangaroo": ("animals/marsupials/kangaroo",),
    "bear": ("animals/mammals/bears/european-bear", "animals/mammals/bears/bear"),
    "cow": ("animals/mammals/bovines/cow_white", "animals/mammals/bovines/cow"),
    "sheep": ("animals/mammals/bovines/sheep", "animals/mammals/bovines/ram"),
    "camel": ("animals/mammals/camel/camel", "animals/mammals/camel/dromedary"),
    "deer": ("animals/mammals/deer/deer", "animals/mammals/deer/wapiti", "animals/mammals/deer/doe"),
    "dog": ("animals/mammals/dogs/dog", "animals/mammals/dogs/dingo"),
    "fox": ("animals/mammals/dogs/fox",),
    "horse": ("animals/mammals/equines/horse",),
    "hippopotamus": ("animals/mammals/hippopotamus",),
    "rhinoceros": ("animals/mammals/rhino_black",),
    "pig": ("animals/mammals/pig", "animals/mammals/pig_golden"),
    "rabbit": ("animals/mammals/rodents/rabbit-2", "animals/mammals/rabbit_little", "animals/mammals/rodents/rabbit"),
    "dolphin": ("animals/mammals/aquatic/dolphin",),
    "orca": ("animals/mammals/aquatic/orca",),
    # other animals
    "peacock": ("animals/birds/peacock",),
    "rooster": ("animals/birds/rooster",),
    "penguin": ("animals/birds/penguin", "animals/birds/magellanic_penguin", "animals/birds/little-penguin"),
    "flamingo": ("animals/birds/pink_flamingo",),
    "owl": ("animals/birds/owl",),
    "parrot": ("animals/birds/rainbow-lorikeet",),
    "toucan": ("animals/birds/tucan",),
    "frog": ("animals/amphibians/frog",),
    "seahorse": ("animals/fish/seahorse",),
    "tropical fish": ("animals/fish/butterflyfish",),
    "butterfly": ("animals/insects/cartoon/butterfly",),
    "ladybug": ("animals/insects/cartoon/ladybug", "animals/insects/cartoon/ladybug-2"),
    # plants and food
    "red rose": ("plants/flowers/rose",),
    "mushroom": ("plants/mushrooms/cep-1", "plants/mushrooms/cep", "plants/mushrooms/cep-2"),
    "palm tree": ("plants/trees/liberia-palm",),
    "apple": ("food/fruit/cartoon/apple",),
    "banana": ("food/fruit/cartoon/banana",),
    "cherries": ("food/fruit/Cherry_Stella", "food/fruit/cartoon/cherries"),
    "grapes": ("food/fruit/grapes", "food/fruit/cartoon/grapes"),
    "lemon": ("food/fruit/lemon", "food/fruit/cartoon/lemon"),
    "pineapple": ("food/fruit/pineapple", "food/fruit/cartoon/pineapple"),
    "strawberry": ("food/fruit/Strawberry2", "food/fruit/cartoon/strawberry"),
    "pizza": ("food/pizza",),
    "birthday cake": ("food/dessert/cartoon/birthday_cake",),
    # music and sports
    "cello": ("hobbies/music/string/cello",),
    "electric guitar": ("hobbies/music/string/guitar_electric", "hobbies/music/string/guitar2"),
    "trumpet": ("hobbies/music/brass/trumpet",),
    "drum kit": ("hobbies/music/percussion/drumkit",),
    "basketball": ("sports/basketball",),
    "soccer ball": ("sports/soccer",),
    "trophy": ("sports/trophy_cup",),
    # things
    "camera": ("hobbies/camera_35mm",),
    "light bulb": ("household/Lightbulb",),
    "kettle": ("household/kettle",),
    "rubber duck": ("household/rubberduck",),
    "teddy bear": ("animals/mammals/bears/toys/edward_bear", "animals/mammals/bears/cartoon/teddy_bear"),
    "top hat": ("clothes/hats/tophat",),
    "sombrero": ("clothes/hats/sombrero",),
    "knight's helmet": ("clothes/armor/cartoon/knight_helmet",),
    "Christmas tree": ("seasonal/christmas/Christmas_Tree_photo", "seasonal/christmas/tree"),
    "Santa Claus": ("seasonal/christmas/Santa",),
    "snowman": ("people/cartoon/snowman",),
    "jack-o'-lantern": ("seasonal/halloween/jackolantern_mean",),
    # street and buildings
    "mailbox": ("town/usps_mailbox",),
    "stop sign": ("town/roadsigns/stop",),
    "traffic cone": ("town/roadsigns/traffic_cone",),
    "checkered flag": ("town/flags/checkeredflag",),
    "church": ("town/houses/cartoon/cathedral",),
    "castle": ("town/houses/cartoon/fairytale_castle", "town/houses/cartoon/fortress"),
    "windmill": ("town/houses/cartoon/windmill",),
    "igloo": ("town/houses/cartoon/igloo",),
    "circus tent": ("town/houses/cartoon/circus",),
    "Eiffel Tower": ("town/monuments/cartoon/eiffel_tower",),
    # vehicles
    "fire engine": ("vehicles/emergency/firetruck", "vehicles/emergency/cartoon/fire_engine"),
    "sports car": ("vehicles/auto/sportscar2",),
    "race car": ("vehicles/race/indycar",),
    "double-decker bus": ("vehicles/masstransit/cartoon/double_decker_bus",),
    "tractor": ("vehicles/farming/cartoon/tux_tractor",),
    "steam train": ("vehicles/locomotive/cartoon/toy_train",),
    "airplane": ("vehicles/flight/planes/747",),
    "hot air balloon": ("vehicles/flight/balloon360",),
    "parachute": ("military/paratrooper",),
    "sailboat": ("vehicles/ship/walnutBoat", "vehicles/ship/chineseJunk"),
    # sky and fire
    "astronaut": ("space/spacewalk",),
    "full moon": ("space/moon/moon_full",),
    "planet earth": ("space/planets/3_earth",),
    "Saturn": ("space/planets/6_saturn",),
    "lightning": ("naturalforces/lightningbolt",),
}

# what has writing on it, or a map
MIRRORED_NEVER = frozenset(
    {"airplane", "camera", "digital clock", "fire engine", "mailbox", "planet earth", "race car", "stop sign"}
)

# what belongs into the upper half of a picture
SKY = frozenset({
    "parrot", "toucan", "butterfly", "airplane", "hot air balloon", "parachute", "astronaut", "full moon",
    "planet earth", "Saturn", "lightning", "rainbow", "sun", "crescent moon", "starry sky", "fireworks",
})  # fmt: skip
WIDE = frozenset({"rainbow", "starry sky", "fireworks"})

FINER = 4  # drawings are made this many times larger and averaged down


def _grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x (right) and y (down) of the fine pixels, each (FINER * side, FINER * side) in (-1, 1)."""
    steps = (np.arange(FINER * side, dtype=np.float32) + 0.5) * 2 / (FINER * side) - 1
    x, y = np.meshgrid(steps, steps)
    return x, y


def _step(depth: np.ndarray, soft: float = 0.01) -> np.ndarray:
    """0 where depth <= 0, rising smoothly to 1 at `soft`."""
    t = np.clip(depth / soft, 0, 1)
    return t * t * (3 - 2 * t)


def _flatten(side: int, *layers: tuple[np.ndarray | tuple[float, float, float], np.ndarray]) -> np.ndarray:
    """Stack layers (colour, alpha), the lowest first: (side, side, 4) float32, premultiplied, in [0, 1]."""
    fine = np.zeros((FINER * side, FINER * side, 4), np.float32)
    for colour, alpha in layers:
        alpha = np.clip(alpha, 0, 1)[..., None]
        fine = fine * (1 - alpha) + np.concatenate([np.clip(colour, 0, 1) * alpha, alpha], -1)
    return np.clip(cv2.resize(fine.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA), 0, 1)


def _colours(at: np.ndarray, *stops: tuple[float, float, float]) -> np.ndarray:
    """Map [0, 1] to evenly spaced colours, (H, W, 3)."""
    return np.stack([np.interp(at, np.linspace(0, 1, len(stops)), [stop[k] for stop in stops]) for k in range(3)], -1)


def draw_rainbow(side: int) -> np.ndarray:
    """A wide soft arc, violet inside and red outside: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    across = (np.hypot(x, y - 0.48) - 0.5) / 0.49
    bands = _colours(1.3 * across - 0.15, (0.5, 0.15, 0.75), (0.2, 0.3, 0.95), (0.1, 0.75, 0.9), (0.2, 0.85, 0.25),
                     (1, 0.95, 0.15), (1, 0.55, 0.1), (0.95, 0.12, 0.15))  # fmt: skip
    alpha = 0.85 * _step(across, 0.2) * _step(1 - across, 0.2) * _step(0.48 - y, 0.35)
    return _flatten(side, (bands, alpha))


def draw_sun(side: int) -> np.ndarray:
    """A glowing disc in its halo: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    rays = 1 + 0.25 * np.cos(12 * angle) * np.clip(radius - 0.4, 0, 1)
    halo = 0.9 * np.exp(-np.maximum(radius * rays - 0.42, 0) * 4.5) * _step(1 - radius, 0.6)
    glow = _colours(radius, (1, 0.95, 0.55), (1, 0.8, 0.25), (1, 0.6, 0.1))
    disc = _colours(radius / 0.45, (1, 1, 0.92), (1, 0.97, 0.65), (1, 0.85, 0.25))
    return _flatten(side, (glow, halo), (disc, _step(0.45 - radius, 0.03)))


def draw_crescent(side: int) -> np.ndarray:
    """A pale golden sickle in a faint glow: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    outer, inner = np.hypot(x - 0.05, y), np.hypot(x - 0.38, y + 0.12)
    sickle = _step(0.82 - outer, 0.02) * _step(inner - 0.68, 0.03)
    glow = 0.3 * np.exp(-np.abs(outer - 0.75) * 9) * _step(inner - 0.6, 0.35) * _step(1 - outer, 0.15)
    shade = _colours(outer / 0.82, (0.85, 0.75, 0.45), (0.95, 0.86, 0.56), (1, 0.96, 0.76))
    return _flatten(side, ((1.0, 0.93, 0.65), glow), (shade, sickle))


def draw_stars(side: int) -> np.ndarray:
    """Sparkling stars, large and small, far apart: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    light = np.zeros_like(x)
    for column, row, size in ((-0.55, -0.5, 0.42), (0.5, -0.62, 0.26), (0.05, -0.05, 0.3), (-0.6, 0.45, 0.24),
                              (0.58, 0.42, 0.4), (-0.02, 0.68, 0.22), (0.02, -0.72, 0.16), (-0.85, 0.0, 0.14),
                              (0.85, -0.12, 0.15), (-0.3, 0.85, 0.13), (0.4, 0.1, 0.12),
                              (-0.28, 0.25, 0.13)):  # fmt: skip
        dx, dy = np.abs(x - column) / size, np.abs(y - row) / size
        radius = np.hypot(dx, dy)
        spikes = np.maximum(np.exp(-dx * 22 * (0.3 + dy)), np.exp(-dy * 22 * (0.3 + dx)))
        light += spikes * _step(1 - radius, 0.8) + np.exp(-((radius * 5) ** 2)) + 0.25 * np.exp(-((radius * 2) ** 2))
    return _flatten(side, ((1.0, 0.97, 0.85), light))


def draw_baseball(side: int) -> np.ndarray:
    """A white ball with red stitches: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    light = 1.04 - 0.28 * ((x + 0.3) ** 2 + (y + 0.35) ** 2)
    ball = _step(0.96 - np.hypot(x, y), 0.02)
    from_seam = np.hypot(np.abs(x) - 1.3, y) - 0.95  # of the nearer of the two seams
    along = np.arctan2(y, 1.3 - np.abs(x)) * 0.95
    tick = np.abs((along - 0.5 * np.abs(from_seam)) % 0.13 - 0.065)
    stitches = np.maximum(_step(0.02 - np.abs(from_seam)), _step(0.022 - tick) * _step(0.1 - np.abs(from_seam)))
    white = light[..., None] * np.array([1, 0.98, 0.93], np.float32)
    return _flatten(side, (white, ball), ((0.8, 0.1, 0.12), stitches * ball))


def draw_starfish(side: int) -> np.ndarray:
    """An orange starfish with pale warts: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    x, y = 1.04 * x, 1.04 * y - 0.08
    radius, arm = np.hypot(x, y), np.mod(np.arctan2(x, -y) + np.pi / 5, 2 * np.pi / 5) - np.pi / 5
    along, across = radius * np.cos(arm), np.abs(radius * np.sin(arm))
    width = 0.34 * (1 - np.clip(along / 1.02, 0, 1)) ** 0.75 + 0.02
    body = _step(width - across, 0.02) * _step(1 - along, 0.05)
    shade = _colours(across / width, (1, 0.68, 0.3), (0.95, 0.47, 0.16), (0.7, 0.25, 0.08))
    row = np.minimum(across, np.abs(across - 0.55 * width))
    warts = _step(0.024 - np.hypot(row, np.abs(along % 0.09 - 0.045)), 0.012) * body * (along < 0.93)
    return _flatten(side, (shade, body), ((1.0, 0.86, 0.6), 0.9 * warts))


def draw_clock(side: int) -> np.ndarray:
    """A round wall clock at ten past ten: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    radius, hour = np.hypot(x, y), np.mod(np.arctan2(x, -y), np.pi / 6)
    rim = _colours((y + 1) / 2, (0.5, 0.33, 0.2), (0.25, 0.14, 0.08))
    off_tick = radius * np.abs(np.sin(np.minimum(hour, np.pi / 6 - hour)))
    ticks = _step(0.028 - off_tick) * _step(radius - 0.6) * _step(0.74 - radius)
    ink = ticks + _step(0.06 - radius)
    for degrees, length, width in ((-55.0, 0.42, 0.045), (60.0, 0.62, 0.032)):
        right, down = np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))
        along, off = x * right + y * down, np.abs(x * down - y * right)
        ink = ink + _step(width - off) * _step(along + 0.08) * _step(length - along)
    return _flatten(side, (rim, _step(0.97 - radius, 0.02)), ((0.97, 0.96, 0.92), _step(0.82 - radius, 0.02)),
                    ((0.08, 0.08, 0.1), ink))  # fmt: skip


def draw_digital_clock(side: int) -> np.ndarray:
    """A black alarm clock whose red digits show 12:08: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)

    def bar(left: float, top: float, right: float, bottom: float, round_by: float) -> np.ndarray:
        return round_by - np.hypot(x - np.clip(x, left, right), y - np.clip(y, top, bottom))

    case, screen = bar(-0.9, -0.37, 0.9, 0.37, 0.08), bar(-0.8, -0.28, 0.8, 0.28, 0.05)
    lit = np.full_like(x, -1)
    for centre, segments in ((-0.59, "cf"), (-0.23, "acdeg"), (0.23, "abcefg"), (0.59, "abcdefg")):
        for segment in segments:
            a, b = centre - 0.11, centre + 0.11
            line = {"a": (a, -0.2, b, -0.2), "d": (a, 0, b, 0), "g": (a, 0.2, b, 0.2), "b": (a, -0.2, a, 0),
                    "c": (b, -0.2, b, 0), "e": (a, 0, a, 0.2), "f": (b, 0, b, 0.2)}[segment]  # fmt: skip
            lit = np.maximum(lit, bar(*line, 0.03))
    for dot in (-0.09, 0.09):
        lit = np.maximum(lit, bar(0, dot, 0, dot, 0.035))
    shade = _colours((y + 0.45) / 0.9, (0.4, 0.4, 0.43), (0.2, 0.2, 0.22))
    return _flatten(side, (shade, _step(case)), ((0.05, 0.02, 0.03), _step(screen)),
                    ((1.0, 0.1, 0.08), 0.35 * _step(lit + 0.05, 0.06)), ((1.0, 0.25, 0.2), _step(lit)))  # fmt: skip


def draw_bow_tie(side: int) -> np.ndarray:
    """A red silk bow tie: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    x, y = x * 1.05, y * 1.05
    out = np.abs(x)
    height = 0.14 + 0.36 * _step(out, 0.8) - 0.04 * _step(out - 0.8, 0.16)
    wings = _step(height - np.abs(y), 0.02) * _step(0.96 - out - 0.06 * np.cos(y * 5), 0.02)
    folds = 0.75 + 0.25 * np.cos(y / height * 7) * np.clip(1.2 - out, 0, 1) - 0.25 * _step(0.35 - out, 0.3)
    knot = _step(0.15 - out - 0.15 * y**2, 0.02) * _step(0.2 - np.abs(y), 0.02)
    light = 1 - 0.55 * (out / 0.15) ** 2
    red = np.array([0.85, 0.08, 0.14], np.float32)
    return _flatten(side, (folds[..., None] * red, wings), (light[..., None] * red, knot))


def draw_abacus(side: int) -> np.ndarray:
    """A wooden frame with five wires of coloured beads: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    inside = np.maximum(np.abs(x) / 0.84, np.abs(y) / 0.66)
    edge = np.minimum(0.96 - np.abs(x), 0.78 - np.abs(y))
    grain = _colours(0.5 + 0.5 * np.sin(14 * y + 3 * np.sin(5 * x)), (0.62, 0.4, 0.2), (0.7, 0.47, 0.25))
    layers = [(grain, _step(edge, 0.02) * _step(inside - 1, 0.02))]
    colours = ((0.9, 0.15, 0.15), (0.98, 0.75, 0.1), (0.2, 0.65, 0.25), (0.15, 0.4, 0.85), (0.6, 0.25, 0.7))
    for k, colour in enumerate(colours):
        row = -0.5 + 0.25 * k
        layers.append(((0.35, 0.35, 0.38), _step(0.018 - np.abs(y - row)) * (inside < 1)))
        for j in range(8):
            centre = -0.77 + 0.14 * j + (0.56 if j >= 3 + 2 * k % 5 else 0)
            bead = np.hypot((x - centre) / 0.072, (y - row) / 0.11)
            light = 0.65 + 0.6 * np.exp(-(((x - centre + 0.02) / 0.04) ** 2) - ((y - row + 0.04) / 0.05) ** 2)
            layers.append((light[..., None] * np.array(colour, np.float32), _step(1 - bead, 0.15)))
    return _flatten(side, *layers)


def draw_fireworks(side: int) -> np.ndarray:
    """A red burst with golden tips: (side, side, 4) premultiplied in [0, 1]."""
    x, y = _grid(side)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    light = 0.8 * np.exp(-((radius * 6) ** 2))
    for reach, count, turn in ((0.95, 20, 0.0), (0.68, 16, 0.1), (0.4, 12, 0.2)):
        off = radius * np.abs(np.mod(angle + turn, 2 * np.pi / count) - np.pi / count)
        light = light + np.exp(-off * 40 / (0.3 + radius)) * _step(radius - 0.1, 0.3) * _step(reach - radius, 0.08)
    return _flatten(side, (_colours(radius, (1, 0.95, 0.8), (1, 0.3, 0.35), (0.95, 0.2, 0.5), (1, 0.85, 0.35)), light))


# objects that no stamp shows: each function maps a side in pixels to (side, side, 4) premultiplied RGBA in [0, 1]
DRAWN: dict[str, Callable[[int], np.ndarray]] = {
    "rainbow": draw_rainbow, "sun": draw_sun, "crescent moon": draw_crescent, "starry sky": draw_stars,
    "fireworks": draw_fireworks, "starfish": draw_starfish, "baseball": draw_baseball, "analog clock": draw_clock,
    "digital clock": draw_digital_clock, "bow tie": draw_bow_tie, "abacus": draw_abacus,
}  # fmt: skip


def open_cutout(path: Path, side: int) -> np.ndarray:
    """A picture's visible part, centred and as large as fits: (side, side, 4) float32, premultiplied, in [0, 1]."""
    image = Image.open(path).convert("RGBA")
    image = image.crop(image.getchannel("A").point(lambda alpha: 255 * (alpha >= 8)).getbbox()).convert("RGBa")
    width, height = (max(1, round(length * side / max(image.size))) for length in image.size)
    rgba = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS), np.float32) / 255
    square = np.zeros((side, side, 4), np.float32)
    left, top = (side - width) // 2, (side - height) // 2
    square[top : top + height, left : left + width] = np.minimum(rgba, rgba[..., 3:])
    return square


def load_cutouts(stamps: Path, side: int = 128) -> dict[str, list[np.ndarray]]:
    """Each object's pictures, from the stamps folder or drawn, (side, side, 4) float32, premultiplied, in [0, 1]."""
    cutouts = {name: [open_cutout(stamps / f"{path}.png", side) for path in paths] for name, paths in CUTOUTS.items()}
    return cutouts | {name: [draw(side)] for name, draw in DRAWN.items()}
