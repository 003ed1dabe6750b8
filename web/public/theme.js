// Before the first paint, so that nobody who reads in the dark is blinded: what was chosen, else what the system says.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("gw.theme");
  } catch (_) {}
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
