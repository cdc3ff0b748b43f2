// What-if of the recovery sheet: the served numbers are moved here in the browser; nothing is saved or sent.
"use strict";
(() => {
  const box = document.getElementById("rc-if");
  if (!box) return;
  const base = JSON.parse(document.getElementById("rc-data").textContent);
  const n = (v) => (v === null ? null : Number(v));
  const classes = base.classes.map((c) => ({ code: c.code, outside: c.outside, hours: n(c.hours), billed: n(c.billed) }));
  const fixed = n(base.fixed), rated = n(base.rated);
  const sum = (list, f) => list.reduce((t, x) => t + f(x), 0);
  const hours = sum(classes, (c) => c.hours), outside = sum(classes.filter((c) => c.outside), (c) => c.hours);
  const variable = base.variable === null || !hours ? 0 : n(base.variable) / hours;

  // The formulas of the page: C = fixed + variable·h, p* = C / h, p_ext = (C − charged to the others) / h_ext, H* = fixed / (p − variable).
  function work(price, use, mix) {
    const others = hours - outside;
    const list = classes.map((c) => {
      const target = c.outside ? (outside ? hours * mix * (c.hours / outside) : 0) : (others ? hours * (1 - mix) * (c.hours / others) : 0);
      const h = target * use;
      return { ...c, h, paid: c.hours ? (c.billed / c.hours) * price * h : c.billed * price * use };
    });
    const h = sum(list, (c) => c.h), cost = fixed === null ? null : fixed + variable * h, paid = sum(list, (c) => c.paid);
    const out = sum(list.filter((c) => c.outside), (c) => c.h), rest = sum(list.filter((c) => !c.outside), (c) => c.paid);
    const p = h ? paid / h : null;
    return {
      hours: h, charged: paid, cost, recovery: cost > 0 ? paid / cost : null, utilisation: rated ? h / rated : null,
      price: p, even: cost !== null && h ? Math.max(cost, 0) / h : null, outside: cost !== null && out ? Math.max(cost - rest, 0) / out : null,
      evenHours: fixed !== null && p > variable ? Math.max(fixed, 0) / (p - variable) : null, gap: cost === null ? null : cost - paid,
    };
  }
  const money = (v) => v.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const shown = { recovery: (v) => (v * 100).toFixed(1) + " %", utilisation: (v) => (v * 100).toFixed(1) + " %" };
  const sliders = [...box.querySelectorAll("input[type=range]")];
  const value = (name) => Number(box.querySelector(`[name=${name}]`).value) / 100;
  const start = hours ? outside / hours : 0;
  box.querySelector("[name=mix]").value = Math.round(start * 100);
  if (!outside || outside === hours) box.querySelector("[name=mix]").disabled = true;

  function show() {
    const touched = sliders.some((s) => s.dataset.touched);
    const mix = box.querySelector("[name=mix]").dataset.touched ? value("mix") : start;
    const now = work(value("price"), value("hours"), mix), before = work(1, 1, start);
    for (const s of sliders) s.parentElement.querySelector("output").textContent = s.value + " %";
    for (const [key, v] of Object.entries(now)) {
      const cell = box.querySelector(`[data-out=${key}]`);
      if (!cell) continue;
      cell.textContent = v === null || !Number.isFinite(v) ? "—" : (shown[key] || money)(v);
      cell.classList.toggle("rc-moved", touched && Math.abs((v || 0) - (before[key] || 0)) > 1e-9);
    }
  }
  for (const s of sliders) s.addEventListener("input", () => { s.dataset.touched = "1"; show(); });
  box.querySelector("button").addEventListener("click", () => {
    for (const s of sliders) { delete s.dataset.touched; s.value = s.name === "mix" ? Math.round(start * 100) : 100; }
    show();
  });
  show();
})();
