/* The mask: a log of operations, in the photo's pixels, drawn here on the preview: two layers (brushed, erased) and the
   chosen finds. Undo replays the log. The server draws the same log at the photo's size (marks.py). */
function makeMask(changed) {
  const brushed = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const erased = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const tint = document.createElement("canvas").getContext("2d");
  const layers = [brushed, erased, tint];
  let operations = [];
  let position = 0;
  let chosen = new Set();
  let paths = new Map();
  let colour = "#f43f5e";
  let live = null;
  let tip = null;
  let across = 1, down = 1;

  const wipe = (context) => context.clearRect(0, 0, context.canvas.width, context.canvas.height);

  /* A stroke's points from..to. Always segment by segment, so that a replay has the very same edges. */
  function trace(context, stroke, from, to) {
    const points = stroke.points;
    context.setTransform(1 / across, 0, 0, 1 / down, 0, 0);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = Math.max(stroke.width, across);
    context.beginPath();
    const start = Math.max(0, from - 2);
    context.moveTo(points[start], points[start + 1]);
    if (to === 2) context.lineTo(points[0] + 0.01, points[1]);
    for (let i = start + 2; i < to; i += 2) context.lineTo(points[i], points[i + 1]);
    context.stroke();
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  function draw(stroke, from, to) {
    const [on, off] = stroke.erase ? [erased, brushed] : [brushed, erased];
    on.globalCompositeOperation = "source-over";
    trace(on, stroke, from, to);
    off.globalCompositeOperation = "destination-out";
    trace(off, stroke, from, to);
    off.globalCompositeOperation = "source-over";
    tint.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
    tint.strokeStyle = colour;
    trace(tint, stroke, from, to);
    tint.globalCompositeOperation = "source-over";
  }

  function unerase(number) {
    erased.globalCompositeOperation = "destination-out";
    if (paths.has(number)) erased.fill(paths.get(number), "evenodd");
    erased.globalCompositeOperation = "source-over";
  }

  function apply(operation) {
    if (operation.kind === "stroke") for (let i = 0; i < operation.points.length; i += 2) draw(operation, i, i + 2);
    else if (operation.kind === "choose") {
      for (const number of operation.numbers) {
        if (!operation.on) chosen.delete(number);
        else { chosen.add(number); unerase(number); }
      }
    } else if (operation.kind === "clear") {
      wipe(brushed); wipe(erased); chosen = new Set();
    } else if (operation.kind === "invert") {
      paint();
      wipe(brushed); wipe(erased); chosen = new Set();
      brushed.fillRect(0, 0, brushed.canvas.width, brushed.canvas.height);
      brushed.globalCompositeOperation = "destination-out";
      brushed.drawImage(tint.canvas, 0, 0);
      brushed.globalCompositeOperation = "source-over";
    } else if (operation.kind === "image") {
      brushed.drawImage(operation.layer, 0, 0, brushed.canvas.width, brushed.canvas.height);
    }
  }

  /* The tint is what is marked: chosen finds less the erased, joined with the brushed. */
  function paint() {
    wipe(tint);
    tint.fillStyle = colour;
    for (const number of chosen) if (paths.has(number)) tint.fill(paths.get(number), "evenodd");
    tint.globalCompositeOperation = "destination-out";
    tint.drawImage(erased.canvas, 0, 0);
    tint.globalCompositeOperation = "source-over";
    tint.drawImage(brushed.canvas, 0, 0);
    tint.globalCompositeOperation = "source-in";
    tint.fillRect(0, 0, tint.canvas.width, tint.canvas.height);
    tint.globalCompositeOperation = "source-over";
  }

  function replay() {
    wipe(brushed); wipe(erased); chosen = new Set();
    for (const operation of operations.slice(0, position)) apply(operation);
    paint();
    changed();
  }

  function push(operation) {
    operations = operations.slice(0, position);
    operations.push(operation);
    position = operations.length;
  }

  function act(operation) {
    push(operation);
    apply(operation);
    paint();
    changed();
  }

  /* Every pixel is looked at: a wire in a large photo is one pixel wide here, and pale. */
  function any(context) {
    const data = new Uint32Array(context.getImageData(0, 0, context.canvas.width, context.canvas.height).data.buffer);
    return data.some((pixel) => pixel !== 0);
  }

  function point(x, y) {
    live.points.push(Math.round(x * 100) / 100, Math.round(y * 100) / 100);
    draw(live, live.points.length - 2, live.points.length);
  }

  /* A mask file's preview, white = hole, as a layer that is clear elsewhere. */
  function layer(bitmap) {
    const canvas = document.createElement("canvas");
    canvas.width = brushed.canvas.width;
    canvas.height = brushed.canvas.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i] >= 128 ? 255 : 0;
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  return {
    canvas: tint.canvas,
    /* photo: its own size and that of the preview. */
    reset(photo, log) {
      for (const each of layers) { each.canvas.width = photo.previewWidth; each.canvas.height = photo.previewHeight; }
      across = photo.width / photo.previewWidth;
      down = photo.height / photo.previewHeight;
      paths = new Map();
      operations = log ? log.slice() : [];
      position = operations.length;
      replay();
    },
    log: () => operations.slice(0, position),
    colour(value) { colour = value; paint(); },
    finds(instances) {
      paths = new Map();
      for (const instance of instances) {
        const path = new Path2D();
        for (const polygon of instance.polygons) {
          path.moveTo(polygon[0], polygon[1]);
          for (let i = 2; i < polygon.length; i += 2) path.lineTo(polygon[i], polygon[i + 1]);
          path.closePath();
        }
        paths.set(instance.number, path);
      }
      replay();
    },
    path: (number) => paths.get(number),
    /* Strokes come in preview pixels. What lies closer to the last point than can be seen at that width is left out. */
    begin(x, y, size, erase) {
      tip = null;
      live = { kind: "stroke", erase, width: Math.max(1.5, Math.round(size * across * 100) / 100), points: [] };
      point(x * across, y * down);
    },
    extend(x, y) {
      tip = [x * across, y * down];
      const [before, above] = live.points.slice(-2);
      if (Math.hypot(tip[0] - before, tip[1] - above) < live.width / 24) return;
      point(...tip);
      tip = null;
    },
    end() {
      if (tip) point(...tip);
      push(live);
      live = tip = null;
      changed();
    },
    /* A second finger came down: what was begun was no stroke. */
    abandon() { if (live) { live = null; replay(); } },
    choose(numbers, on) { if (numbers.length) act({ kind: "choose", numbers, on }); },
    clear() { act({ kind: "clear" }); },
    invert() { act({ kind: "invert" }); },
    /* A mask file that the server holds under that name. */
    image(id, bitmap) { act({ kind: "image", id, layer: layer(bitmap) }); },
    /* What was sent before the page was loaded again, with what undo takes back. previews: of mask files, by name. */
    async restore(log, previews) {
      const loading = log.map(async (operation) => (operation.kind !== "image" ? operation
        : { ...operation, layer: layer(await picture(previews[operation.id])) }));
      operations = await Promise.all(loading);
      position = operations.length;
      replay();
    },
    undo() { if (position > 0) { position -= 1; replay(); } },
    redo() { if (position < operations.length) { position += 1; replay(); } },
    canUndo: () => position > 0,
    canRedo: () => position < operations.length,
    chosen: () => Array.from(chosen).sort((a, b) => a - b),
    isChosen: (number) => chosen.has(number),
    marked: () => any(brushed) || (chosen.size > 0 && any(tint)),
    /* What holds, as the server reads it. */
    operations: () => operations.slice(0, position).map(({ layer: drawn, ...operation }) => operation),
  };
}
