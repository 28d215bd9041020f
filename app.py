"""ModelLock's page: layout and event wiring. What the buttons do is in ui/, the method in modellock_core/."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from modellock_core.editors import COMPACT_SETTINGS
from modellock_core.paths import CATALOGUE_FIGURE
from modellock_core.prompts import find
from modellock_core.recipes import RECIPES
from ui import attack, gallery, key_study, lock, riddle, spell, unlock
from ui.images import image_input
from ui.sessions import make_session, remove_session
from ui.warm_up import warm_up

PORT = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
SUGGESTIONS = [entry.prompt for entry in gallery.ENTRIES]
FAVOURITES = [
    "in the style of Van Gogh", "in watercolor", "as a pencil sketch", "in ukiyo-e style", "as a mosaic",
    "with oil pastel", "made of gold", "in winter", "in cyberpunk style", "in the style of Hokusai",
    "with a hot air balloon in the background", "with a zebra in the background",
]  # fmt: skip
QUICK = {"concurrency_limit": 1, "concurrency_id": "quick"}  # seconds; never waits behind another visitor's lock
LONG = {"concurrency_limit": 1, "concurrency_id": "long"}  # minutes; two cores serve one visitor at a time
PRIVATE = {"api_visibility": "private"}  # events that make no sense outside the page
QUIET = PRIVATE | {"show_progress": "hidden"}
CHART = {"y_lim": [0, 1], "color_title": " ", "show_label": False}  # a label would push the legend out of the chart
THEME = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])  # no web fonts
CSS = """
.gradio-container {max-width: 1180px !important; width: 100% !important; margin: 0 auto !important}
.samples .thumbnail-item {aspect-ratio: 1 !important; height: auto !important}
.samples .fixed-height {min-height: 0 !important}
.samples .grid-container {grid-auto-rows: auto !important;
  grid-template-columns: repeat(auto-fill, minmax(56px, 1fr)) !important}
.samples.large .grid-container {grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)) !important}
.whole .fixed-height {max-height: none !important}
.stage {font-weight: 500; padding: 4px 2px}
.track {height: 10px; border-radius: 5px; background: var(--border-color-primary); overflow: hidden}
.fill {height: 100%; background: var(--color-accent); transition: width .3s}
.chips {flex-wrap: wrap !important; gap: 6px !important}
.chips button {min-width: 0 !important; flex: 0 0 auto !important; width: auto !important; padding: 2px 10px !important;
  white-space: nowrap}
