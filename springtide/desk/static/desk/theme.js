// Set before the first paint, so that nobody who chose dark is shown light first.
(function () {
  let chosen = null;
  try { chosen = localStorage.getItem("springtide-theme"); } catch (denied) { /* storage switched off: follow the system */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
