// The SQL page: Ctrl-Enter runs, a name of the tables goes into the statement, and words are coloured as they are typed.
"use strict";
(function () {
  const form = document.querySelector("[data-sql]");
  if (!form) return;
  const field = form.querySelector("[data-code]");
  const lights = form.querySelector("[data-lights]");
  const words = "select|from|where|group|by|order|having|qualify|limit|offset|with|recursive|as|inner|left|right|full|outer|semi|anti|asof|cross|" +
    "join|on|using|union|all|except|intersect|distinct|case|when|then|else|end|and|or|not|in|is|null|like|ilike|between|exists|over|" +
    "partition|rows|range|preceding|following|current|row|filter|within|asc|desc|nulls|first|last|interval|date|timestamp|true|false|cast|lateral|values|exclude|replace";
  const parts = new RegExp(`(--[^\\n]*|/\\*[\\s\\S]*?\\*/)|('(?:[^']|'')*'?)|\\b(\\d+(?:\\.\\d+)?)\\b|\\b(${words})\\b`, "gi");
  const kinds = ["sql-comment", "sql-text", "sql-number", "sql-word"];

  // The text itself stands in the textarea; behind it the same text is painted, letter under letter.
  function light() {
    const painted = document.createDocumentFragment();
    let at = 0;
    for (const found of field.value.matchAll(parts)) {
      painted.append(field.value.slice(at, found.index));
      const mark = document.createElement("span");
      mark.className = kinds[found.slice(1).findIndex((part) => part !== undefined)];
      mark.textContent = found[0];
      painted.append(mark);
      at = found.index + found[0].length;
    }
    painted.append(field.value.slice(at) + "\n");
    lights.replaceChildren(painted);
    follow();
  }
  function follow() { lights.scrollTop = field.scrollTop; lights.scrollLeft = field.scrollLeft; }

  field.addEventListener("input", light);
  field.addEventListener("scroll", follow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.querySelector("[data-runs]").click();
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-inserts]");
    if (!button) return;
    field.focus();
    field.setRangeText(button.dataset.inserts, field.selectionStart, field.selectionEnd, "end");
    light();
  });
  form.classList.add("lit");
  light();
})();
