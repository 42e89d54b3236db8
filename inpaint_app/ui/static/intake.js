/* How a photo comes in: chosen, dropped anywhere, pasted, taken with the camera, or a sample. */
function makeIntake(app) {
  const chooser = one(".st-file");
  const camera = one(".st-camera");
  const maskFile = one(".st-mask-file");
  const samples = one(".st-samples");

  async function take(file) {
    if (!file) return;
    if (app.busy) return app.say("info", "Still at work: wait for it, or press Cancel.");
    await send(file, "photo", (path) => app.send("open", { path, name: file.name || "pasted.png" }));
  }

  async function takeMask(file) {
    if (file && app.base && !app.busy) await send(file, "mask", (path) => app.send("mask", { path }));
  }

  /* A file goes to the server, then what is to be done with it; a cancel meanwhile ends it. */
  async function send(file, what, then) {
    const work = app.number();
    app.sending = true;
    app.waiting("Sending the " + what);
    try {
      const { path } = await upload(file);
      if (app.busy === work) then(path);
    } catch (error) {
      if (app.busy !== work) return;
      app.rest();
      app.say("error", "The " + what + " did not reach the server: " + ((error && error.message) || "the connection broke") + ". Try again.");
    } finally {
      app.sending = false;
    }
  }

  for (const [input, then] of [[chooser, take], [camera, take], [maskFile, takeMask]]) {
    input.addEventListener("change", () => { then(input.files[0]); input.value = ""; });
  }

  const open = () => app.visible();
  let depth = 0;
  const carriesFile = (event) => open() && event.dataTransfer && Array.from(event.dataTransfer.types).includes("Files");
  window.addEventListener("dragenter", (event) => { if (carriesFile(event)) { depth += 1; app.root.classList.add("dropping"); } });
  window.addEventListener("dragleave", (event) => { if (carriesFile(event) && (depth = Math.max(0, depth - 1)) === 0) app.root.classList.remove("dropping"); });
  window.addEventListener("dragover", (event) => { if (carriesFile(event)) event.preventDefault(); });
  window.addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    depth = 0;
    app.root.classList.remove("dropping");
    take(event.dataTransfer.files[0]);
  });
  window.addEventListener("paste", (event) => {
    if (!open() || typing(event.target) || !event.clipboardData) return;
    const item = Array.from(event.clipboardData.items).find((each) => each.type.startsWith("image/"));
    if (item) take(item.getAsFile());
  });

  for (const [name, thumb] of Object.entries(CONFIGURATION.samples)) {
    const thing = CONFIGURATION.examples[name];
    samples.append(h("button", { type: "button", class: "sample", "data-sample": name, onclick: () => app.send("open", { sample: name }) },
      h("img", { src: thumb, alt: "" }),
      h("span", {}, thing ? "Remove " + thing : "Just open", unseen(thing ? " from an example photo" : " the sample photo " + name))));
  }
  one(".st-samples-box").hidden = !Object.keys(CONFIGURATION.samples).length;

  /* Of an animation, or a file with pages, which one is edited. */
  const frame = one("[name=frame]");
  frame.addEventListener("change", () => app.send("open", { frame: Number(frame.value) }));
  function frames(number, many) {
    one(".st-frame").hidden = many < 2;
    one(".st-frame em").textContent = "of " + many;
    frame.max = many;
    frame.value = number;
  }

  return { frames, choose: () => chooser.click(), shoot: () => camera.click(), mask: () => maskFile.click() };
}
