// Shows the usage while a reading is typed, red when it is lower than the last or far off; Enter goes to the next field.
(function () {
  "use strict";
  const fields = [...document.querySelectorAll(".mr-in input")];
  for (const [i, field] of fields.entries()) {
    const row = field.closest(".mr-row"), out = row.querySelector("output");
    field.addEventListener("keydown", (event) => { if (event.key === "Enter" && fields[i + 1]) { event.preventDefault(); fields[i + 1].focus(); } });
    if (!out) continue;
    field.addEventListener("input", () => {
      const typed = Number(field.value.replace(/[,，\s]/g, "")), last = Number(row.dataset.last);
      if (!field.value.trim() || Number.isNaN(typed)) { out.textContent = ""; return; }
      const usage = (typed - last) * Number(row.dataset.multiplier || 1), days = Number(row.dataset.days);
      const before = row.dataset.usage && Number(row.dataset.lastdays) ? Number(row.dataset.usage) / Number(row.dataset.lastdays) : null;
      out.textContent = (usage >= 0 ? "+" : "") + usage.toLocaleString(undefined, { maximumFractionDigits: 2 });
      out.classList.toggle("mr-jump", usage < 0 || (before > 0 && days > 0 && Math.abs(usage / days / before - 1) > 0.5));
    });
  }
})();
