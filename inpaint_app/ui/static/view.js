/* Where the picture lies on the stage: fit, zoom, pan. Stage coordinates are CSS pixels. */
function makeView() {
  const view = { scale: 1, x: 0, y: 0, fitted: true };
  let stage = { width: 1, height: 1 };
  let image = { width: 1, height: 1 };

  const insets = () => (stage.width < 640 ? { side: 8, top: 8, bottom: 66 } : { side: 24, top: 20, bottom: 84 });

  function fit() {
    const inset = insets();
    const across = Math.max(1, stage.width - 2 * inset.side);
    const down = Math.max(1, stage.height - inset.top - inset.bottom);
    view.scale = Math.min(across / image.width, down / image.height, 3);
    view.x = (stage.width - image.width * view.scale) / 2;
    view.y = inset.top + (down - image.height * view.scale) / 2;
    view.fitted = true;
  }

  /* Keep a part of the picture in sight. */
  function clamp() {
    const width = image.width * view.scale, height = image.height * view.scale, rest = 80;
    view.x = Math.min(stage.width - rest, Math.max(rest - width, view.x));
    view.y = Math.min(stage.height - rest, Math.max(rest - height, view.y));
  }

  return Object.assign(view, {
    resize(width, height) {
      stage = { width, height };
      if (view.fitted) fit(); else clamp();
    },
    picture(width, height) {
      image = { width, height };
      fit();
    },
    fit,
    zoom(factor, x, y) {
      const least = Math.min(0.05, view.scale);
      const scale = Math.min(16, Math.max(least, view.scale * factor));
      view.x = x - (x - view.x) * (scale / view.scale);
      view.y = y - (y - view.y) * (scale / view.scale);
      view.scale = scale;
      view.fitted = false;
      clamp();
    },
    pan(dx, dy) {
      view.x += dx;
      view.y += dy;
      view.fitted = false;
      clamp();
    },
    toImage: (x, y) => [(x - view.x) / view.scale, (y - view.y) / view.scale],
    visible() {
      const [left, top] = [-view.x / view.scale, -view.y / view.scale];
      return [left, top, left + stage.width / view.scale, top + stage.height / view.scale];
    },
    /* The part of the stage that the picture covers: [left, top, right, bottom]. */
    covered() {
      return [Math.max(0, view.x), Math.max(0, view.y), Math.min(stage.width, view.x + image.width * view.scale),
        Math.min(stage.height, view.y + image.height * view.scale)];
    },
    stage: () => stage,
    image: () => image,
  });
}
