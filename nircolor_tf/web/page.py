"""The page: its parts, and which event of which part does what."""

import dataclasses
from typing import Any

import gradio as gr

from nircolor_tf.images import image_files
from nircolor_tf.inference import jobs
from nircolor_tf.web import uploads
from nircolor_tf.web.events import Events
from nircolor_tf.web.uploads import Outcome, Pair, Settings

_ABOUT = """# nircolor: near-infrared images in color
Files stay on the machine that serves this page and are deleted when you close
it. The colors are a guess: what looks alike in near infrared gets one color."""

# Events are for this page, not for programs.
_PRIVATE = {"api_visibility": "private"}

_PATHS = {
    "n2c": "NIR to color",
    "n2g2c": "NIR to color by way of gray",
    "g2c": "gray to color",
    "g2n2c": "gray to color by way of NIR",
    "n2g": "NIR to gray",
    "g2n": "gray to NIR",
}


def build(events: Events) -> gr.Blocks:
    """Builds the page.

    Args:
        events: What it does.
    """
    with gr.Blocks(title="nircolor", analytics_enabled=False) as blocks:
        gr.Markdown(_ABOUT)
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                files = gr.File(
                    label="NIR images, or a video",
                    file_count="multiple",
                    file_types=list(uploads.SUFFIXES),
                    height=160,
                    elem_id="files",
                )
                form = _form(events)
                start = gr.Button("Colorize", variant="primary")
            with gr.Column(scale=2, min_width=280):
                outputs = _outputs()
        _connect(events, files, form, start, outputs)

        def leave(request: gr.Request) -> None:
            events.sessions.delete(request.session_hash)

        blocks.unload(leave)
    return blocks


def _form(events: Events) -> dict[str, gr.components.Component]:
    """Returns the component of each field of `Settings`."""
    first = next(iter(events.paths))
    model = gr.Dropdown(list(events.paths), label="Model")
    path = gr.Dropdown(**_path_choices(events, first), label="Path")
    with gr.Row():
        input_range = gr.Dropdown(
            ["auto", "max", "percentile"],
            label="Range",
            info="Levels of black and white; also LOW,HIGH as 0,4095",
            allow_custom_value=True,
            min_width=120,
        )
        channel = gr.Dropdown(
            ["gray", "red", "green", "blue", "luma"],
            label="Channel",
            info="The one that is NIR; also the number of a band",
            allow_custom_value=True,
            min_width=120,
        )
    saturation = gr.Slider(0, 3, 1, step=0.05, label="Saturation")
    with gr.Accordion("Format of the download", open=False):
        image_format = gr.Dropdown(list(jobs.SUFFIXES), label="Images")
        quality = gr.Slider(
            *(1, 100, image_files.QUALITY),
            step=1,
            label="Quality of JPEG and WebP",
        )
    model.input(
        lambda name: gr.Dropdown(**_path_choices(events, name)),
        model,
        path,
        **_PRIVATE,
    )
    components = (model, path, input_range, channel, saturation)
    names = [field.name for field in dataclasses.fields(Settings)]
    return dict(zip(names, (*components, image_format, quality), strict=True))


def _path_choices(events: Events, model: str) -> dict[str, Any]:
    names = events.paths[model]
    choices = [(f"{_PATHS.get(name, name)} ({name})", name) for name in names]
    return {"choices": choices, "value": names[0]}


def _outputs() -> dict[str, gr.components.Component]:
    return {
        "results": gr.State(),
        "shown": gr.Dropdown(label="Shown", visible=False),
        "slider": gr.ImageSlider(
            label="Before and after",
            max_height=640,
            buttons=["fullscreen"],
            elem_id="slider",
        ),
        "clip": gr.Video(label="Video", visible=False),
        "levels": gr.HTML(elem_id="levels"),
        "files": gr.File(
            label="Download",
            visible=False,
            interactive=False,
            elem_id="results",
        ),
        "archive": gr.DownloadButton("All as ZIP", visible=False),
    }


def _connect(
    events: Events,
    files: gr.File,
    form: dict[str, gr.components.Component],
    start: gr.Button,
    outputs: dict[str, gr.components.Component],
) -> None:
    # gradio passes what the annotation and the default ask for, and shows
    # the progress bars of tqdm.
    def colorize(
        values: dict,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008
    ) -> tuple:
        settings = Settings(
            **{name: values[part] for name, part in form.items()}
        )
        outcome = events.colorize(values[files], settings, request.session_hash)
        return _results(outcome, settings)

    def show(results: tuple[Outcome, Settings], index: int) -> tuple:
        outcome, settings = results
        return _view(events, outcome.pairs[index], settings)

    asked = [outputs["results"], outputs["shown"]]
    views = [outputs[name] for name in ("slider", "clip", "levels")]
    start.click(
        colorize,
        {files, *form.values()},
        [*asked, outputs["files"], outputs["archive"]],
        show_progress_on=[outputs["slider"], outputs["clip"]],
        **_PRIVATE,
    ).success(show, asked, views, **_PRIVATE)
    outputs["shown"].input(show, asked, views, **_PRIVATE)


def _results(outcome: Outcome, settings: Settings) -> tuple:
    """Returns what the parts of the page hold after a run."""
    names = [pair.source.name for pair in outcome.pairs]
    archive = outcome.archive
    return (
        (outcome, settings),
        gr.Dropdown(
            [(name, index) for index, name in enumerate(names)],
            value=0,
            visible=len(names) > 1,
        ),
        gr.File([str(pair.result) for pair in outcome.pairs], visible=True),
        gr.DownloadButton(value=archive, visible=archive is not None),
    )


def _view(events: Events, pair: Pair, settings: Settings) -> tuple:
    """Returns the slider, the video and the histogram of a result."""
    if jobs.is_video(str(pair.result)):
        clip = gr.Video(str(pair.result), visible=True)
        return gr.ImageSlider(visible=False), clip, ""
    view = events.view(pair, settings)
    return (
        gr.ImageSlider((str(view.before), str(view.after)), visible=True),
        gr.Video(None, visible=False),
        f"{view.histogram}<p>{view.caption}</p>",
    )
