"""Make assets/toybox.zip: Debian's Tux Paint cut-outs on photographs, exact masks; train and test share no picture.

One of the asset commands; `modellock_core.data.toybox` reads what this writes.
"""

from __future__ import annotations

import argparse
import io
import random
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance
from tqdm import tqdm

SIZE = 128  # px
IMAGES_PER_CLASS = {"train": 112, "test": 44}
WEBP_QUALITY = 88
ENLARGEMENT = 2.0  # the most by which a small cut-out may be blown up, so that it stays sharp enough


@dataclass(frozen=True)
class Cutouts:
    """The cut-outs of a class, by their path below `folder`; what looks alike stands on one side only.

    Attributes:
        mirror: whether they may be mirrored; not those with writing on them.
    """

    folder: str
    train: str
    test: str
    mirror: bool = True


CLASSES = {
    "bird": Cutouts(
        "animals/birds",
        train="adelaide-rosella albino_peahen chicken_profile crow crowned_crane cuckoo drake gander guineafowl "
        "heron_greatblue heron_greatblue_flying little-penguin magellanic_penguin magpie nandou ostrich peacock "
        "penguin quetzal rainbow-lorikeet rooster seagull turkey vulture",
        test="blackbird duck helmeted_guineafowl hen lark owl pelican pigeon pink_flamingo silver-gull tucan",
    ),
    "building": Cutouts(
        "town/houses/cartoon",
        train="blacksmith cathedral city cityhouse fairytale_castle farm fishery fort fortress hunter jailhouse "
        "monastery pinkhome stables tower_flag_red tower_round tower_round_flag tower_square warehouse",
        test="inn swisshome tavern townhall university windmill wooden_cottage",
    ),
    "coin": Cutouts(
        "symbols/money",
        train="euro/coins/001 euro/coins/002 euro/coins/005 euro/coins/010 euro/coins/020 euro/coins/050 "
        "euro/coins/100 euro/coins/200 japanese/yen001 japanese/yen005 japanese/yen010 japanese/yen050 "
        "japanese/yen100 japanese/yen500 us/coins/001penny us/coins/005nickel us/coins/025quarter "
        "us/coins/050kennedy-halfdollar us/coins/100sacagawea",
        test="canadian/coins/001penny canadian/coins/005nickel canadian/coins/010dime canadian/coins/025quarter "
        "canadian/coins/100loonie canadian/coins/200toonie",
        mirror=False,
    ),
    "flower": Cutouts(
        "plants/flowers",
        train="adeenia anemone_red anthoorium bolsom chemparathi flower1 flower2 flower3 flower4 flower6 flower7 "
        "iris marigold pigface red-gazania yellow-flower",
        test="daffodil flower5 flower8 flower9 flower10 rose whitestar-petunia",
    ),
    "fruit": Cutouts(
        "food/fruit",
        train="Apricot_whole Strawberry2 apple_fuji apple_granny_smith apple_green apple_red apple_sierra_beauty "
        "apricot avocado banana cherimoya grapes kiwi mandarine orange orange_seville pomegranate sliced_lime "
        "sliced_orange",
        test="Cherry_Stella lemon mango pear pineapple raspberry",
    ),
    "instrument": Cutouts(
        "hobbies/music",
        train="brass/trumpet percussion/cymbal_crash percussion/drum_tomtom_floor string/cello "
        "string/guitar_electric string/guitar_electric_bass wind/bassoon",
        test="percussion/drumkit string/guitar2 string/guitar_classical string/violin",
    ),
    "mammal": Cutouts(
        "animals/mammals",
        train="apes/chimp apes/gorilla aquatic/otter aquatic/sea_lion badger bears/bear bears/european-bear "
        "bovines/bison bovines/bull bovines/cow bovines/gnu-baby bovines/gnu-baby-stand bovines/gnu-sitting "
        "bovines/gnu-stand bovines/indian_blackbuck bovines/mountaingoat bovines/ram bovines/sheep "
        "bovines/sheep_lamb bovines/yak camel/camel camel/dromedary cats/lion cats/lion-2 deer/caribou deer/deer "
        "deer/doe deer/wapiti dogs/dingo dogs/fox elephant equines/horse ferret hippopotamus pig pig_golden "
        "pig_golden2 rabbit_little rhino_black rodents/beaver rodents/marmot rodents/mouse rodents/rabbit "
        "rodents/rat wildboar",
        test="apes/tamarin_emperor bovines/cow_white bovines/goat bovines/zebu cats/tiger cats/tiger_sumatran "
        "dogs/dog equines/donkey equines/donkey_eating giraffe rodents/capybara rodents/rabbit-2 rodents/squirrel",
    ),
    "sign": Cutouts(
        "town/roadsigns",
        train="arrow crossroads dead_end_sign give_way_sign no_uturn railroad_crossing roundabout stop toilets "
        "xing_ped xing_school",
        test="hospital no_entry_sign school_sign t-junction yield",
        mirror=False,
    ),
    "vehicle": Cutouts(
        "vehicles",
        train="auto/beetle auto/truck construction/dumper construction/cartoon/cementMixer "
        "construction/cartoon/terex construction/cartoon/towTruck cycle/pink_tricycle emergency/firetruck "
        "emergency/cartoon/fire_engine flight/planes/747 flight/planes/cartoon/plane "
        "locomotive/cartoon/boxcar locomotive/cartoon/caboose locomotive/cartoon/carriage "
        "locomotive/cartoon/tanker locomotive/cartoon/tender locomotive/cartoon/toy_train race/indycar "
        "ship/chineseJunk ship/cartoon/tugboat",
        test="auto/sedan auto/sportscar2 farming/cartoon/tux_tractor garbagetruck masstransit/green_korean_bus "
        "masstransit/cartoon/double_decker_bus",
    ),
}

