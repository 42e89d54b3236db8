/* How a photo comes in: chosen, dropped anywhere, pasted, taken with the camera, or a sample. Several at once, or what is
   dropped on their list, are further shots of its place. */
function makeIntake(app) {
  const chooser = one(".st-file");
  const camera = one(".st-camera");
  const maskFile = one(".st-mask-file");
  const shotFiles = one(".st-shot-files");
  const samples = one(".st-samples");

  async function take([file]) {
    if (!file) return;
    if (app.busy) return app.say("info", "Still at work: wait for it, or press Cancel.");
    await send([file], "photo", ([{ path }]) => app.send("open", { path, name: file.name || "pasted.png" }));
  }

  async function takeMask([file]) {
    if (file && app.base && !app.busy) await send([file], "mask", ([{ path }]) => app.send("mask", { path }));
  }

  async function takeShots(given) {
    if (!given.length || !app.base) return;
    if (app.busy) return app.say("info", "Still at work: wait for it, or press Cancel.");
    await send(given, given.length > 1 ? "shots" : "shot", (files) => app.send("shots", { files }));
  }

  /* Files go to the server one by one, then what is to be done with them; a cancel meanwhile ends it. */
  async function send(files, what, then) {
    const work = app.number();
    app.sending = true;
    app.waiting("Sending the " + what);
    try {
      const sent = [];
      for (const file of files) if (app.busy === work) sent.push({ path: (await upload(file)).path, name: file.name });
      if (app.busy === work) then(sent);
    } catch (error) {
      if (app.busy !== work) return;
      app.rest();
      app.say("error", "The " + what + " did not reach the server: " + ((error && error.message) || "the connection broke") + ". Try again.");
    } finally {
      app.sending = false;
    }
  }

  for (const [input, then] of [[chooser, take], [camera, take], [maskFile, takeMask], [shotFiles, takeShots]]) {
    input.addEventListener("change", () => { then(Array.from(input.files)); input.value = ""; });
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
    const files = Array.from(event.dataTransfer.files), shots = app.base && (files.length > 1 || (event.target.closest && event.target.closest(".st-shots")));
    (shots ? takeShots : take)(files);
  });
  window.addEventListener("paste", (event) => {
    if (!open() || typing(event.target) || !event.clipboardData) return;
    const item = Array.from(event.clipboardData.items).find((each) => each.type.startsWith("image/"));
    if (item) take([item.getAsFile()]);
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

  return { frames, choose: () => chooser.click(), shoot: () => camera.click(), mask: () => maskFile.click(), shots: () => shotFiles.click() };
}
