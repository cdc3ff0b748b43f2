// The stacking plan: hover card, menu by click, right click or long press, arrow keys, legend as filter, full screen, picture.
(function () {
  "use strict";
  const root = document.querySelector(".sk");
  if (!root) return;
  const cards = JSON.parse(document.getElementById("sk-data").textContent), card = document.getElementById("sk-card"), el = window.PK.el;
  const units = [...root.querySelectorAll(".sk-unit")], touch = matchMedia("(hover: none)");
  let pinned = null, timer = null, press = null, pressed = false;

  function fill(unit, withMenu) {
    const data = cards[unit.dataset.unit];
    const facts = el("dl", {}, data.facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat());
    card.replaceChildren(el("h2", {}, data.title), facts);
    if (withMenu) card.append(el("menu", { role: "menu" }, data.actions.map(([title, url], i) => el("a", { href: url, role: "menuitem", class: "btn btn-sm" + (i ? "" : " btn-primary") }, title))));
    card.hidden = false;
    place(unit);
  }
  function place(unit) {
    const at = unit.getBoundingClientRect(), w = card.offsetWidth, h = card.offsetHeight;
    const below = at.bottom + 6 + h <= innerHeight;
    card.style.left = Math.max(8, Math.min(at.left, innerWidth - w - 8)) + "px";
    card.style.top = (below ? at.bottom + 6 : Math.max(8, at.top - h - 6)) + "px";
  }
  function close() {
    if (pinned) pinned.classList.remove("sk-on");
    pinned = null;
    card.hidden = true;
    card.setAttribute("role", "tooltip");
  }
  function pin(unit, focus) {
    close();
    pinned = unit;
    unit.classList.add("sk-on");
    card.setAttribute("role", "dialog");
    fill(unit, true);
    if (focus) card.querySelector("a")?.focus();
  }
  // four ways: nearest unit whose centre lies in that direction
  function near(from, key) {
    const a = from.getBoundingClientRect(), ax = (a.left + a.right) / 2, ay = (a.top + a.bottom) / 2;
    const side = key === "ArrowLeft" || key === "ArrowRight", sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    let best = null, least = Infinity;
    for (const unit of units) {
      const b = unit.getBoundingClientRect(), dx = (b.left + b.right) / 2 - ax, dy = (b.top + b.bottom) / 2 - ay;
      const along = (side ? dx : dy) * sign, across = Math.abs(side ? dy : dx);
      if (along < 4 || (side && across > a.height / 2)) continue;
      const cost = side ? along + across * 8 : along * 4 + across;
      if (cost < least) { least = cost; best = unit; }
    }
    return best;
  }
  for (const unit of units) {
    unit.addEventListener("mouseenter", () => { if (pinned || touch.matches) return; clearTimeout(timer); timer = setTimeout(() => { if (!pinned) fill(unit, false); }, 130); });
    unit.addEventListener("mouseleave", () => { clearTimeout(timer); if (!pinned) card.hidden = true; });
    unit.addEventListener("click", () => { if (pressed) { pressed = false; return; } if (pinned === unit) close(); else pin(unit, false); });
    unit.addEventListener("contextmenu", (event) => { event.preventDefault(); pin(unit, true); });
    unit.addEventListener("touchstart", () => { pressed = false; press = setTimeout(() => { pressed = true; pin(unit, false); }, 480); }, { passive: true });
    for (const name of ["touchend", "touchmove", "touchcancel"]) unit.addEventListener(name, () => clearTimeout(press), { passive: true });
    unit.addEventListener("keydown", (event) => {
      if (event.key.startsWith("Arrow")) { const next = near(unit, event.key); if (next) { event.preventDefault(); next.focus(); if (pinned) pin(next, false); } }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pin(unit, true); }
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && pinned) { const unit = pinned; close(); unit.focus(); } });
  document.addEventListener("click", (event) => { if (pinned && !event.target.closest(".sk-unit,.sk-card")) close(); });
  addEventListener("scroll", () => { if (pinned && innerWidth > 768) place(pinned); else if (!pinned) card.hidden = true; }, { passive: true });

  const keys = [...root.querySelectorAll(".sk-key")];
  for (const key of keys) key.addEventListener("click", () => {
    key.setAttribute("aria-pressed", key.getAttribute("aria-pressed") === "true" ? "false" : "true");
    const wanted = keys.filter((k) => k.getAttribute("aria-pressed") === "true").map((k) => k.dataset.key);
    root.classList.toggle("sk-dim", wanted.length > 0);
    for (const unit of units) unit.classList.toggle("sk-hit", wanted.includes(unit.dataset.key));
  });
  root.querySelector("[data-go]")?.addEventListener("change", (event) => location.assign(event.target.value));
  const main = document.getElementById("sk-main"), full = root.querySelector("[data-full]");
  full?.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : main.requestFullscreen()));
  document.addEventListener("fullscreenchange", () => { if (document.fullscreenElement === main) main.append(card); else root.append(card); });

  root.querySelector("[data-png]")?.addEventListener("click", async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.png, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(window.T("failed"));
      const url = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
      const image = new Image();
      await new Promise((done, wrong) => { image.onload = done; image.onerror = wrong; image.src = url; });
      const canvas = el("canvas", { width: image.naturalWidth * 2, height: image.naturalHeight * 2 });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(url);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      const link = el("a", { href: URL.createObjectURL(blob), download: root.dataset.building + "-" + root.dataset.day + ".png" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 4000);
    } catch (error) { window.PK.toast(error.message || window.T("failed"), "danger"); } finally { button.disabled = false; }
  });
})();
