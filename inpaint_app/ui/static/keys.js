/* Keyboard: the same list stands on the Help tab. */
function makeKeys(app, mask) {
  const plain = {
    v: () => app.pick("pick"),
    s: () => app.pick("select"),
    b: () => app.pick("brush"),
    e: () => app.pick("erase"),
    "[": () => app.resizeBrush(1 / 1.2),
    "]": () => app.resizeBrush(1.2),
    p: () => app.act("people"),
    f: () => app.act("find"),
    i: () => app.act("invert"),
    g: () => app.act("gallery"),
    "0": () => app.act("fit"),
    "+": () => app.act("in"),
    "=": () => app.act("in"),
    "-": () => app.act("out"),
    Enter: () => app.act("remove"),
    n: () => app.act("keep"),
    Backspace: () => app.act("clear"),
    Delete: () => app.act("clear"),
  };

  window.addEventListener("keydown", (event) => {
    if (!app.visible() || typing(event.target)) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      const key = event.key.toLowerCase();
      if (key === "z" && !app.comparing()) (event.shiftKey ? mask.redo : mask.undo)();
      else if (key === "y" && !app.comparing()) mask.redo();
      else if (key === "s" && app.base) app.act("download");
      else return;
      event.preventDefault();
      return;
    }
    if (event.altKey) return;
    const onControl = event.target.closest && event.target.closest("button, summary, [role=tab], [role=slider], input, a");
    if (event.key === "Escape") return app.act(app.busy ? "cancel" : app.comparing() ? "edit" : "none");
    if (!app.base) return;
    if (event.key === "c" && !event.repeat) return app.compare.holding(true);
    if (onControl && (event.key === "Enter" || event.key === " ")) return;
    if (event.key === " ") { event.preventDefault(); return app.stage.pan(true); }
    const act = plain[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  window.addEventListener("keyup", (event) => {
    if (event.key === "c") app.compare.holding(false);
    if (event.key === " ") app.stage.pan(false);
  });
  window.addEventListener("blur", () => { app.compare.holding(false); app.stage.pan(false); });
}
