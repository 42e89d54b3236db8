/* The examples on the Help tab: one language at a time, this server's own address, and a button that copies. */
const ways = Array.from(element.querySelectorAll("[role=tab]"));
const examples = Array.from(element.querySelectorAll("[role=tabpanel]"));
const known = window.gradio_config || {};
const here = (known.root || window.location.origin).replace(/\/$/, "");

function choose(way) {
  for (const each of ways) {
    each.setAttribute("aria-selected", String(each === way));
    each.tabIndex = each === way ? 0 : -1;
  }
  for (const example of examples) example.hidden = example.id !== way.getAttribute("aria-controls");
}

for (const [place, way] of ways.entries()) {
  way.addEventListener("click", () => choose(way));
  way.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = ways[(place + step + ways.length) % ways.length];
    choose(next);
    next.focus();
  });
}

for (const example of examples) {
  const code = example.querySelector("code"), button = example.querySelector("button");
  if (!code || !button) continue;
  code.textContent = code.textContent.replaceAll("http://127.0.0.1:7860", here);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // Without HTTPS a browser has no clipboard: mark the text, so that Ctrl C takes it.
      window.getSelection().selectAllChildren(code);
      button.textContent = "Press Ctrl C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
}