# photograph -> the part of it to crop from (left, top, right, bottom), which keeps clear of boats and a kite
WHOLE = (0.0, 0.0, 1.0, 1.0)
BACKGROUNDS = {
    "train": {
        "nature/Blinds.jpg": WHOLE,
        "nature/Dune.jpg": WHOLE,
        "nature/Storm.jpg": WHOLE,
        "BytheWater/contents/images/2560x1600.jpg": WHOLE,
        "ColdRipple/contents/images/2560x1600.jpg": WHOLE,
        "FallenLeaf/contents/images/2560x1600.jpg": WHOLE,
        "OneStandsOut/contents/images/2560x1600.jpg": WHOLE,
        "Path/contents/images/2560x1600.jpg": WHOLE,
        "summer_1am/contents/images/2560x1600.jpg": WHOLE,
    },
    "test": {
        "nature/Aqua.jpg": WHOLE,
        "nature/GreenMeadow.jpg": WHOLE,
        "nature/RainDrops.jpg": WHOLE,
        "nature/Wood.jpg": WHOLE,
        "DarkestHour/contents/images/2560x1600.jpg": WHOLE,
        "EveningGlow/contents/images/2560x1600.jpg": (0.0, 0.0, 1.0, 0.5),
        "Kite/contents/images/2560x1600.jpg": (0.0, 0.0, 0.6, 1.0),
    },
}


def open_backgrounds(folders: list[Path], split: str, short_side: int = 640) -> list[Image.Image]:
    """The photographs of a split, cut to their usable part and reduced."""
    photos = []
    for name, (left, top, right, bottom) in BACKGROUNDS[split].items():
        found = sorted(path for folder in folders for path in folder.rglob(name))
        if not found:
            raise SystemExit(f"no {name} below {', '.join(map(str, folders))}")
        photo = Image.open(found[0]).convert("RGB")
        width, height = photo.size
        photo = photo.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))
        scale = short_side / min(photo.size)
        photos.append(photo.resize([round(side * scale) for side in photo.size], Image.Resampling.LANCZOS))
    return photos


