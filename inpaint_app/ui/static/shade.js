/* Light or dark: as the system has it, until the visitor says otherwise. */
const known = (() => { try { return localStorage.getItem("shade"); } catch (refused) { return null; } })();
if (known && !new URLSearchParams(location.search).has("__theme")) document.body.classList.toggle("dark", known === "dark");
element.querySelector("button").addEventListener("click", () => {
  const dark = document.body.classList.toggle("dark");
  try { localStorage.setItem("shade", dark ? "dark" : "light"); } catch (refused) { /* private window */ }
});
