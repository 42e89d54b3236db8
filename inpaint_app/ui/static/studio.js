/* The studio: one state, what each button does, and the wire to Python. */
const STOPPED = "Stopped. The photo and the mask are as they were.";
const app = {
  root: one(".st"), base: null, photo: null, steps: [], at: 0, found: [], subjects: [], results: new Map(), images: new Map(),
  details: [], active: null, mode: "empty", tool: "brush", brush: 36, divider: 0.5, holding: false, busy: 0,
  colour: "#f43f5e", font: "sans-serif", logs: new Map(), wanted: null, sending: false, patience: 12000,
};
const view = makeView();
const mask = makeMask(() => app.masked());
Object.assign(app, makeWords(app));
/* Work is numbered on from the clock, so that no number comes twice when the page is loaded again. */
let heard = 0, seen = 0, works = Date.now(), clock = null, began = 0, drawnFor = null;

Object.assign(app, {
  visible: () => app.root.offsetParent !== null,
  comparing: () => app.mode === "compare" || app.mode === "gallery",
  paints: () => app.tool !== "pick" && !app.comparing(),
  ratio: () => app.photo.width / app.photo.previewWidth,
  after: () => app.images.get(app.active) || null,
  edge() { const [left, , right] = view.covered(); return left + app.divider * (right - left); },
  placed() { app.compare.follow(); if (app.wanted && app.after()) { app.root.dataset.shown = app.wanted; app.wanted = null; } },
  hovered: (number) => app.objects.hover(number),
  zoomed() { one(".st-scale").textContent = Math.round((view.scale / (app.photo ? app.ratio() : 1)) * 100) + " %"; },

  setMode(mode) {
    app.mode = mode;
    app.root.dataset.mode = mode;
    one(".st-gallery").hidden = mode !== "gallery";
    if (mode === "gallery") app.compare.gallery();
    one("[data-do=gallery]").setAttribute("aria-pressed", String(mode === "gallery"));
    one("[data-do=slider]").setAttribute("aria-pressed", String(mode === "compare"));
    app.results_.show();
    app.stage.redraw();
  },
  edit() { if (app.base) app.setMode("edit"); },
  activate(name) {
    if (!app.images.has(name)) return;
    app.active = name;
    app.details = app.details.filter((detail) => detail.which === "before");
    app.setMode("compare");
    app.moved();
  },
  pick(tool) {
    app.tool = tool;
    for (const node of all("button[data-tool]")) node.setAttribute("aria-pressed", String(node.dataset.tool === tool));
    app.root.dataset.using = tool;
    if (app.comparing()) app.edit();
    app.stage.redraw();
  },
  resizeBrush(factor) { app.setBrush(Math.min(300, Math.max(4, app.brush * factor))); },
  setBrush(size) {
    app.brush = size;
    one(".st-size").value = Math.round(Math.log(size / 4) / Math.log(75) * 100);
    one(".st-size").setAttribute("aria-valuetext", Math.round(size) + " pixels");
    app.stage.redraw();
  },
  masked() {
    const marked = Boolean(app.base) && mask.marked();
    app.root.classList.toggle("marked", marked);
    one("[data-do=undo]").disabled = !mask.canUndo();
    one("[data-do=redo]").disabled = !mask.canRedo();
    one("[data-do=clear]").disabled = !marked;
    if (app.objects) app.objects.mark();
    app.enable();
    if (app.stage) app.stage.redraw();
  },
  enable() {
    const ready = Boolean(app.base) && !app.busy;
    for (const name of ["people", "cars", "bystanders", "find"]) one("[data-do=" + name + "]").disabled = !ready;
    one("[data-do=prove]").disabled = !ready || !app.root.classList.contains("marked");
    one("[data-do=side]").disabled = !ready || !app.root.classList.contains("marked");
    one("[data-do=remove]").disabled = !ready || !app.root.classList.contains("marked");
    one("[data-do=movers]").disabled = !ready || !app.shots_.some((shot) => shot.good);
    for (const node of all("[data-needs=result]")) node.disabled = !ready || !app.active;
    for (const node of all("[data-needs=photo]")) node.disabled = !ready;
  },

  /* The wire. */
  send(name, message) {
    app.number();
    app.pressed();
    if (name !== "detail" && name !== "cancel") app.waiting({ open: "Opening", remove: "Starting", find: "Looking for objects", prove: "Looking for places", shots: "Opening the shots", select: "Looking for its outline", fetch: "Connecting" }[name] || "One moment");
    trigger(name, { seen, work: works, ...message });
  },
  number: () => (works += 1),
  /* A question that holds nothing up. */
  whisper(name, message) { trigger(name, { seen, ...message }); },
  marks() { return { marks: mask.operations(), wall: app.subjects.length > 0 }; },
  waiting(stage) {
    if (!app.busy) { began = performance.now(); clearTimeout(clock); clock = setTimeout(() => app.root.classList.add("working"), 350); }
    app.busy = works;
    heard = performance.now();
    app.progress({ fraction: 0, stage });
    app.enable();
  },
  progress(news) {
    if (!news || !app.busy) return;
    const stage = news.stage || "Working";
    one(".st-stage-name").textContent = stage[0].toUpperCase() + stage.slice(1);
    one(".st-fill").style.transform = "scaleX(" + Math.max(0.02, news.fraction) + ")";
    one(".st-progress").setAttribute("aria-valuenow", Math.round(news.fraction * 100));
    const forming = one(".st-forming");
    forming.hidden = !news.forming;
    if (news.forming && forming.src !== news.forming) forming.src = news.forming;
    one(".st-seconds").textContent = Math.round((performance.now() - began) / 1000) + " s";
  },
  rest() {
    app.busy = 0;
    clearTimeout(clock);
    app.root.classList.remove("working");
    app.select.rest();
    app.enable();
    app.refocus();
  },
  /* A full-resolution crop where the preview is too coarse for the zoom. */
  moved() {
    clearTimeout(app.sharpen);
    app.sharpen = setTimeout(() => {
      if (!app.photo || app.busy || app.ratio() <= 1 || view.scale * (window.devicePixelRatio || 1) < 1.15) return;
      const k = app.ratio(), [l, t, r, b] = view.visible();
      const box = [Math.max(0, l * k), Math.max(0, t * k), Math.min(app.photo.width, r * k), Math.min(app.photo.height, b * k)].map(Math.round);
      if (box[2] - box[0] < 8 || box[3] - box[1] < 8) return;
      app.detail(box);
    }, 220);
  },
  detail(box) {
    app.whisper("detail", { box });
    if (app.mode === "compare" && app.active) app.whisper("detail", { box, result: app.active });
  },
});

