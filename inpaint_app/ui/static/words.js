/* What the page says, to those who see it and to those who hear it, and where the keyboard is afterwards. */
function makeWords(app) {
  let keyed = false, from = null;
  window.addEventListener("keydown", () => { keyed = true; }, true);
  window.addEventListener("pointerdown", () => { keyed = false; }, true);

  return {
    say(kind, text) {
      const toast = one(".st-toast");
      toast.replaceChildren(h("span", { html: icon(kind === "error" ? "warn" : kind === "good" ? "check" : "find") }), h("p", {}, text),
        h("button", { type: "button", "aria-label": "Close the message", html: icon("close"), onclick: () => { toast.hidden = true; } }));
      toast.className = "st-toast " + kind;
      toast.removeAttribute("aria-label");
      toast.setAttribute("role", kind === "error" ? "alert" : "status");
      toast.hidden = false;
      clearTimeout(toast.timer);
      if (kind !== "error") toast.timer = setTimeout(() => { toast.hidden = true; }, 7000);
    },

    /* A question that stays until it is answered or closed. choices: [words, what then]. */
    ask(text, choices) {
      app.say("error", text);
      const toast = one(".st-toast"), answered = (then) => { toast.hidden = true; one(".st-stage").focus({ preventScroll: true }); then(); };
      toast.className = "st-toast asks";
      toast.setAttribute("role", "alertdialog");
      toast.setAttribute("aria-label", text);
      toast.querySelector("p").append(h("span", { class: "answers" }, ...choices.map(([words, then]) =>
        h("button", { type: "button", class: "b", onclick: () => answered(then) }, words))));
      toast.querySelector(".answers button").focus({ preventScroll: true });
    },

    /* A button that is pressed by a key loses the focus while it works: afterwards it goes on where the work has led. */
    pressed() {
      const node = document.activeElement && document.activeElement.closest(".st button");
      from = keyed && node ? node.dataset.do || "none" : null;
    },
    refocus() {
      const at = document.activeElement, lost = !at || at === document.body || at.disabled || !at.offsetParent;
      if (!lost || !from || !app.visible()) return;
      const next = { compare: ".st-divider", gallery: ".st-gallery .active button", edit: ".group" }[app.mode];
      const node = from === "find" || app.mode !== "edit" ? one(next) : one("[data-do=" + from + "]:not(:disabled)");
      (node && node.offsetParent ? node : one(".st-stage")).focus({ preventScroll: true });
      from = null;
    },
    announce(text) { one(".st-live").textContent = text; },
  };
}
