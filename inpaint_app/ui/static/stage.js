/* The canvas: draws picture, mask, outlines and comparison; turns fingers, pen and mouse into strokes, picks and pans. */
function makeStage(app, mask, view) {
  const root = one(".st-stage");
  const canvas = one(".st-canvas");
  const context = canvas.getContext("2d");
  const pointers = new Map();
  let gesture = null;
  let queued = false;
  let hover = null;
  let cursor = null;
  let panning = false;

  function redraw() {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => { queued = false; draw(); });
  }

  function place(image, fade) {
    if (!image) return;
    const size = view.image();
    context.globalAlpha = fade === undefined ? 1 : fade;
    context.drawImage(image, view.x, view.y, size.width * view.scale, size.height * view.scale);
    context.globalAlpha = 1;
  }

  function details(which) {
    for (const detail of app.details) {
      if (detail.which !== which) continue;
      const k = view.scale / app.ratio();
      const [left, top, right, bottom] = detail.box;
      context.drawImage(detail.image, view.x + left * k, view.y + top * k, (right - left) * k, (bottom - top) * k);
    }
  }

  function draw() {
    const { width, height } = view.stage();
    const density = window.devicePixelRatio || 1;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!app.base) return;
    context.imageSmoothingEnabled = view.scale < 4;
    context.imageSmoothingQuality = "high";
    const after = app.comparing() ? app.after() : null;
    if (after && !app.holding) {
      const edge = app.edge();
      clipped(0, edge, () => { place(app.base); details("before"); });
      clipped(edge, width, () => { place(after); details(app.active); });
    } else {
      place(app.base);
      details("before");
      if (!app.comparing() && !app.holding) marks();
    }
    app.placed();
  }

  function clipped(left, right, paint) {
    context.save();
    context.beginPath();
    context.rect(left, 0, right - left, view.stage().height);
    context.clip();
    paint();
    context.restore();
  }

  function marks() {
    place(mask.canvas, 0.52);
    context.save();
    context.translate(view.x, view.y);
    context.scale(view.scale, view.scale);
    for (const instance of app.found) {
      const path = mask.path(instance.number);
      if (!path) continue;
      const on = mask.isChosen(instance.number), near = hover === instance.number;
      if (near && !on) { context.fillStyle = "rgba(255,255,255,.22)"; context.fill(path, "evenodd"); }
      context.lineJoin = "round";
      context.lineWidth = (near ? 4.5 : 3.5) / view.scale;
      context.strokeStyle = "rgba(0,0,0,.5)";
      context.stroke(path);
      const stays = !on && app.subjects.includes(instance.number);
      context.lineWidth = (near || stays ? 2.5 : 1.5) / view.scale;
      context.strokeStyle = on ? app.colour : stays ? "#4fd18b" : "#fff";
      context.stroke(path);
    }
    app.select.draw(context);
    context.restore();
    badges();
    if (cursor && app.paints() && app.tool !== "select" && !panning) ring();
  }

  /* Number, class and confidence at the top of each outline; in a crowd, where words would lie on each other, the
     number alone, with the words on hover. */
  function badges() {
    context.font = "600 12px " + app.font;
    const placed = app.found.map((instance) => plate(instance, String(instance.number)));
    const clear = (one, index) => placed.every((other, k) => k === index || one.x > other.x + other.wide || other.x > one.x + one.wide || Math.abs(one.y - other.y) > 24);
    app.found.forEach((instance, index) => {
      const words = instance.number + "  " + instance.label + "  " + Math.round(instance.confidence * 100) + " %";
      const tries = [0.5, 0.12, 0.88].map((share) => plate(instance, words, share));
      const free = tries.find((one) => clear(one, index));
      if (free || hover === instance.number) placed[index] = free || tries[0];
    });
    placed.forEach((one, index) => badge(one, mask.isChosen(app.found[index].number)));
  }

  /* Where a label lies: above the outline, for on a small person it would hide him; `share` of it left of the
     outline's top, and never beyond the stage. */
  function plate(instance, text, share = 0.5) {
    const wide = context.measureText(text).width + 14, [ax, ay] = instance.anchor;
    const x = Math.min(Math.max(2, view.x + ax * view.scale - wide * share), view.stage().width - wide - 2);
    return { text, wide, x, y: Math.max(4, view.y + ay * view.scale - 26) };
  }

  function badge({ text, wide, x, y }, on) {
    context.fillStyle = on ? app.colour : "rgba(20,20,18,.82)";
    context.beginPath();
    context.roundRect(x, y, wide, 22, 11);
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = "rgba(255,255,255,.9)";
    context.stroke();
    context.fillStyle = "#fff";
    context.textBaseline = "middle";
    context.fillText(text, x + 7, y + 11.5);
  }

  function ring() {
    context.beginPath();
    context.arc(cursor[0], cursor[1], Math.max(1.5, app.brush / 2), 0, 7);
    context.lineWidth = 3;
    context.strokeStyle = "rgba(0,0,0,.55)";
    context.stroke();
    context.lineWidth = 1.5;
    context.strokeStyle = "#fff";
    context.stroke();
  }

  function local(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /* The find under a point: the smallest one, so that what lies in front of a large one can be reached. */
  function findAt(x, y) {
    const [ix, iy] = view.toImage(x, y);
    let best = null;
    for (const instance of app.found) {
      const path = mask.path(instance.number);
      if (path && context.isPointInPath.call(probe, path, ix, iy, "evenodd") && (!best || instance.area < best.area)) best = instance;
    }
    return best;
  }
  const probe = document.createElement("canvas").getContext("2d");

  function down(event) {
    if (!app.base || event.target.closest("button, input, .st-dock, .st-divider")) return;
    root.focus({ preventScroll: true });
    try { canvas.setPointerCapture(event.pointerId); } catch (ignored) { /* a synthetic event */ }
    const [x, y] = local(event);
    pointers.set(event.pointerId, [x, y]);
    if (pointers.size === 2) return pinchStart();
    const pans = event.button === 1 || panning || app.comparing() || event.button === 2;
    if (pans || !app.paints() || app.busy) gesture = { kind: "pan", x, y, moved: 0, find: pans ? null : findAt(x, y) };
    else {
      gesture = { kind: app.tool === "select" ? "select" : "stroke" };
      const [ix, iy] = view.toImage(x, y);
      if (gesture.kind === "select") app.select.begin(ix, iy);
      else mask.begin(ix, iy, app.brush / view.scale, app.tool === "erase");
    }
    cursor = [x, y];
    redraw();
  }

  function move(event) {
    const [x, y] = local(event);
    cursor = [x, y];
    if (!pointers.has(event.pointerId)) return look(x, y);
    const before = pointers.get(event.pointerId);
    pointers.set(event.pointerId, [x, y]);
    if (!gesture) return;
    if (gesture.kind === "pinch") pinch();
    else if (gesture.kind === "pan") {
      gesture.moved += Math.hypot(x - before[0], y - before[1]);
      if (gesture.moved > 4) view.pan(x - before[0], y - before[1]);
    } else {
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const each of events.length ? events : [event]) (gesture.kind === "select" ? app.select : mask).extend(...view.toImage(...local(each)));
    }
    redraw();
  }

  function up(event) {
    if (!pointers.delete(event.pointerId)) return;
    if (gesture && gesture.kind === "select") {
      if (event.type === "pointercancel") app.select.abandon();
      else app.select.end();
      gesture = null;
    } else if (gesture && gesture.kind === "stroke") { mask.end(); gesture = null; }
    else if (gesture && gesture.kind === "pan") {
      if (gesture.moved <= 4 && gesture.find && !app.busy) app.objects.toggle(gesture.find);
      else app.moved();
      gesture = null;
    } else if (gesture && pointers.size < 2) { gesture = null; app.moved(); }
    if (event.pointerType === "touch") { cursor = null; setHover(null); }
    redraw();
  }

  function look(x, y) {
    if (app.base && !app.comparing()) setHover(app.tool === "pick" ? (findAt(x, y) || {}).number || null : null);
    redraw();
  }

  function setHover(number) {
    if (hover === number) return;
    hover = number;
    root.classList.toggle("over-find", Boolean(number) && app.tool === "pick");
    app.hovered(number);
    redraw();
  }

  function pinchStart() {
    mask.abandon();
    app.select.abandon();
    gesture = { kind: "pinch", ...spread() };
  }

  function spread() {
    const [a, b] = Array.from(pointers.values());
    return { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, apart: Math.hypot(a[0] - b[0], a[1] - b[1]) };
  }

  function pinch() {
    const now = spread();
    view.pan(now.x - gesture.x, now.y - gesture.y);
    if (gesture.apart > 0) view.zoom(now.apart / gesture.apart, now.x, now.y);
    gesture = { kind: "pinch", ...now };
    app.zoomed();
  }

  function wheel(event) {
    if (!app.base || app.mode === "gallery") return;
    event.preventDefault();
    const [x, y] = local(event);
    if (event.shiftKey) view.pan(-event.deltaY - event.deltaX, 0);
    else view.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0016)), x, y);
    app.zoomed();
    app.moved();
    redraw();
  }

  root.addEventListener("pointerdown", down);
  root.addEventListener("pointermove", move);
  root.addEventListener("pointerup", up);
  root.addEventListener("pointercancel", up);
  root.addEventListener("pointerleave", () => { if (!pointers.size) { cursor = null; setHover(null); redraw(); } });
  root.addEventListener("wheel", wheel, { passive: false });
  root.addEventListener("contextmenu", (event) => { if (app.base) event.preventDefault(); });
  new ResizeObserver(() => {
    const { width, height } = root.getBoundingClientRect();
    if (!width || !height) return;
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    view.resize(width, height);
    app.zoomed();
    draw();
  }).observe(root);

  return {
    redraw, draw, setHover,
    pan(on) { panning = on; root.classList.toggle("panning", on); redraw(); },
    centre: () => { const s = view.stage(); return [s.width / 2, s.height / 2]; },
  };
}
