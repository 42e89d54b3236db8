/* Before and after: a divider over the stage, a gallery side by side, and a key or button that holds the original. */
function makeCompare(app) {
  const divider = one(".st-divider");
  const gallery = one(".st-gallery");
  const root = one(".st-stage");

  function place(share) {
    app.divider = Math.min(1, Math.max(0, share));
    divider.style.left = app.divider * 100 + "%";
    divider.setAttribute("aria-valuenow", Math.round(app.divider * 100));
    app.stage.redraw();
  }

  divider.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    divider.setPointerCapture(event.pointerId);
    const follow = (each) => {
      const box = root.getBoundingClientRect();
      place((each.clientX - box.left) / box.width);
    };
    const drop = () => {
      divider.removeEventListener("pointermove", follow);
      divider.removeEventListener("pointerup", drop);
      divider.removeEventListener("pointercancel", drop);
    };
    divider.addEventListener("pointermove", follow);
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
    place, holding,
    gallery() {
      const step = app.steps[app.at];
      gallery.replaceChildren(figure("Before", step.preview, null),
        ...Array.from(app.results.values()).map((result) => figure(result.title, result.preview, result.backend)));
    },
  };
}
