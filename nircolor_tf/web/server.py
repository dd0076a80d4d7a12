"""Serves the page, on this machine alone unless told.

with serve(["default"]) as url:
    threading.Event().wait()
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import gradio as gr
import httpx
import safehttpx
from gradio import processing_utils

from nircolor_tf.web.events import Events
from nircolor_tf.web.page import build

# Files of visitors whose leaving was not seen: age and interval, s.
_KEPT, _SWEEP = 3600, 300

# Visitors that wait; the work is done one after the other.
_MOST_WAITING = 20

# Of gradio's launch: nothing but the page, in a thread.
_LAUNCH = {
    **{"share": False, "ssr_mode": False, "pwa": False, "mcp_server": False},
    **{"enable_monitoring": False, "run_history": False, "footer_links": []},
    **{"inbrowser": False, "quiet": True, "prevent_thread_lock": True},
}


@contextlib.contextmanager
def serve(
    models: Sequence[str],
    host: str = "127.0.0.1",
    port: int = 7860,
    max_upload: int = 200,
) -> Iterator[str]:
    """Serves the page in threads until the context ends.

    Files of visitors lie in a temporary folder, which is deleted at the end.

    Args:
        models: As for `Events`.
        host: Address to listen on; 0.0.0.0 is all of this machine.
        port: TCP port.
        max_upload: Size of a file, MiB.

    Yields:
        The URL.

    Raises:
        InputError: A model has no card.
        OSError: The port is in use.
    """
    with tempfile.TemporaryDirectory(
        prefix="nircolor-", ignore_cleanup_errors=True
    ) as folder:
        root = Path(folder).resolve()
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        # Files in these two folders, and no others, can be asked for.
        os.environ["GRADIO_TEMP_DIR"] = str(root)
        os.environ["GRADIO_EXAMPLES_CACHE"] = str(root)
        _refuse_addresses()
        events = Events(models, root)
        blocks = build(events)
        blocks.queue(max_size=_MOST_WAITING, default_concurrency_limit=1)
        with _sweeping(events), contextlib.ExitStack() as stack:
            stack.callback(blocks.close, verbose=False)
            _, url, _ = blocks.launch(
                server_name=host,
                server_port=port,
                max_file_size=max_upload * 2**20,
                theme=_theme(),
                **_LAUNCH,
            )
            yield url


@contextlib.contextmanager
def _sweeping(events: Events) -> Iterator[None]:
    """Deletes old files of visitors until the context ends."""
    ended = threading.Event()
    threading.Thread(
        target=events.sessions.keep_sweeping,
        args=(_KEPT, _SWEEP, ended),
        daemon=True,
    ).start()
    try:
        yield
    finally:
        ended.set()


def _theme() -> gr.themes.Base:
    """gradio's, with the system's fonts, and hints dark enough to read."""
    return gr.themes.Default(
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
    )


def _refuse_addresses() -> None:
    """Has gradio fetch nothing from the network.

    Where a client names a web address in place of a file, it would be fetched
    by this machine.
    """

    async def refuse(hostname: str) -> str:
        raise ValueError(f"{hostname}: addresses are not fetched")

    safehttpx.async_validate_url = refuse
    processing_utils.async_transport = _NoTransport()


class _NoTransport(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError(f"{request.url}: addresses are not fetched")
