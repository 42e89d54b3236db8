/* In a window of its own the page has no browser to download with: links to files ask where to save them. */
(() => {
  if (window.inpaintSaves) return;
  window.inpaintSaves = true;
  const ours = (link) => link.hasAttribute("download") && link.href.includes("/file=");
  const save = async (link) => {
    const problem = await window.pywebview.api.save(link.href, link.download);
    if (problem) window.alert(problem);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a");
    if (!link || !ours(link)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    save(link);
  }, true);
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function () {
    if (!this.isConnected && ours(this)) save(this); else click.call(this);
  };
})();
