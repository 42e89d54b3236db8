/* Further shots of the photo's place: a line each, with how well it fits or why it is not used. */
function makeShots(app) {
  const list = one(".st-shots-list");
  app.shots_ = [];

  function line(shot) {
    return h("div", { class: "shot" + (shot.good ? "" : " unfit"), "data-shot": shot.id },
      h("img", { src: fileUrl(shot.thumb), alt: "", loading: "lazy" }),
      h("span", {}, h("b", {}, shot.name), h("small", {}, shot.told)),
      h("button", { class: "t", type: "button", "aria-label": "Let go of " + shot.name, title: "Let go of it", html: icon("close"),
        onclick: () => app.busy || app.send("shots", { drop: shot.id }) }));
  }

  return {
    show(shots) {
      app.shots_ = shots;
      list.replaceChildren(...shots.map(line));
      const fit = shots.filter((shot) => shot.good).length;
      one(".st-shots-count").textContent = shots.length ? fit + " of " + shots.length + " fit" : "";
      if (shots.length) one(".st-shots").open = true;
      app.enable();
    },
  };
}
