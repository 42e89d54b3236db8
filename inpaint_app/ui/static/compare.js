/* Before and after: a divider over the stage, a gallery side by side, and a key or button that holds the original. */
function makeCompare(app, view) {
  const divider = one(".st-divider");
  const gallery = one(".st-gallery");
  const root = one(".st-stage");

  function place(share) {
    app.divider = Math.min(1, Math.max(0, share));
    divider.setAttribute("aria-valuenow", Math.round(app.divider * 100));
    app.stage.redraw();
  }

  /* The divider runs over the part of the picture that is in sight, and nowhere else. */
  function follow() {
    const [left, top, right, bottom] = view.covered();
    divider.style.left = app.edge() + "px";
    divider.style.top = top + "px";
    divider.style.height = Math.max(0, bottom - top) + "px";
    divider.classList.toggle("low", bottom - top < 120 || right - left < 60);
  }

  divider.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    divider.setPointerCapture(event.pointerId);
    const drag = (each) => {
      const [left, , right] = view.covered();
      place((each.clientX - root.getBoundingClientRect().left - left) / Math.max(1, right - left));
    };
    const drop = () => {
      divider.removeEventListener("pointermove", drag);
      divider.removeEventListener("pointerup", drop);
      divider.removeEventListener("pointercancel", drop);
    };
    divider.addEventListener("pointermove", drag);
    divider.addEventListener("pointerup", drop);
    divider.addEventListener("pointercancel", drop);
  });
  divider.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1 }[event.key];
    if (step) place(app.divider + step);
    else if (event.key === "Home") place(0);
    else if (event.key === "End") place(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function figure(title, path, name) {
    return h("figure", { class: name === app.active ? "active" : "" },
      h("button", { type: "button", "aria-label": "Show " + title, onclick: () => (name ? app.activate(name) : app.edit()) },
        h("img", { src: fileUrl(path), alt: title })), h("figcaption", {}, title));
  }

  const hold = one("[data-do=hold]");
  const holding = (on) => { app.holding = on; root.classList.toggle("holding", on); app.stage.redraw(); };
  hold.addEventListener("pointerdown", () => holding(true));
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) hold.addEventListener(name, () => holding(false));
  hold.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") holding(true); });
  hold.addEventListener("keyup", () => holding(false));

  return {
    place, holding, follow,
    gallery() {
      const step = app.steps[app.at];
      gallery.style.setProperty("--columns", Math.ceil(Math.sqrt(app.results.size + 1)));
      gallery.replaceChildren(figure("Before", step.preview, null),
        ...Array.from(app.results.values()).map((result) => figure(result.title, result.preview, result.backend)));
    },
  };
}