const does = {
  people: () => app.send("remove", { ...app.settings.read(), ...app.marks(), objects: ["people"] }),
  bystanders: () => app.send("find", { ...app.settings.read(), objects: ["bystanders"] }),
  cars: () => app.send("remove", { ...app.settings.read(), ...app.marks(), objects: ["cars"] }),
  find: () => app.send("find", app.settings.read()),
  remove: () => app.send("remove", { ...app.settings.read(), ...app.marks() }),
  side: () => { app.row = true; app.send("remove", { ...app.settings.read(), ...app.marks(), backends: CONFIGURATION.sideBySide.names, candidates: 1 }); },
  comparison: () => app.send("download", { what: "comparison" }),
  prove: () => app.send("prove", { ...app.settings.read(), ...app.marks() }),
  cancel: () => {
    if (!app.busy) return;
    one(".st-stage-name").textContent = "Stopping";
    if (app.sending) { app.rest(); app.say("info", STOPPED); }
    else trigger("cancel", { seen, work: app.busy });
  },
  keep: () => app.active && app.send("keep", { result: app.active }),
  edit: () => app.edit(),
  slider: () => app.active && app.setMode("compare"),
  gallery: () => app.results.size && app.setMode(app.mode === "gallery" ? "compare" : "gallery"),
  undo: () => mask.undo(), redo: () => mask.redo(), clear: () => mask.clear(), invert: () => mask.invert(),
  fit: () => { view.fit(); app.zoomed(); app.stage.redraw(); },
  in: () => { view.zoom(1.4, ...app.stage.centre()); app.zoomed(); app.moved(); app.stage.redraw(); },
  out: () => { view.zoom(1 / 1.4, ...app.stage.centre()); app.zoomed(); app.stage.redraw(); },
  open: () => app.intake.choose(), shoot: () => app.intake.shoot(), "mask-open": () => app.intake.mask(), shots: () => app.intake.shots(),
  movers: () => app.send("remove", { ...app.settings.read(), ...app.marks(), everything: true }),
  download: () => app.send("download", { what: "own", result: app.active, mark: one("[name=mark]").checked }),
  png: () => app.send("download", { what: "png", result: app.active, mark: one("[name=mark]").checked }),
  "mask-save": () => app.send("download", { what: "mask", ...app.marks() }),
  recipe: () => app.send("download", { what: "recipe", result: app.active }),
  "start-over": () => app.send("go", { step: 0 }),
  none: () => {},
};
app.act = (name) => { const node = one("[data-do=" + name + "]"); if (!node || !node.disabled) does[name](); };

