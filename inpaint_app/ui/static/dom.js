/* Small helpers around the DOM. */
function one(selector, root) {
  return (root || element).querySelector(selector);
}

function all(selector, root) {
  return Array.from((root || element).querySelectorAll(selector));
}

/* h("button", {class: "b", onclick: f}, "text", child) → element */
function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "html") node.innerHTML = value;
    else if (name in node && typeof value === "boolean") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/* Words for those who hear the page. */
function unseen(text) {
  return h("span", { class: "unseen" }, text);
}

function fileUrl(path) {
  const known = window.gradio_config || {};
  const root = (known.root || window.location.origin).replace(/\/$/, "");
  return root + (known.api_prefix || "/gradio_api") + "/file=" + path.split("/").map(encodeURIComponent).join("/");
}

const pictures = new Map();

/* The picture at a server path, loaded once. */
function picture(path) {
  if (!pictures.has(path)) {
    pictures.set(path, new Promise((resolve, reject) => {
      const image = new Image();
      image.decoding = "async";
      image.onload = () => resolve(image);
      image.onerror = () => { pictures.delete(path); reject(new Error("A picture did not arrive.")); };
      image.src = fileUrl(path);
    }));
    if (pictures.size > 60) pictures.delete(pictures.keys().next().value);
  }
  return pictures.get(path);
}

function token(name) {
  return getComputedStyle(element.closest(".gradio-container") || document.body).getPropertyValue(name).trim();
}

function bytes(count) {
  return count > 1e6 ? (count / 1e6).toFixed(1) + " MB" : Math.max(1, Math.round(count / 1e3)) + " kB";
}

function typing(target) {
  return target && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target.tagName === "INPUT" && !/^(range|checkbox|radio|button)$/.test(target.type)));
}
