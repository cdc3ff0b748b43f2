/* The list of REST operations, from the specification. */
(async () => {
  "use strict";
  const table = document.getElementById("operations");
  const answer = await fetch(table.dataset.source, { credentials: "same-origin" });
  if (!answer.ok) return;
  const cell = (text, tag = "td") => { const node = document.createElement(tag); node.textContent = text; return node; };
  for (const [path, operations] of Object.entries((await answer.json()).paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const row = table.tBodies[0].insertRow();
      row.append(cell(method.toUpperCase(), "th"), cell(path), cell(operation.summary || ""));
    }
  }
})();
