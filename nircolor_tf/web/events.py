"""What happens on the page: files come in, pictures and messages go out."""

import contextlib
import functools
import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import gradio as gr
from absl import logging

from nircolor_tf.errors import InputError, NirColorError
from nircolor_tf.inference import cards, models
from nircolor_tf.inference.colorizer import OVERLAP, TILE, Colorizer
from nircolor_tf.web import uploads, views
from nircolor_tf.web.sessions import Sessions
from nircolor_tf.web.uploads import Outcome, Pair, Settings


class Events:
    """What the page does, for all its visitors.

    Args:
        names: The models, the default first: shipped ones by name, others by
            export folder.
        root: Folder for the files of visitors.

    Attributes:
        paths: Model -> its inference paths; a folder by its last part.
        sessions: The files of visitors.

    Raises:
        InputError: A model has no card, or two have one name.
    """

    def __init__(self, names: Sequence[str], root: Path):
        self._folders: dict[str, Path] = {}
        for name in names:
            folder = models.locate(name)
            label = folder.resolve().name
            if label in self._folders:
                raise InputError(f"--model={name}: a second one named {label}")
            self._folders[label] = folder
        self.paths: Mapping[str, list[str]] = {
            label: list(cards.read_card(folder)["paths"])
            for label, folder in self._folders.items()
        }
        self.sessions = Sessions(root)
        self._load = functools.lru_cache(2)(self._load_export)

    def _load_export(self, model: str, path: str | None) -> Colorizer:
        folder = self._folders[model]
        try:
            return models.load_export(
                folder, path=path, tile=TILE, overlap=OVERLAP
            )
        except InputError as error:
            # Visitors need not know where it is.
            raise InputError(str(error).replace(str(folder), model)) from error

    def colorize(
        self, files: Sequence[str] | None, settings: Settings, session: str
    ) -> Outcome:
        """Colorizes files; what some of them lack is shown as a warning.

        Args:
            files: The uploads.
            settings: How.
            session: Of the visitor.

        Raises:
            gr.Error: Nothing was colorized.
        """
        files = files or ()
        with _shown():
            self.sessions.add_uploads(session, files)
            with self.sessions.run(session) as folder:
                outcome = uploads.colorize(files, settings, folder, self._load)
        for problem in outcome.problems:
            gr.Warning(_as_html(problem))
        return outcome

    def view(self, pair: Pair, settings: Settings) -> views.View:
        """Prepares an image and its result to be shown.

        Args:
            pair: Of an outcome.
            settings: Of that outcome.

        Raises:
            gr.Error: The files are gone.
        """
        with _shown():
            return views.view(pair, settings)


@contextlib.contextmanager
def _shown() -> Iterator[None]:
    """Turns errors into messages; one that is not ours may name anything."""
    try:
        yield
    except NirColorError as error:
        message = _as_html(str(error))
    except Exception as error:
        logging.exception("error while serving the page")
        message = f"failed: {type(error).__name__}; the server's log says more"
    else:
        return
    raise gr.Error(message, print_exception=False)


def _as_html(text: str) -> str:
    """Messages are HTML in gradio, and name the files of visitors."""
    return html.escape(text).replace("\n", "<br>")