def open_cutout(path: Path) -> Image.Image:
    """The cut-out without its empty margin."""
    cutout = Image.open(path).convert("RGBA")
    return cutout.crop(cutout.getchannel("A").point(lambda a: 255 * (a >= 128)).getbbox())


def jitter(image: Image.Image, rng: random.Random, amount: float) -> Image.Image:
    """Another brightness and contrast, each by a factor of up to 1 +- amount; alpha stays."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    image = image.convert("RGB")
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(1 - amount, 1 + amount))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(1 - amount, 1 + amount))
    if alpha:
        image.putalpha(alpha)
    return image


def crop_background(photo: Image.Image, rng: random.Random) -> Image.Image:
    """A random square of the photograph, a third to the whole of its short side, perhaps mirrored."""
    side = int(min(photo.size) * rng.uniform(1 / 3, 1))
    left, top = rng.randint(0, photo.width - side), rng.randint(0, photo.height - side)
    crop = photo.resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def compose(
    cutout: Image.Image, background: Image.Image, rng: random.Random, mirror: bool
) -> tuple[Image.Image, Image.Image]:
    """The cut-out, turned a little, at 70 to 98 % of the frame on the background; and its mask (0 or 255)."""
    if mirror and rng.random() < 0.5:
        cutout = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    native = max(cutout.size)
    cutout = cutout.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    cutout = jitter(cutout.crop(cutout.getchannel("A").getbbox()), rng, 0.15)

    largest = min(0.98, max(0.7, native * ENLARGEMENT / SIZE))
    scale = SIZE * rng.uniform(0.7, largest) / max(cutout.size)
    cutout = cutout.resize([max(1, round(side * scale)) for side in cutout.size], Image.Resampling.LANCZOS)

    frame = Image.new("RGBA", (SIZE, SIZE))
    frame.paste(cutout, (rng.randint(0, SIZE - cutout.width), rng.randint(0, SIZE - cutout.height)))
    alpha = frame.getchannel("A")
    image = Image.composite(frame.convert("RGB"), jitter(background, rng, 0.2), alpha)
    return jitter(image, rng, 0.1), alpha.point(lambda a: 255 * (a >= 128)).convert("1")


def make_split(stamps: Path, backgrounds: list[Path], archive: zipfile.ZipFile, split: str, seed: int) -> None:
    """Write the images and masks of one split; every cut-out of a class comes equally often."""
    photos = open_backgrounds(backgrounds, split)
    for label, cutouts in tqdm(CLASSES.items(), desc=split):
        names = getattr(cutouts, split).split()
        opened = [open_cutout(stamps / cutouts.folder / f"{name}.png") for name in names]
        for index in range(IMAGES_PER_CLASS[split]):
            rng = random.Random(f"{seed}-{split}-{label}-{index}")
            background = crop_background(rng.choice(photos), rng)
            image, mask = compose(opened[index % len(opened)], background, rng, cutouts.mirror)
            name = f"{split}/{label}/{index:04d}"
            add(archive, f"images/{name}.webp", encoded(image, "WEBP", quality=WEBP_QUALITY, method=6))
            add(archive, f"masks/{name}.png", encoded(mask, "PNG", optimize=True))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Store a file as it is, without a date, so that the same images make the same archive."""
    archive.writestr(zipfile.ZipInfo(name), content)  # ZipInfo says 1980, and stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stamps", type=Path, required=True, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True,
                        help="folders with the files of mate-backgrounds and plasma-workspace-wallpapers")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("assets/toybox.zip"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    with zipfile.ZipFile(args.out, "w") as archive:
        add(archive, "classes.txt", "".join(f"{label}\n" for label in CLASSES).encode())
        for split in IMAGES_PER_CLASS:
            make_split(args.stamps, args.backgrounds, archive, split, args.seed)


if __name__ == "__main__":
    main()
