// What the console does by itself: theme, keyboard, filters that apply when chosen, files that are dropped.
"use strict";
(function () {
  const root = document.documentElement;

  // Theme: system → light → dark. The button says what is on, in the member's language.
  const themes = ["system", "light", "dark"];
  const current = () => root.dataset.theme || "system";
  function show(button) {
    const label = button.dataset[current()];
    button.textContent = label;
    button.setAttribute("aria-label", button.dataset.label + ": " + label);
  }
  function turn(button) {
    const next = themes[(themes.indexOf(current()) + 1) % themes.length];
    if (next === "system") delete root.dataset.theme; else root.dataset.theme = next;
    try { localStorage.setItem("springtide-theme", next); } catch (denied) { /* kept for this page only */ }
    document.querySelectorAll("[data-theme-switch]").forEach(show);
    document.dispatchEvent(new Event("springtide:theme"));
  }

  // Filters: an empty one is left out of the address, so that what is shared is short and says what is set.
  function apply(form) {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") query.append(name, value);
    const text = query.toString();
    location.assign(form.getAttribute("action") + (text ? "?" + text : ""));
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form");
    if (form && form.matches("[data-applies]")) apply(form);
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-applies]")) { event.preventDefault(); apply(event.target); }
    if (event.target.matches("[data-once]")) {
      const button = event.target.querySelector("button[type=submit], button:not([type])");
      if (button) setTimeout(() => { button.disabled = true; }, 0);
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch]");
    if (button) turn(button);
    const closes = event.target.closest("[data-closes]");
    if (closes) closes.closest("dialog").close();
  });

  // Keyboard: / finds a user, g and a letter goes to a page, ? says which; not while somebody types.
  let going = 0;
  function typing(target) {
    return target.matches("input, textarea, select, [contenteditable]");
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const seek = document.querySelector("[data-seek]");
      if (seek) { event.preventDefault(); seek.focus(); seek.select(); }
    } else if (event.key === "?") {
      const help = document.querySelector("#keys");
      if (help && !help.open) help.showModal();
    } else if (event.key === "g") {
      going = Date.now();
    } else if (Date.now() - going < 1500) {
      going = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); location.assign(link.href); }
    } else if ((event.key === "j" || event.key === "k") && document.querySelector("[data-list]")) {
      const rows = [...document.querySelectorAll("[data-list] tbody tr")];
      const at = rows.indexOf(document.activeElement.closest("tr"));
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))];
      if (next) { event.preventDefault(); next.tabIndex = -1; next.focus(); }
    }
  });

  // Files: dropped on the zone, or chosen; the form is sent at once, with progress while the file travels.
  function send(form) {
    const bar = form.querySelector("progress");
    const words = form.querySelector("[data-sending]");
    const request = new XMLHttpRequest();
    const data = new FormData(form);
    request.open("POST", form.action);
    request.setRequestHeader("X-Requested-With", "springtide");
    bar.hidden = false;
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total; bar.value = step.loaded;
      words.textContent = words.dataset.sending.replace("%s", Math.round(100 * step.loaded / step.total) + "%");
    });
    request.addEventListener("load", () => {
      const there = request.getResponseHeader("X-Springtide-Location");
      if (there) { location.assign(there); return; }
      location.reload();
    });
    request.addEventListener("error", () => { bar.hidden = true; words.textContent = words.dataset.failed; });
    request.send(data);
  }
  document.addEventListener("dragover", (event) => {
    const zone = event.target.closest(".drop");
    if (zone) { event.preventDefault(); zone.classList.add("over"); }
  });
  document.addEventListener("dragleave", (event) => {
    const zone = event.target.closest(".drop");
    if (zone) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    const zone = event.target.closest(".drop");
    if (!zone) return;
    event.preventDefault();
    zone.classList.remove("over");
    const input = zone.querySelector("input[type=file]");
    input.files = event.dataTransfer.files;
    if (input.files.length) send(zone.closest("form"));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".drop input[type=file]") && event.target.files.length) send(event.target.form);
  });

  document.querySelectorAll("[data-theme-switch]").forEach(show);
  if (matchMedia("(max-width: 760px)").matches) {
    document.querySelector(".side nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    document.querySelectorAll("[data-filters]").forEach((filters) => { filters.open = false; });
  }
})();
