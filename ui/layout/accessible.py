"""What Gradio leaves out for those who hear the page: names of pictures to choose from, and results that are told."""

from __future__ import annotations

import json

TOLD = ("understood", "key-warning", "lock-result", "answers", "split-result", "attack-result")  # elem_ids
# steps are built when they are first opened, and galleries whenever their pictures change
SCRIPT = f"""() => {{
  const mend = () => {{
    for (const id of {json.dumps(TOLD)}) document.getElementById(id)?.setAttribute("aria-live", "polite")
    for (const item of document.querySelectorAll(".thumbnail-item")) {{
      const name = item.querySelector(".caption-label")?.textContent.trim()  // Gradio says "Thumbnail 3 of 9"
      if (name) item.setAttribute("aria-label", name)
    }}
  }}
  mend()
  new MutationObserver(mend).observe(document.body, {{childList: true, subtree: true}})
}}"""
