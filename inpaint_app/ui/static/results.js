/* Results of the current step: a card each, as they come in. */
const named = (result) => result.title + (result.seed === undefined ? "" : ", seed " + result.seed);

function makeResults(app) {
  const section = one(".st-results");
  const list = one(".st-cards");

  function fact(label, value, title, good) {
    return h("div", { class: "fact" + (good ? " good" : ""), title }, h("dt", {}, label), h("dd", {}, value));
  }

  function score(value) {
    return value === null || value === undefined ? "–" : value.toFixed(2);
  }

  function card(result) {
    const active = result.key === app.active;
    const untouched = result.changedKnown === 0;
    const node = h("article", { class: "card" + (active ? " active" : ""), "data-key": result.key },
      h("button", { class: "card-face", type: "button", "aria-pressed": String(active), onclick: () => app.activate(result.key) },
        h("img", { src: fileUrl(result.thumb), alt: "", loading: "lazy" }),
        h("span", { class: "card-title" }, h("b", {}, unseen("Show the result of "), named(result)), h("small", {}, result.what, result.best ? h("i", { class: "tag" }, "suggested") : null))),
      h("p", { class: "badge" + (untouched ? "" : " bad"), html: icon(untouched ? "shield" : "warn") }, h("span", {}, result.changedKnown + " known pixels changed")),
      result.told ? h("p", { class: "badge told", html: icon("eye") }, h("span", {}, result.told)) : null,
      h("dl", { class: "facts" },
        fact("Time", result.seconds.toFixed(result.seconds < 10 ? 2 : 1) + " s", "Seconds for this removal"),
        fact("Seam", score(result.seam), "Contrast across the border of the hole against its surroundings: 1 cannot be told apart"),
        fact("Texture", score(result.texture), "Fine detail in the hole against its surroundings: 1 is as rich, 0 is flat"),
        fact("Grown", result.grow + " px", "Pixels by which the mask was grown at most; over " + result.feather + " the fill blends in")));
    return node;
  }

  return {
    show() {
      const results = Array.from(app.results.values());
      section.hidden = !results.length;
      list.replaceChildren(...results.map(card));
    },
  };
}
