// What-if of the recovery sheet: the served numbers are moved here in the browser; nothing is saved or sent.
// The formulas are those of calc_recovery.what_if and give_way; the browser test holds both together.
"use strict";
(() => {
  const box = document.getElementById("rc-if");
  if (!box) return;
  const base = JSON.parse(document.getElementById("rc-data").textContent);
  const n = (v) => (v === null ? null : Number(v));
  const classes = base.classes.map((c) => ({ code: c.code, outside: c.outside, hours: n(c.hours), billed: n(c.billed) }));
  const fixed = n(base.fixed), rated = n(base.rated);
  const sum = (list, f) => list.reduce((t, x) => t + f(x), 0);
  const hours = sum(classes, (c) => c.hours);
  const variable = base.variable === null || !hours ? 0 : n(base.variable) / hours;
  const start = classes.map((c) => (hours ? c.hours / hours : 0));
  let shares = start;

  // One class takes a share; the others keep their proportions (those they began with, once all came down to nothing).
  function giveWay(moved, to) {
    for (const known of [shares, start]) {
      const others = sum(known, (s) => s) - known[moved];
      if (others > 1e-12) return known.map((s, i) => (i === moved ? to : (s / others) * (1 - to)));
    }
    return shares;
  }
  // C = fixed + variable·h, p* = C / h, p_ext = (C − charged to the others) / h_ext, H* = fixed / (p − variable).
  function work(price, times, mix) {
    const list = classes.map((c, i) => {
      const h = hours * mix[i] * times;
      return { ...c, h, paid: c.hours ? (c.billed / c.hours) * price * h : c.billed * price * times };
    });
    const h = sum(list, (c) => c.h), cost = fixed === null ? null : fixed + variable * h, paid = sum(list, (c) => c.paid);
    const out = sum(list.filter((c) => c.outside), (c) => c.h), rest = sum(list.filter((c) => !c.outside), (c) => c.paid);
    const p = h ? paid / h : null;
    return {
      hours: h, charged: paid, cost, recovery: cost > 0 ? paid / cost : null, utilisation: rated ? h / rated : null,
      price: p, even: cost !== null && h ? Math.max(cost, 0) / h : null, outside: cost !== null && out ? Math.max(cost - rest, 0) / out : null,
      even_hours: fixed !== null && p > variable ? Math.max(fixed, 0) / (p - variable) : null, gap: cost === null ? null : cost - paid,
    };
  }
  const money = (v) => v.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const percent = (v) => (v * 100).toFixed(1) + " %";
  const shown = { recovery: percent, utilisation: percent };
  const whole = [...box.querySelectorAll("input[name=price], input[name=hours]")];
  const parts = [...box.querySelectorAll("input[data-class]")].map((s) => ({ s, at: classes.findIndex((c) => c.code === s.dataset.class) }));
  const value = (name) => Number(box.querySelector(`[name=${name}]`).value) / 100;
  let touched = false;

  function show(moving) {
    const now = work(value("price"), value("hours"), shares), before = work(1, 1, start);
    for (const s of whole) s.parentElement.querySelector("output").textContent = s.value + " %";
    for (const { s, at } of parts) {
      if (s !== moving) s.value = Math.round(shares[at] * 100);
      s.parentElement.querySelector("output").textContent = percent(shares[at]);
    }
    for (const [key, v] of Object.entries(now)) {
      const cell = box.querySelector(`[data-out=${key}]`);
      if (!cell) continue;
      cell.textContent = v === null || !Number.isFinite(v) ? "—" : (shown[key] || money)(v);
      cell.classList.toggle("rc-moved", touched && Math.abs((v || 0) - (before[key] || 0)) > 1e-9);
    }
  }
  for (const s of whole) s.addEventListener("input", () => { touched = true; show(s); });
  for (const { s, at } of parts) {
    s.disabled = start[at] >= 1;
    s.addEventListener("input", () => { touched = true; shares = giveWay(at, Number(s.value) / 100); show(s); });
  }
  box.querySelector("button").addEventListener("click", () => {
    touched = false;
    shares = start;
    for (const s of whole) s.value = 100;
    show(null);
  });
  show(null);
})();
