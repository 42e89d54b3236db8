/* The select tool: a click, a box (a straight drag) or a scribble (a drag that bends) asks the server for an outline,
   which becomes a part of the mask. Points are in preview pixels until they are sent. */
function makeSelect(app, mask, view) {
  let points = [], waits = false;

  const length = () => points.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - points[i][0], y - points[i][1]), 0);
  const last = () => points[points.length - 1];

  function kind() {
    const wide = Math.abs(last()[0] - points[0][0]), high = Math.abs(last()[1] - points[0][1]), path = length();
    if (path * view.scale < 6) return "click";
    const straight = path < 1.25 * Math.hypot(wide, high) && Math.min(wide, high) > 0.1 * Math.max(wide, high);
    return straight ? "box" : "scribble";
  }

  const sides = () => [Math.min(points[0][0], last()[0]), Math.min(points[0][1], last()[1]),
    Math.max(points[0][0], last()[0]), Math.max(points[0][1], last()[1])];

  function line(context, width, style) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
  }

  return {
    begin(x, y) { points = [[x, y]]; waits = false; },
    extend(x, y) { if (Math.hypot(x - last()[0], y - last()[1]) * view.scale > 2) points.push([x, y]); },
    abandon() { points = []; },
    end() {
      const k = app.ratio(), scaled = (values) => values.map((value) => Math.round(value * k * 10) / 10);
      const what = kind(), brush = (app.brush / view.scale) * k;
      waits = true;
      app.send("select", { ...app.settings.read(), ...(what === "box" ? { box: scaled(sides()).map(Math.round) }
        : { points: (what === "click" ? points.slice(0, 1) : points).map(scaled), width: brush }) });
    },
    rest() { if (waits) { points = []; waits = false; } },
    /* In preview pixels, as the context is scaled. */
    draw(context) {
      if (!points.length) return;
      const what = kind(), [left, top, right, bottom] = sides();
      context.lineJoin = context.lineCap = "round";
      context.beginPath();
      if (what === "box") context.rect(left, top, right - left, bottom - top);
      else for (const [x, y] of [points[0], ...points]) context.lineTo(x, y + 0.01);
      if (what === "scribble") return line(context, app.brush / view.scale, "rgba(255,255,255,.5)");
      line(context, (what === "box" ? 4 : 14) / view.scale, "rgba(0,0,0,.5)");
      line(context, (what === "box" ? 2 : 9) / view.scale, "#fff");
    },
  };
}