const hears = {
  photo(message) {
    app.photo = message;
    try { sessionStorage.setItem("visit", message.token); } catch (refused) { /* then a reload starts anew */ }
    app.logs = new Map();
    one(".st-name").textContent = message.name;
    one(".st-heading").textContent = "Take things out of " + message.name;
    one(".st-heading").hidden = false;
    one(".st-facts").textContent = message.width + " × " + message.height + " · " + message.format + " · " + bytes(message.bytes);
    if (message.note) app.say("info", message.note);
    app.shots.show([]);
    app.intake.frames(message.frame, message.frames);
  },
  async step(message) {
    if (app.steps.length && app.base && !hears.fresh) app.logs.set(app.shownStep, mask.log());
    hears.fresh = false;
    app.steps = message.steps;
    app.at = message.at;
    const step = app.steps[app.at];
    app.shownStep = step.number;
    app.found = []; app.subjects = []; app.results = new Map(); app.images = new Map(); app.details = []; app.active = null; app.tested = null; app.proof.show(null); app.settings.side();
    app.base = await picture(step.preview);
    view.picture(app.photo.previewWidth, app.photo.previewHeight);
    mask.reset(app.photo, app.logs.get(step.number));
    app.setMode("edit");
    app.objects.show(); app.strip(); app.zoomed(); app.masked();
    app.root.dataset.step = String(app.at);
  },
  found(message) {
    const before = JSON.stringify(app.found.map((i) => [i.number, i.polygons]));
    app.finder = message.finder;
    app.plurals = message.plurals;
    app.announce(message.said);
    app.found = message.instances.map((instance) => ({ ...instance, anchor: anchor(instance.polygons) }));
    if (before !== JSON.stringify(app.found.map((i) => [i.number, i.polygons]))) mask.finds(app.found);
    app.subjects = message.subjects || [];
    if (message.subjects) mask.choose(mask.chosen().filter((number) => !message.chosen.includes(number)), false);
    if (message.chosen) mask.choose(message.chosen.filter((number) => !mask.isChosen(number)), true);
    else if (app.found.length) app.pick("pick");
    app.objects.show();
    app.stage.redraw();
  },
  async result(message) {
    const image = await picture(message.preview);
    const several = app.row || (message.seed !== undefined && (message.first || !Array.from(app.results.values()).some((one) => one.seed !== undefined)));
    if (!app.results.size || message.first) app.images.clear();
    app.results.set(message.key, message);
    app.images.set(message.key, image);
    app.wanted = message.key + "-" + message.n;
    app.announce("Removed: " + message.what + ", with " + named(message) + ". " + message.changedKnown + " known pixels changed.");
    if (app.mode === "gallery") app.compare.gallery();
    if (!app.active || app.mode === "edit") {
      app.compare.place(0.5);
      app.activate(message.key);
    } else app.results_.show();
    if (several && app.mode !== "gallery") {
      app.setMode("gallery");
      one(".st-gallery").scrollIntoView({ block: "nearest" });
    }
    app.enable();
  },
  clear() { app.results = new Map(); app.images = new Map(); app.active = null; app.details = app.details.filter((d) => d.which === "before"); app.results_.show(); app.enable(); },
  scores(message) { const result = app.results.get(message.key); if (result) { Object.assign(result, message); app.results_.show(); } app.compare.again(); },
  tested(message) { app.tested = message.scores; app.compare.again(); },
  /* Of several candidates the suggested one; it is taken unless the visitor has looked at one of them already. */
  best(message) {
    app.results.get(message.key).best = true;
    if (app.mode === "gallery") { app.active = message.key; app.compare.gallery(); }
    app.results_.show();
  },
  /* Only after the page was loaded again: otherwise its own log of strokes is there, with its undo. */
  async marks(message) {
    if (mask.log().length || app.logs.has(app.shownStep)) return;
    await mask.restore(message.operations, message.previews);
    app.objects.mark();
  },
  async mask(message) {
    const use = async (choice) => {
      mask.image(choice.id, await picture(choice.preview));
      app.edit();
      app.runs = message.run;
      if (!message.run) app.say("good", "The mask is on the photo. " + (choice.note || "Brush and erase go on from it."));
    };
    if (message.question) app.ask(message.question, message.choices.map((choice) => [choice.words, () => use(choice)]));
    else await use(message.choices[0]);
  },
  /* What the select tool pointed at: a find, or an outline that is held as a mask file is. */
  async selected(message) {
    if (message.number) app.objects.bring(message.number);
    else mask.image(message.id, await picture(message.preview));
    app.announce(message.text);
  },
  async detail(message) {
    const image = await picture(message.path), which = message.result || "before";
    app.details = [...app.details.filter((detail) => detail.which !== which), { which, box: message.box, image }];
    app.stage.redraw();
  },
  file(message) {
    const link = h("a", { href: fileUrl(message.path), download: message.name });
    document.body.append(link); link.click(); link.remove();
    app.say("good", message.name + " is on its way. " + message.text);
  },
  shots: (message) => app.shots.show(message.shots),
  proof: (message) => app.proof.show(message),
  estimate: (message) => app.settings.estimated(message),
  fetched(message) { app.settings.fetched(message); app.say("good", message.text); },
  nothing: (message) => app.say("info", message.text),
  cancelled: () => app.say("info", STOPPED),
  error: (message) => app.say("error", message.text),
  state(message) {
    if (message.busy || !app.busy) return;
    app.rest();
    app.say("error", "The server did not take this up: it may be full. Photo and mask are as they were; try again.");
  },
  done(message) {
    if (message.work >= app.busy) { app.rest(); app.row = false; }
    app.root.dataset.done = String(message.work);
    if (app.runs && !app.busy) { app.runs = false; app.act("remove"); }
  },
};

