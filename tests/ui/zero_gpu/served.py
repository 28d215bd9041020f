"""The app as on ZeroGPU, with a tiny editor in place of the Hub's: a client asks it for edits, and prints what it got.

python served.py EDITOR IMAGE
"""
# ruff: noqa: I001

import os
import signal
import sys
import threading
import time
import traceback

import app  # first of all, as on a Space
import spaces
from gradio_client import Client, handle_file
from PIL import Image

from ui import hub_editors

EDITOR, IMAGE = sys.argv[1:]


def ask() -> None:
    """What a visitor's client does."""
    for _ in range(600):
        try:
            client = Client(f"http://127.0.0.1:{app.PORT}", verbose=False, httpx_kwargs={"timeout": 300})
            break
        except Exception:
            time.sleep(0.5)
    given = {"image": handle_file(IMAGE), "size": 64, "api_name": "/preview"}
    client.predict(prompt="in winter", **given)  # a child that is forked while another thread imports may wait for ever
    jobs = [client.submit(prompt="oil", editor=EDITOR, **given)]
    jobs += [client.submit(prompt="in winter", **given) for _ in range(2)]  # the queue takes more than one
    edited, *others = (Image.open(job.result()) for job in jobs)
    print("edited", edited.size, len(set(edited.getdata())) > 1, len(others))
    print("decorated", spaces.decorated, "durations", spaces.durations)


def ask_and_stop() -> None:
    try:
        ask()
    except Exception:
        traceback.print_exc()
    os.kill(os.getpid(), signal.SIGTERM)


hub_editors.WITH_A_GPU = (EDITOR,)
hub_editors._is_cached = lambda name: True  # it is a folder here
threading.Thread(target=ask_and_stop).start()
app.main()
