/* What Gradio and narrow screens leave undone for those who use no mouse or hear the page. */
function mend() {
  /* Its upload buttons carry a name that leaves out the words on them; those words are the better name. */
  for (const node of document.querySelectorAll("button.upload-container[aria-label]")) node.removeAttribute("aria-label");
  /* A table or an example that is wider than the screen is moved by keys once it can have the focus. */
  for (const node of document.querySelectorAll(".sheet .scroll, .sheet pre")) {
    if (node.hasAttribute("tabindex") || node.scrollWidth <= node.clientWidth) continue;
    const head = node.querySelector("th");
    node.tabIndex = 0;
    node.setAttribute("role", "region");
    node.setAttribute("aria-label", (head && head.textContent) || "Example");
  }
}
let mending = 0;
const soon = () => { cancelAnimationFrame(mending); mending = requestAnimationFrame(mend); };
new MutationObserver(soon).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label", "class", "style"] });
window.addEventListener("resize", soon);
