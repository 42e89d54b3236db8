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

  /* What a figure shows, in preview pixels: a small hole with its surroundings, so that differences can be seen, or all. */
  function part() {
    const { previewWidth: width, previewHeight: height } = app.photo;
    const areas = Array.from(app.results.values()).map((result) => result.area);
    const k = 1 / app.ratio(), least = (index) => Math.min(...areas.map((area) => area[index])) * k;
    const most = (index) => Math.max(...areas.map((area) => area[index])) * k;
    const [left, top, right, bottom] = [least(0), least(1), most(2), most(3)];
    if ((right - left) * (bottom - top) > 0.4 * width * height) return [0, 0, width, height];
    return [left, top, right - left, bottom - top];
  }

  /* As many columns as show the pictures largest. */
  function columns(count) {
    const [, , width, height] = part(), stage = view.stage();
    const size = (across) => Math.min(stage.width / across / width, ((stage.height - 90) / Math.ceil(count / across) - 46) / height);
    const all = Array.from({ length: count }, (_, index) => index + 1);
    return all.reduce((best, across) => (size(across) > size(best) * 1.01 ? across : best), Math.min(count, stage.width < 640 ? 2 : count));
  }

  function figure(title, image, key, best) {
    const [x, y, width, height] = part(), face = h("canvas", { width: Math.round(width), height: Math.round(height), role: "img", "aria-label": title });
    face.getContext("2d").drawImage(image, x, y, width, height, 0, 0, face.width, face.height);
    return h("figure", { class: key === app.active ? "active" : "", "data-key": key || "" },
      h("button", { type: "button", "aria-label": "Show " + title, onclick: () => (key ? app.activate(key) : app.edit()) }, face),
      h("figcaption", {}, title, best ? h("em", { class: "tag" }, "suggested") : null, ...numbers(app.results.get(key)).map((line) => h("small", {}, line))));
  }

  /* What is known of a result: of the removal itself, and of the test on a hole with truth. */
  function numbers(result) {
    if (!result) return [];
    const two = (name, value) => (typeof value === "number" ? [name + " " + value.toFixed(2)] : []);
    const own = [result.seconds.toFixed(1) + " s", ...two("seam", result.seam), ...two("texture", result.texture), ...two("agreement", result.agreement)];
    const truth = Object.entries((app.tested || {})[result.asked] || {}).map(([name, value]) => name + " " + value.toFixed(name === "HaarPSI" ? 3 : 1));
    return truth.length ? [own.join(" · "), "with truth: " + truth.join(" · ")] : [own.join(" · ")];
  }

  const hold = one("[data-do=hold]");
  const holding = (on) => { app.holding = on; root.classList.toggle("holding", on); app.stage.redraw(); };
  hold.addEventListener("pointerdown", () => holding(true));
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) hold.addEventListener(name, () => holding(false));
  hold.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") holding(true); });
  hold.addEventListener("keyup", () => holding(false));

  return {
    place, holding, follow,
    again() { if (app.mode === "gallery") app.compare.gallery(); },
    gallery() {
      gallery.style.setProperty("--columns", columns(app.results.size + 1));
      gallery.replaceChildren(figure("Before", app.base, null),
        ...Array.from(app.results.values()).map((result) => figure(named(result), app.images.get(result.key), result.key, result.best)));
    },
  };
}
