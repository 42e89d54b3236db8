/* The mask: a log of operations over two layers (brushed, erased) and the chosen finds. Undo replays the log. */
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

  const wipe = (context) => context.clearRect(0, 0, context.canvas.width, context.canvas.height);

  /* A stroke's points from..to. Always segment by segment, so that a replay has the very same edges. */
  function trace(context, stroke, from, to) {
    const points = stroke.points;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = stroke.size;
    context.beginPath();
    const start = Math.max(0, from - 2);
    context.moveTo(points[start], points[start + 1]);
    if (to === 2) context.lineTo(points[0] + 0.01, points[1]);
    for (let i = start + 2; i < to; i += 2) context.lineTo(points[i], points[i + 1]);
    context.stroke();
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
    } else if (operation.kind === "sheet") {
      chosen = new Set(operation.numbers);
      if (operation.brushed) { brushed.drawImage(operation.brushed, 0, 0); erased.drawImage(operation.erased, 0, 0); }
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

  function any(context) {
    const probe = document.createElement("canvas");
    probe.width = Math.max(1, Math.ceil(context.canvas.width / 8));
    probe.height = Math.max(1, Math.ceil(context.canvas.height / 8));
    const small = probe.getContext("2d", { willReadFrequently: true });
    small.drawImage(context.canvas, 0, 0, probe.width, probe.height);
    const data = small.getImageData(0, 0, probe.width, probe.height).data;
    for (let i = 3; i < data.length; i += 4) if (data[i]) return true;
    return false;
  }

  return {
    canvas: tint.canvas,
    reset(width, height, log) {
      for (const layer of layers) { layer.canvas.width = width; layer.canvas.height = height; }
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
    begin(x, y, size, erase) {
      live = { kind: "stroke", erase, size, points: [x, y] };
      draw(live, 0, 2);
    },
    extend(x, y) {
      const from = live.points.length;
      live.points.push(x, y);
      draw(live, from, from + 2);
    },
    end() {
      push(live);
      live = null;
      changed();
    },
    /* A second finger came down: what was begun was no stroke. */
    abandon() { if (live) { live = null; replay(); } },
    choose(numbers, on) { if (numbers.length) act({ kind: "choose", numbers, on }); },
    clear() { act({ kind: "clear" }); },
    invert() { act({ kind: "invert" }); },
    image(bitmap) {
      const layer = document.createElement("canvas");
      layer.width = brushed.canvas.width;
      layer.height = brushed.canvas.height;
      const context = layer.getContext("2d", { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0, layer.width, layer.height);
      const pixels = context.getImageData(0, 0, layer.width, layer.height);
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i] >= 128 ? 255 : 0;
      context.putImageData(pixels, 0, 0);
      act({ kind: "image", layer });
    },
    /* What was sent before the page was loaded again: red = brushed, green = erased, and the chosen finds. */
    sheet(bitmap, numbers) {
      const layer = (channel) => {
        const canvas = document.createElement("canvas");
        canvas.width = brushed.canvas.width;
        canvas.height = brushed.canvas.height;
        const context = canvas.getContext("2d", { willReadFrequently: true });
        context.drawImage(bitmap, 0, 0);
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i + channel] >= 128 ? 255 : 0;
        context.putImageData(pixels, 0, 0);
        return canvas;
      };
      act({ kind: "sheet", brushed: bitmap && layer(0), erased: bitmap && layer(1), numbers });
    },
    undo() { if (position > 0) { position -= 1; replay(); } },
    redo() { if (position < operations.length) { position += 1; replay(); } },
    canUndo: () => position > 0,
    canRedo: () => position < operations.length,
    chosen: () => Array.from(chosen).sort((a, b) => a - b),
    isChosen: (number) => chosen.has(number),
    marked: () => any(tint),
    brushed: () => any(brushed),
    /* Red = brushed, green = erased, as a data URL; "" where neither is. */
    png() {
      if (!any(brushed) && !any(erased)) return "";
      const sheet = document.createElement("canvas");
      const { width, height } = brushed.canvas;
      sheet.width = width; sheet.height = height;
      const context = sheet.getContext("2d", { willReadFrequently: true });
      const out = context.createImageData(width, height);
      const on = brushed.getImageData(0, 0, width, height).data;
      const off = erased.getImageData(0, 0, width, height).data;
      for (let i = 3; i < on.length; i += 4) {
        out.data[i - 3] = on[i] >= 128 ? 255 : 0;
        out.data[i - 2] = off[i] >= 128 && on[i] < 128 ? 255 : 0;
        out.data[i] = 255;
      }
      context.putImageData(out, 0, 0);
      return sheet.toDataURL("image/png");
    },
  };
}
