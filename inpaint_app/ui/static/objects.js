/* The list of what was found: a chip per object, a switch per class. */
function makeObjects(app, mask) {
  const section = one(".st-objects");
  const list = one(".st-finds");
  const count = one(".st-finds-count");
  const finder = h("p", { class: "finds-note" });
  list.after(finder);

  /* What belongs to a find is listed behind it, comes and goes with it, and can be let go or kept alone. */
  function withParts(instance) {
    return [instance, ...app.found.filter((part) => part.of === instance.number).flatMap(withParts)];
  }
  const numbered = (instances) => instances.map((instance) => instance.number);

  function classes() {
    const groups = new Map();
    for (const instance of app.found) {
      if (instance.of) continue;
      if (!groups.has(instance.label)) groups.set(instance.label, []);
      groups.get(instance.label).push(instance);
    }
    return Array.from(groups.entries()).sort((a, b) => b[1].length - a[1].length);
  }

  function toggle(instance) {
    mask.choose(numbered(withParts(instance)), !mask.isChosen(instance.number));
  }

  function chips(instance) {
    const made = withParts(instance).map(chip);
    return made.length > 1 ? [h("span", { class: "owned" }, ...made)] : made;
  }

  function chip(instance) {
    return h("button", {
      class: "chip", type: "button", "data-number": instance.number, "aria-pressed": "false",
      onclick: () => toggle(instance),
      onmouseenter: () => app.stage.setHover(instance.number),
      onmouseleave: () => app.stage.setHover(null),
      onfocus: () => app.stage.setHover(instance.number),
      onblur: () => app.stage.setHover(null),
    }, instance.of ? null : unseen(instance.label + " "), h("b", {}, String(instance.number)), instance.of ? h("i", {}, instance.label) : null, unseen(" sure to "),
      h("span", {}, Math.round(instance.confidence * 100) + " %"));
  }

  function group([label, instances]) {
    const numbers = numbered(instances.flatMap(withParts));
    const head = h("button", {
      class: "group", type: "button", "data-label": label, "aria-pressed": "false",
      title: "All of this kind on or off",
      onclick: () => mask.choose(numbers, !numbers.every((number) => mask.isChosen(number))),
    }, h("span", { class: "box", html: icon("check") }), instances.length > 1 ? app.plurals[label] || label : label, h("em", {}, "× " + instances.length));
    return h("div", { class: "finds-group" }, head, h("div", { class: "chips" }, ...instances.flatMap(chips)));
  }

  return {
    toggle,
    bring(number) { mask.choose(numbered(app.found.filter((one) => one.number === number).flatMap(withParts)), true); },
    show() {
      section.hidden = !app.found.length;
      finder.textContent = app.finder || "";
      list.replaceChildren(...classes().map(group));
      this.mark();
    },
    mark() {
      for (const node of all(".chip", list)) node.setAttribute("aria-pressed", String(mask.isChosen(Number(node.dataset.number))));
      for (const node of all(".group", list)) {
        const numbers = numbered(app.found.filter((i) => !i.of && i.label === node.dataset.label));
        const on = numbers.filter((number) => mask.isChosen(number)).length;
        node.setAttribute("aria-pressed", on === 0 ? "false" : on === numbers.length ? "true" : "mixed");
      }
      const on = app.found.filter((i) => mask.isChosen(i.number)).length;
      count.textContent = on ? on + " of " + app.found.length + " chosen" : app.found.length + " found";
    },
    hover(number) {
      for (const node of all(".chip", list)) node.classList.toggle("near", Number(node.dataset.number) === number);
    },
  };
}

/* The highest point of an outline, where its name stands. */
function anchor(polygons) {
  let x = 0, y = Infinity;
  for (const polygon of polygons) for (let i = 0; i < polygon.length; i += 2) if (polygon[i + 1] < y) { y = polygon[i + 1]; x = polygon[i]; }
  return [x, Number.isFinite(y) ? y : 0];
}
