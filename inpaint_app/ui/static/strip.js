/* The history: a small picture of every step, the present one marked. */
function makeStrip(app) {
  return () => {
    const strip = one(".st-history");
    strip.replaceChildren(...app.steps.map((step, index) => h("button", {
      type: "button", class: "frame", "aria-current": index === app.at ? "step" : null, title: index ? "Without " + step.title : "Original", "data-step": index,
      onclick: () => { if (!app.busy && index !== app.at) app.send("go", { step: index }); else app.edit(); },
    }, h("img", { src: fileUrl(step.thumb), alt: "" }), h("span", {}, index ? "Without " + step.title : "Original"))));
    const last = strip.lastElementChild;
    if (last) last.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}
