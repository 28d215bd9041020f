() => {
  // What Gradio leaves out for those who hear the page, or have no mouse.
  const TOLD = ["understood", "key-warning", "lock-result", "answers", "split-result", "attack-result"]

  // results are told when they come
  function tell() {
    for (const id of TOLD) document.getElementById(id)?.setAttribute("aria-live", "polite")
  }

  // pictures to choose from have names; Gradio says "Thumbnail 3 of 9"
  function name() {
    for (const item of document.querySelectorAll(".thumbnail-item")) {
      const caption = item.querySelector(".caption-label")?.textContent.trim()
      if (caption) item.setAttribute("aria-label", caption)
    }
  }

  // the handle of the comparing slider moves by arrow keys; Gradio's knows nothing but drags
  function moveByKeys(handle) {
    const frame = () => handle.parentElement.getBoundingClientRect()
    const middle = () => handle.getBoundingClientRect().x + handle.offsetWidth / 2
    const tellPlace = () =>
      handle.setAttribute("aria-valuenow", Math.round((100 * (middle() - frame().x)) / frame().width))
    const mouse = (type, target, clientX) =>
      target.dispatchEvent(new MouseEvent(type, {view: window, bubbles: true, clientX, clientY: frame().y + 1}))
    handle.tabIndex = 0
    handle.setAttribute("role", "slider")
    handle.setAttribute("aria-label", "Original on the left, edit on the right")
    tellPlace()
    handle.addEventListener("keydown", (press) => {
      const way = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1}[press.key]
      if (!way) return
      press.preventDefault()
      const from = middle(), to = from + (way * frame().width) / 20
      mouse("mousedown", handle, from)
      mouse("mousemove", window, to)
      mouse("mouseup", window, to)
      setTimeout(tellPlace, 100)
    })
  }

  function mend() {
    tell()
    name()
    document.querySelectorAll("[data-testid=slider]:not([tabindex])").forEach(moveByKeys)
  }

  mend()
  // steps are built when they are first opened, galleries whenever their pictures change; once a frame is enough
  let asked = 0
  const soon = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0
      mend()
    })
  }
  new MutationObserver(soon).observe(document.body, {childList: true, subtree: true})
}
