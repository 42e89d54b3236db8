/* How to remove: backends and their options, growth, feather, what finds objects. Drawn from what Python knows. */
function makeSettings(app) {
  const values = {}, estimate = one(".st-estimate");
  let asking = null, question = 0;
  const backends = one(".st-backends");
  const options = one(".st-options");
  const grow = one("[name=grow]"), feather = one("[name=feather]");
  const candidates = one("[name=candidates]");
  const confidence = one("[name=confidence]"), segmenter = one("[name=segmenter]");

  function card(backend, on) {
    const box = h("input", { type: "checkbox", value: backend.name, name: "backend" });
    box.checked = on.includes(backend.name);
    box.disabled = Boolean(backend.lacks);
    box.addEventListener("change", changed);
    return h("label", { class: "backend" }, box, h("span", { class: "box", html: icon("check") }),
      h("span", { class: "words" }, h("b", {}, backend.title, backend.slow ? h("i", { class: "tag" }, "slow") : null),
        h("small", {}, backend.summary), ...(backend.lacks ? lacking(backend) : [])));
  }

  /* What is not here says where it comes from and under which terms, before it is fetched. */
  function lacking(backend) {
    if (!backend.fetch) return [h("small", { class: "lacks" }, "Not here yet. Models says how to get it.")];
    const fetch = (event) => { event.preventDefault(); app.send("fetch", { name: backend.fetch, backend: backend.name }); };
    return [h("small", { class: "lacks" }, backend.terms),
      h("button", { class: "b fetch", type: "button", "aria-label": "Fetch, " + backend.size + ": " + backend.title, onclick: fetch }, "Fetch, " + backend.size)];
  }

  function control(backend, option) {
    const key = backend.name + "." + option.name;
    const set = (value) => { (values[backend.name] = values[backend.name] || {})[option.name] = value; ask(); if (slow.includes(backend.name)) app.settings.side(); };
    const label = h("span", {}, option.label);
    let field;
    if (option.choices) {
      field = h("select", {}, ...option.choices.map((choice) => h("option", { value: choice }, String(choice))));
      field.value = option.default;
      field.addEventListener("change", () => set(option.choices.find((choice) => String(choice) === field.value)));
    } else if (option.kind === "bool") {
      field = h("input", { type: "checkbox" });
      field.checked = option.default;
      field.addEventListener("change", () => set(field.checked));
    } else if (option.kind === "int" || option.kind === "float") {
      field = h("input", { type: "number", min: option.minimum, max: option.maximum, step: option.step || "any", inputmode: "decimal" });
      field.value = option.default;
      field.addEventListener("change", () => {
        const number = Number(field.value);
        if (field.value === "" || Number.isNaN(number)) field.value = option.default;
        set(field.value === "" ? option.default : option.kind === "int" ? Math.round(Number(field.value)) : Number(field.value));
      });
    } else {
      field = h("input", { type: "text", placeholder: "none" });
      field.value = option.default === null ? "" : option.default;
      field.addEventListener("change", () => set(field.value));
    }
    field.setAttribute("aria-label", backend.title + ": " + option.label);
    field.dataset.option = key;
    const known = (values[backend.name] || {})[option.name];
    if (known !== undefined) { if (field.type === "checkbox") field.checked = known; else field.value = known; }
    return h("label", { class: "row", title: option.help }, label, field);
  }

  function chosen() {
    return all("input", backends).filter((box) => box.checked).map((box) => box.value);
  }

  function changed() {
    const on = CONFIGURATION.backends.filter((backend) => chosen().includes(backend.name));
    options.replaceChildren(...on.filter((backend) => backend.options.length).map((backend) =>
      h("div", { class: "options" }, h("h3", {}, backend.title), ...backend.options.map((option) => control(backend, option)))));
    one(".st-candidates").hidden = !on.some((backend) => backend.seeded);
    ask();
    one(".st-how-summary").textContent = on.length ? on.map((backend) => backend.title).join(", ") : "none chosen";
  }

  /* What the slow ones among the chosen will take is asked of the server, once the visitor's hand rests. */
  function ask() {
    const names = CONFIGURATION.backends.filter((backend) => backend.slow && chosen().includes(backend.name)).map((backend) => backend.name);
    clearTimeout(asking);
    question += 1;
    if (!names.length) { estimate.hidden = true; return; }
    asking = setTimeout(() => app.whisper("estimate", { backends: names, options: values, candidates: Number(candidates.value), asked: question }), 250);
  }

  /* What fills stands open, also what is not ready; tools, and what is there to compare with, are folded away. */
  let slow = [];
  function draw(on) {
    const ready = CONFIGURATION.backends.filter((backend) => backend.group === "main" || !backend.lacks);
    backends.replaceChildren(
      ...ready.filter((backend) => backend.group === "main").map((backend) => card(backend, on)),
      ...[["tool", "Tools"], ["compare", "Compare"]].map(([group, name]) => {
        const members = ready.filter((backend) => backend.group === group);
        return h("details", { class: "family" }, h("summary", {}, name, h("em", {}, "× " + members.length)), ...members.map((backend) => card(backend, on)));
      }));
    const away = CONFIGURATION.backends.length - ready.length, unready = one(".st-unready");
    unready.hidden = !away;
    unready.textContent = away + (away === 1 ? " more is" : " more are") + " not ready here. Models says what is missing.";
    const side = CONFIGURATION.sideBySide;
    slow = CONFIGURATION.backends.filter((backend) => backend.slow && side.names.includes(backend.name)).map((backend) => backend.name);
    one(".st-side-lacks").textContent = side.lacks;
    one(".st-side-lacks").hidden = !side.lacks;
  }
  draw([CONFIGURATION.chosen]);
  segmenter.append(h("option", { value: "" }, "Best that is ready"), ...CONFIGURATION.segmenters.map((each) =>
    h("option", { value: each.name, disabled: Boolean(each.lacks) }, each.title + (each.lacks ? " (not fetched)" : ""))));
  confidence.value = CONFIGURATION.confidence;
  const shown = () => { one(".st-confidence").textContent = Math.round(confidence.value * 100) + " %"; };
  confidence.addEventListener("input", shown);
  shown();
  candidates.max = CONFIGURATION.candidates;
  candidates.addEventListener("change", () => { candidates.value = Math.min(CONFIGURATION.candidates, Math.max(1, Math.round(candidates.value) || 1)); ask(); });
  changed();

  return {
    chosen,
    /* What the slow one of the three will take stands on the button before it is pressed. */
    side() { if (slow.length) app.whisper("estimate", { backends: slow, options: values, candidates: 1, asked: "side" }); },
    choose(name) {
      for (const box of all("input", backends)) box.checked = box.value === name;
      changed();
    },
    /* Something was fetched: its card can be ticked now, and is. */
    fetched(message) {
      const on = [...chosen(), message.backend];
      Object.assign(CONFIGURATION, message.configuration);
      draw(on);
      changed();
    },
    estimated(message) {
      if (message.asked === "side") { one(".st-side-takes").textContent = message.text; return; }
      if (message.asked !== question) return;
      estimate.textContent = message.text;
      estimate.hidden = !message.text;
    },
    read() {
      return {
        backends: chosen(), options: values, candidates: Number(candidates.value), grow: grow.value, feather: feather.value,
        segmenter: segmenter.value, confidence: Number(confidence.value),
        belongings: one("[name=belongings]").checked ? "auto" : "off",
        shadows: one("[name=shadows]").checked ? "auto" : "off",
      };
    },
  };
}