/* Messages are taken in their order, one after the other, each once. */
let inbox = Promise.resolve();
function hear() {
  const value = props.value || {};
  heard = performance.now();
  for (const message of value.events || []) {
    if (message.n <= seen) continue;
    seen = message.n;
    if (message.kind === "photo") hears.fresh = true;
    inbox = inbox.then(() => hears[message.kind](message)).catch((error) => app.say("error", error.message));
  }
  app.progress(value.progress);
}

for (const node of all("[data-icon]")) node.insertAdjacentHTML("afterbegin", icon(node.dataset.icon));
app.results_ = makeResults(app);
app.select = makeSelect(app, mask, view);
app.stage = makeStage(app, mask, view);
app.objects = makeObjects(app, mask);
app.settings = makeSettings(app);
app.compare = makeCompare(app, view);
app.proof = makeProof(app);
app.shots = makeShots(app);
app.intake = makeIntake(app);
app.strip = makeStrip(app);
makeKeys(app, mask);
app.root.addEventListener("click", (event) => {
  const node = event.target.closest("[data-do]");
  if (node && !node.disabled && node.dataset.do !== "hold") { does[node.dataset.do](); const menu = node.closest("details.menu"); if (menu) menu.open = false; }
  const tool = event.target.closest("button[data-tool]");
  if (tool) app.pick(tool.dataset.tool);
});
document.addEventListener("click", (event) => { for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false; });
one(".st-size").addEventListener("input", (event) => app.setBrush(4 * Math.pow(75, event.target.value / 100)));
app.font = getComputedStyle(app.root).fontFamily;
app.setBrush(36); app.pick("brush"); app.setMode("empty"); app.enable();
element.studio = { app, mask, view };
window.inpaintMarks = () => (app.base ? app.marks() : {});
window.inpaintWork = app.number;
window.inpaintAsk = () => app.whisper("ask", {});
watch("value", hear);
setInterval(() => {
  if (!app.busy || app.sending || performance.now() - heard < app.patience) return;
  heard = performance.now();
  trigger("ask", { seen });
}, 1000);
try {
  const token = sessionStorage.getItem("visit");
  if (token) trigger("resume", { token });
} catch (refused) { /* private window */ }