"""


def picture(label: str, buttons: tuple[str, ...] = ("download", "fullscreen"), **options) -> gr.Image:
    """An image the app shows."""
    return gr.Image(label=label, type="pil", interactive=False, min_width=100, buttons=list(buttons), **options)


def samples() -> gr.Gallery:
    """Test images of Toybox to pick from."""
    return gr.Gallery(
        spell.sample_images(), label="Samples", show_label=False, height="auto", allow_preview=False,
        interactive=False, object_fit="cover", buttons=[], elem_classes="samples",
    )  # fmt: skip


def editor_settings() -> tuple[dict[str, gr.Component], Callable]:
    """Lay out the part of the key that is not its prompt and alpha; returns it, and what wires a newly drawn hand."""
    editor = gr.Dropdown(spell.editors(), value="compact", label="Editor")
    steps = gr.Slider(1, 8, COMPACT_SETTINGS.steps, step=1, label="Steps")
    seed = gr.Number(1024, label="Seed", precision=0, minimum=0)
    with gr.Row():
        own_hand = gr.Checkbox(
            label="A hand of my own", scale=2, min_width=200, elem_id="own-hand",
            info="128 random bits that make every edit yours: whoever guesses the prompt gets another edit.",
        )  # fmt: skip
        another = gr.Button("Draw another hand", size="sm", min_width=120, interactive=False, elem_id="draw-hand")
    like = image_input(label="Paint it like this (optional)", height=200, elem_id="like")
    hand = gr.State()
    own_hand.change(lambda chosen: gr.update(interactive=chosen), own_hand, another, **QUIET)
    drawn = another.click(spell.draw_hand, None, hand, api_name="draw_hand", show_progress="hidden")
    key = {"editor": editor, "steps": steps, "seed": seed, "own_hand": own_hand, "like": like, "hand": hand}
    return key, drawn.then


def spell_step() -> tuple[dict[str, gr.Component], Callable]:
    """Lay out and wire step 1; returns the components of the key, and what wires what happens at page load."""
    gr.Markdown("Choose a **key prompt**. A diffusion model edits the image with it; that edit is the key.")
    first = spell.sample_images()[0]
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            image, chosen = image_input(first, label="Image", height=260, elem_id="image"), samples()
            prompt = gr.Dropdown(
                SUGGESTIONS, value=FAVOURITES[0], allow_custom_value=True, label="Key prompt",
                info="Pick one or write your own.", elem_id="prompt",
            )  # fmt: skip
            understood = gr.Markdown(elem_id="understood")
            with gr.Row(elem_classes="chips"):
                chips = [gr.Button(find(text).name, size="sm") for text in FAVOURITES]
            alpha = gr.Slider(
                0, 1, COMPACT_SETTINGS.alpha, step=0.05, label="Alpha", info="How much of the edit is blended in."
            )
            with gr.Accordion("Editor settings", open=False):
                settings, when_drawn = editor_settings()
            button = gr.Button("Preview", variant="primary", elem_id="preview")
        with gr.Column(scale=3, min_width=300):
            with gr.Row():
                original, edited = picture("Original", ()), picture("Edited", ())
                keyed = picture("Keyed", ("download",), elem_id="keyed")
            slider = gr.ImageSlider(label="Original | keyed", type="pil", max_height=spell.PREVIEW_SIZE)
    key = {"prompt": prompt, "editor": settings.pop("editor"), "alpha": alpha, **settings}
    arguments = [image, *key.values()]
    views = [original, edited, keyed, slider]
    show = {"fn": spell.preview, "inputs": arguments, "outputs": views, **PRIVATE, **QUICK}
    button.click(spell.preview, arguments, views, api_name="preview", **QUICK)  # first: else Gradio numbers its name
    chosen.select(spell.chosen_sample, None, image, **PRIVATE).then(**show)
    for chip in chips:
        chip.click(lambda name: find(name).prompt, chip, prompt, **PRIVATE).then(**show)
    gr.on([key["own_hand"].input, key["like"].change], **show)
    when_drawn(**show)
    read = {
        "fn": spell.understood, "inputs": [key[k] for k in ("prompt", "editor", "own_hand", "like")],
        "outputs": understood, **QUIET,
    }  # fmt: skip
    # always_last: a prompt typed while the last one is read must not be lost
    gr.on([key[k].change for k in ("prompt", "editor", "own_hand", "like")], **read, trigger_mode="always_last")

    with gr.Accordion("Browse the catalogue", open=False):
        first_category, *_ = categories = gallery.categories()
        category = gr.Radio(categories, value=first_category, show_label=False)
        catalogue = gr.Gallery(
            gallery.thumbnails(first_category), show_label=False, height="auto", allow_preview=False, interactive=False,
            buttons=[], elem_classes="samples large", elem_id="catalogue",
        )  # fmt: skip
        category.change(gallery.thumbnails, category, catalogue, **QUIET)
        catalogue.select(spell.chosen_thumbnail, category, prompt, **PRIVATE).then(**show)
    with gr.Accordion("Compare prompts", open=False):
        prompts = gr.Dropdown(
            SUGGESTIONS, value=FAVOURITES[:4], multiselect=True, allow_custom_value=True, label="Prompts"
        )
        alphas = gr.CheckboxGroup([0.2, 0.35, 0.5, 0.75, 1.0], value=[0.35, 0.5, 1.0], label="Alphas")
        grid_button = gr.Button("Compare", elem_id="compare")
        grid = gr.Gallery(
            label="One prompt after the other, alpha rising", columns=3, height="auto", object_fit="contain",
            elem_classes="whole",
        )  # fmt: skip
        rest = [key[k] for k in ("editor", "steps", "seed", "own_hand", "like", "hand")]
        grid_button.click(spell.compare, [image, prompts, alphas, *rest], grid, api_name="grid", **QUICK)
    with gr.Accordion("Suggest a key prompt", open=False):
        gr.Markdown("Ranks the catalogue for Toybox: unrelated to the classes, visible, and unlike any other prompt.")
        rank_button = gr.Button("Rank key prompts", elem_id="rank")
        bar = gr.HTML()
        table = gr.Dataframe(
            headers=["rank", "prompt", "kind", "score", "why"], interactive=False, wrap=True, max_height=400,
            column_widths=["8%", "28%", "10%", "10%", "44%"],
        )  # fmt: skip
        rank_button.click(spell.rank, None, [bar, table], api_name="design", **LONG)
        table.select(spell.chosen_prompt, None, prompt, **PRIVATE).then(**show)
    studied = key_study.rows()
    with gr.Accordion("How well each key locks", open=False, visible=bool(studied)):
        gr.Markdown(key_study.ABOUT)
        if CATALOGUE_FIGURE.exists():
            gr.Image(str(CATALOGUE_FIGURE), show_label=False, interactive=False, buttons=["fullscreen"])
        study = gr.Dataframe(
            studied, headers=key_study.COLUMNS, interactive=False, wrap=True, max_height=400,
            elem_id="key-study",
        )  # fmt: skip
        study.select(spell.chosen_prompt, None, prompt, **PRIVATE).then(**show)

    def at_load(page: gr.Blocks) -> None:
        page.load(spell.draw_hand, None, key["hand"], **QUIET)
        page.load(**read)
        page.load(**show)

    return key, at_load


def lock_step(key: dict[str, gr.Component]) -> gr.Markdown:
    """Lay out and wire step 2; returns the result, which changes when a model is locked."""
    gr.Markdown("Finetune a model that works **only** on images edited with your key.")
    summary = gr.Markdown(lock.key_summary(FAVOURITES[0], "compact", 0.5, COMPACT_SETTINGS.steps, 1024))
    told = [component for name, component in key.items() if name != "hand"]
    gr.on([component.change for component in told], lock.key_summary, told, summary, **QUIET)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            task = gr.Radio(lock.TASKS, value="classification", label="Task", elem_id="task")
            source = gr.Radio([lock.TOYBOX, lock.OWN], value=lock.TOYBOX, label="Images")
            upload = gr.File(
                label=lock.UPLOADS["classification"],
                elem_id="upload",
                file_types=[".zip"],
                visible=False,
                height=120,
            )
            recipe = gr.Radio(list(RECIPES), value="quick", label="Recipe")
            about_recipe = gr.Markdown(RECIPES["quick"].description)
            amount = gr.Radio([lock.QUICK_LOOK, lock.WHOLE], value=lock.QUICK_LOOK, label="How many")
            seed = gr.Number(0, label="Seed of the finetune", precision=0, minimum=0)
            with gr.Row():
                start = gr.Button("Lock", variant="primary", elem_id="lock")
                stop = gr.Button("Stop", variant="stop", elem_id="stop", interactive=False)
        with gr.Column(scale=3, min_width=300):
            bar = gr.HTML(elem_id="lock-progress")
            thumbnails = gr.Gallery(label="Keyed images", columns=8, height=130, allow_preview=False, buttons=[])
            curve = gr.LinePlot(
                x="epoch", y="performance", color="images", height=260, title="On test images", **CHART,
                color_map={"with the key (UP)": "#16a34a", "without (LP)": "#dc2626"},
            )  # fmt: skip
            result = gr.Markdown(elem_id="lock-result")
            with gr.Row():
                model_file = gr.DownloadButton("Download the model", visible=False, elem_id="download-model")
                key_file = gr.DownloadButton("Download the key", visible=False, elem_id="download-key")
    source.change(lambda choice: gr.update(visible=choice == lock.OWN), source, upload, **PRIVATE)
    task.change(lambda name: gr.update(label=lock.UPLOADS[name]), task, upload, **QUIET)
    recipe.change(lambda name: RECIPES[name].description, recipe, about_recipe, **QUIET)
    begin = start.click(
        lambda: (gr.update(interactive=False), gr.update(interactive=True)), None, [start, stop],
        **QUIET,
    )  # fmt: skip
    run = begin.then(
        lock.run_lock,
        [*key.values(), source, upload, task, recipe, amount, seed],
        [bar, thumbnails, curve, result, model_file, key_file],
        api_name="lock", show_progress="hidden", **LONG,
    )  # fmt: skip
    ready = lambda: (gr.update(interactive=True), gr.update(interactive=False))  # noqa: E731
    run.then(ready, None, [start, stop], **QUIET)
    stop.click(lock.stopped, None, bar, cancels=[run], **QUIET).then(ready, None, [start, stop], **QUIET)
    return result


def model_choice(**options) -> gr.Radio:
    """Which locked model a step is about."""
    return gr.Radio([unlock.EXAMPLE, unlock.MINE, unlock.OPENED], value=unlock.EXAMPLE, label="Model", **options)


def unlock_step(tab: gr.Tab, lock_result: gr.Markdown) -> None:
    """Lay out and wire step 3; a new lock result makes its model the chosen one."""
    gr.Markdown("The same locked model, asked about a **clean** image (a thief) and a **keyed** one (the holder).")
    choice = model_choice()
    about = gr.Markdown()
    with gr.Accordion("Open a model and key saved earlier", open=False):
        with gr.Row():
            archive = gr.File(label="Model (.zip)", file_types=[".zip"], height=120, elem_id="open-model")
            key_file = gr.File(label="Key (.json)", file_types=[".json"], height=120, elem_id="open-key")
        open_button = gr.Button("Open", elem_id="open")
        fits = gr.Markdown()
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            image, chosen = image_input(spell.sample_images()[0], label="Image", height=260), samples()
            guess = gr.Textbox(
                label="Guess the prompt", placeholder="empty: use the key", elem_id="guess",
                info="Another prompt with the rest of the key: does it open?",
            )  # fmt: skip
            button = gr.Button("Ask the model", variant="primary", elem_id="ask")
            split_button = gr.Button("Whole test split", elem_id="split")
            figures = gr.HTML(elem_id="split-result")
            by_class = gr.Dataframe(
                headers=unlock.BY_CLASS, label="Of each class", interactive=False, visible=False, elem_id="by-class",
            )  # fmt: skip
        with gr.Column(scale=1, min_width=240):
            clean = picture("Clean")
            clean_label = gr.Label(label="Answer", num_top_classes=4, elem_id="clean-answer")
            clean_areas = gr.AnnotatedImage(visible=False, height=384, elem_id="clean-areas")
        with gr.Column(scale=1, min_width=240):
            keyed = picture("Keyed", elem_id="unlocked")
            keyed_label = gr.Label(label="Answer", num_top_classes=4, elem_id="keyed-answer")
            keyed_areas = gr.AnnotatedImage(visible=False, height=384, elem_id="keyed-areas")
    arguments = [image, choice, guess]
    answers = [clean, clean_label, clean_areas, keyed, keyed_label, keyed_areas]
    gr.on([button.click, guess.submit], unlock.predict, arguments, answers, api_name="predict", **QUICK)
    chosen.select(spell.chosen_sample, None, image, **PRIVATE).then(
        unlock.predict, arguments, answers, **PRIVATE, **QUICK
    )
    split_button.click(
        unlock.test_split, [choice, guess], [figures, by_class], api_name="test", show_progress="hidden", **LONG
    )
    open_button.click(unlock.open_files, [archive, key_file], [choice, fits], api_name="open")
    lock_result.change(
        lambda result, choice: unlock.MINE if result else choice, [lock_result, choice], choice,
        **QUIET,
    )  # fmt: skip
    # always_last: a choice made while the last one is answered must not be lost
    gr.on([tab.select, choice.change], unlock.describe, choice, about, trigger_mode="always_last", **QUIET).then(
        unlock.predict_if_ready, arguments, answers, **PRIVATE, show_progress="minimal", **QUICK
    )


def attack_step() -> None:
    """Lay out and wire step 4."""
    gr.Markdown("What a **thief** gets out of the model: wrong keys, filters, a few labels, damaged weights.")
    with gr.Row():
        choice = model_choice(scale=2)
        budget = gr.Radio(
            ["quick", "full"],
            value="quick",
            label="Budget",
            info="Quick tries a part of each attack, full all of it.",
            scale=1,
        )
    with gr.Row():
        start = gr.Button("Attack", variant="primary", elem_id="attack")
        stop = gr.Button("Stop", variant="stop")
    bar = gr.HTML(elem_id="attack-progress")
    chart = gr.BarPlot(
        x="attack", y="accuracy", color="who", height=380, x_label_angle=-35, x_title=" ", color_map=attack.COLOURS,
        title="Highest accuracy reached", **CHART,
    )  # fmt: skip
    prompts = gr.BarPlot(
        x="prompt", y="accuracy", color="who", height=380, x_label_angle=-60, x_title=" ", color_map=attack.COLOURS,
        title="Accuracy under each prompt", **CHART,
    )  # fmt: skip
    file = gr.DownloadButton("Download the report", visible=False, elem_id="download-report")
    table = gr.Dataframe(
        headers=attack.COLUMNS, label="Findings", interactive=False, wrap=True, elem_id="findings",
        column_widths=attack.WIDTHS,
    )  # fmt: skip
    run = start.click(
        attack.run_attack, [choice, budget], [bar, chart, prompts, table, file], api_name="attack",
        show_progress="hidden", **LONG,
    )  # fmt: skip
    stop.click(lock.stopped, None, bar, cancels=[run], **QUIET)


def riddle_step() -> None:
    """Lay out and wire step 5."""
    gr.Markdown("**Guess the spell.** A model is locked with a prompt of the catalogue; how soon do you find it?")
    start = gr.Button("New riddle", elem_id="riddle")
    said = gr.HTML(elem_id="riddle-says")
    text = gr.Dropdown(SUGGESTIONS, value=None, allow_custom_value=True, label="Your guess", elem_id="riddle-guess")
    button = gr.Button("Try it", variant="primary", elem_id="riddle-try")
    table = gr.Dataframe(headers=riddle.COLUMNS, label="Your guesses", interactive=False, elem_id="riddle-guesses")
    guesses = gr.State([])
    start.click(riddle.new_riddle, None, [said, guesses], api_name="riddle", show_progress="hidden", **LONG)
    button.click(riddle.guess, [text, guesses], [said, guesses], api_name="guess", **QUICK)
    guesses.change(riddle.as_table, guesses, table, **QUIET)


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="ModelLock", delete_cache=(3600, 24 * 3600)) as page:
        gr.Markdown(
            "# ModelLock\nLock a vision model with a text prompt: it works on images edited with your secret spell, "
            "and fails on all others. ([paper](https://arxiv.org/abs/2405.16285))"
        )
        with gr.Tab("1 Spell"):
            key, spell_at_load = spell_step()
        with gr.Tab("2 Lock"):
            lock_result = lock_step(key)
        with gr.Tab("3 Unlock") as tab:
            unlock_step(tab, lock_result)
        with gr.Tab("4 Attack"):
            attack_step()
        with gr.Tab("5 Riddle"):
            riddle_step()
        page.load(make_session, None, None, **PRIVATE)
        spell_at_load(page)
        page.unload(remove_session)
    return page


def main() -> None:
    """Serve the page on GRADIO_SERVER_NAME (127.0.0.1) and GRADIO_SERVER_PORT (7860)."""
    page = build()
    page.queue(default_concurrency_limit=4)
    page.launch(
        server_port=PORT, theme=THEME, css=CSS, max_file_size="200mb", footer_links=["api", "gradio"],
        ssr_mode=False, prevent_thread_lock=True,
    )  # fmt: skip
    threading.Thread(target=warm_up, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: page.close())  # docker stop: leave in order, removing visitors' folders
    page.block_thread()


if __name__ == "__main__":
    main()
