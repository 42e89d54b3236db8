/* What was measured on this photo: the backends ranked, and each place with what they made of it. */
function makeProof(app) {
  const say = one(".st-proof-say"), standings = one(".st-standings"), patches = one(".st-patches");
  const titles = new Map(CONFIGURATION.backends.map((backend) => [backend.name, backend.title]));
  const title = (name) => titles.get(name) || name;

  function line(standing, place) {
    return h("button", { type: "button", class: "standing", "data-backend": standing.backend, title: "Fill with " + title(standing.backend),
      onclick: () => app.settings.choose(standing.backend) },
      h("b", {}, place + 1 + "."), h("span", {}, title(standing.backend)),
      h("em", {}, standing.expected.toFixed(3)), h("small", {}, "here " + standing.mean.toFixed(3) + ", best on " + standing.bestOn + " of " + standing.patches
        + "; elsewhere " + (standing.usual === null ? "not measured" : (standing.usual < 0 ? "−" : "+") + Math.abs(standing.usual).toFixed(3)) + "; " + standing.seconds.toFixed(1) + " s"));
  }

  function tile(words, path, score) {
    return h("figure", { title: words }, h("img", { src: fileUrl(path), alt: words, loading: "lazy" }),
      h("figcaption", {}, words, score === undefined ? null : h("small", {}, score.toFixed(3))));
  }

  function place(found, number) {
    return h("div", { class: "patch" }, h("h3", {}, "Place " + (number + 1)), h("div", { class: "tiles" },
      tile("What was there", found.truth), tile("The hole", found.cut), ...found.fills.map((fill) => tile(title(fill.backend), fill.path, fill.score))));
  }

  return {
    /* message: {standings, places, problems}, or null for nothing measured yet. */
    show(message) {
      say.hidden = Boolean(message);
      standings.replaceChildren(...(message ? message.standings.map(line) : []),
        ...(message ? message.problems.map((text) => h("p", { class: "problem" }, text)) : []),
        message && message.standings.length ? h("p", { class: "hint" }, "The expected HaarPSI, 0 to 1: what was measured here, held back by what each is worth on other photos. Press one to fill with it.") : "");
      patches.replaceChildren(...(message ? message.places.map(place) : []));
    },
  };
}
