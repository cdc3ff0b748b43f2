/* Matching by keyboard: arrows choose line and proposal, Enter accepts; amounts are whole fen (BigInt), never floats. */
(function () {
  "use strict";
  const host = document.querySelector("[data-match]");
  if (!host) return;
  const { el, api, toast, dialog } = window.PK;
  const rows = JSON.parse(document.getElementById("bm-rows").textContent), S = JSON.parse(document.getElementById("bm-texts").textContent);
  const list = host.querySelector(".bm-lines"), detail = host.querySelector("[data-detail]");
  const count = document.querySelector("[data-count]");
  const fen = (text) => {
    const m = /^(-?)(\d*)(?:\.(\d{0,2}))?$/.exec(String(text || "").replace(/[,，\s]/g, ""));
    return m && (m[2] || m[3]) ? BigInt((m[1] || "") + (m[2] || "0") + (m[3] || "").padEnd(2, "0")) : 0n;
  };
  const yuan = (n) => {
    const d = (n < 0n ? -n : n).toString().padStart(3, "0");
    return (n < 0n ? "-" : "") + d.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",") + "." + d.slice(-2);
  };
  let at = 0, which = 0, busy = false, once = null;
  const row = () => rows[at], proposal = () => row() && row().proposals[which];
  const node = (r) => host.querySelector(`[data-line="${r.id}"]`);
  const parts = () => [...detail.querySelectorAll("[data-bill]")], advance = () => detail.querySelector("[data-advance]");
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  function rest() {
    if (!row()) return 0n;
    const used = parts().reduce((sum, i) => sum + fen(i.value), 0n), extra = advance() ? fen(advance().value) : 0n;
    const whole = proposal() && proposal().deposit ? fen(row().amount) : 0n;
    const left = fen(row().amount) - used - extra - whole;
    const put = (name, value, bad) => { const b = host.querySelector(`[data-sum="${name}"]`); b.textContent = yuan(value); b.classList.toggle("bl-bad", Boolean(bad)); };
    put("line", fen(row().amount)); put("used", used + whole); put("advance", extra); put("rest", left, left !== 0n);
    parts().forEach((i) => i.classList.toggle("is-invalid", fen(i.value) > fen(i.dataset.open)));
    return left;
  }
  function choose(n, keep) {
    if (!rows.length) { host.replaceChildren(el("p", {}, S.done)); return; }
    at = Math.max(0, Math.min(n, rows.length - 1)); which = keep ? which : 0; once = newKey();
    host.querySelectorAll("[aria-selected=true]").forEach((x) => x.setAttribute("aria-selected", "false"));
    const line = node(row());
    line.setAttribute("aria-selected", "true"); list.setAttribute("aria-activedescendant", line.id); line.scrollIntoView({ block: "nearest" });
    draw();
    refresh(row(), proposal());
  }
  /* another line of the same firm was matched meanwhile: what is open has changed */
  async function refresh(r, p) {
    if (!p || !p.stale) return;
    try {
      const q = await api("GET", `/billing/matching/${r.id}/firm/${p.firm}`);
      Object.assign(p, { bills: q.bills, rest: q.rest, deposit: q.deposit, stale: false, reasons: [...p.reasons.slice(0, -1), ...q.reasons] });
      if (proposal() === p) draw();
    } catch (error) { toast(error.message, "danger"); }
  }
  function draw() {
    const r = row(), p = proposal();
    const head = el("div", {}, el("b", {}, r.payer || "—"), " ", el("span", { class: "text-secondary" }, [r.account, r.text].filter(Boolean).join(" · ")));
    if (!p) { detail.replaceChildren(head, el("p", {}, r.amount.startsWith("-") ? (r.fee ? S.fee : S.out) : S.none)); rest(); return; }
    const tabs = el("div", { class: "bm-tabs" }, r.proposals.map((x, i) => el("button", { type: "button", "aria-pressed": String(i === which), onclick: () => { which = i; draw(); refresh(row(), proposal()); } }, `${x.name} · ${x.score}`)));
    const why = el("ul", { class: "bm-why" }, p.reasons.map((t) => el("li", {}, t)));
    const body = p.bills.map((b) => el("tr", {}, el("td", {}, el("a", { href: "/billing/bill/" + b.id, target: "_blank", rel: "noopener", tabindex: "-1" }, b.number)), el("td", { class: "bl-wide" }, b.month), el("td", {}, b.due),
      el("td", { class: "rec-number" }, yuan(fen(b.open))), el("td", { class: "rec-number" }, el("input", { class: "form-control form-control-sm rec-number bl-amount", "data-bill": b.id, "data-open": b.open, inputmode: "decimal", maxlength: 20, autocomplete: "off", "aria-label": S.pays + " " + b.number, value: b.part ? yuan(fen(b.part)) : "", oninput: rest }))));
    if (p.deposit) body.length = 0;
    const foot = p.deposit ? el("p", {}, S.deposit) : el("tr", {}, el("td", { colspan: 2 }, S.advance), el("td", { class: "bl-wide" }), el("td", {}), el("td", { class: "rec-number" }, el("input", { class: "form-control form-control-sm rec-number bl-amount", "data-advance": true, inputmode: "decimal", maxlength: 20, autocomplete: "off", "aria-label": S.advance, value: fen(p.rest) > 0n ? yuan(fen(p.rest)) : "", oninput: rest })));
    detail.replaceChildren(head, tabs, why, p.deposit ? foot : el("table", { class: "table table-sm bl-table" },
      el("thead", {}, el("tr", {}, el("th", {}, S.bill), el("th", { class: "bl-wide" }, ""), el("th", {}, S.due), el("th", { class: "rec-number" }, S.open), el("th", { class: "rec-number" }, S.pays))), el("tbody", {}, body, foot)));
    rest();
  }
  /* the button of the certain lines counts what is left of them */
  function certain(line) {
    const form = document.querySelector("[data-safe]");
    if (!line.hasAttribute("data-sure") || !form) return;
    form.dataset.n = String(Number(form.dataset.n) - 1);
    const button = form.querySelector("button");
    button.textContent = form.dataset.confirm = form.dataset.safe.replace("{n}", form.dataset.n);
    button.disabled = form.dataset.n === "0";
  }
  async function send(url, body) {
    if (busy) return;
    busy = true;
    const r = row();
    try {
      const answer = await api("POST", `/billing/matching/${r.id}/${url}`, Object.assign({ once }, body));
      toast(answer.message, "success");
      rows.forEach((x) => x.proposals.forEach((p) => { if (p.firm === body.firm) p.stale = true; }));
      if (fen(answer.left) === 0n) { certain(node(r)); node(r).remove(); rows.splice(rows.indexOf(r), 1); count.textContent = String(Math.max(0, Number(count.textContent) - 1)); choose(at); }
      else location.reload();
    } catch (error) { toast(error.message, "danger"); once = newKey(); } finally { busy = false; list.focus(); }
  }
  const acts = {
    accept() {
      const p = proposal();
      if (!p) return acts[row().amount.startsWith("-") ? "ignore" : "firm"]();
      if (p.deposit) return send("accept", { deposit: p.deposit });
      if (rest() !== 0n) return toast(S.zero, "danger");
      const pairs = {};
      parts().forEach((i) => { if (fen(i.value) > 0n) pairs[i.dataset.bill] = yuan(fen(i.value)).replace(/,/g, ""); });
      return send("accept", { firm: p.firm, pairs, advance: yuan(fen(advance().value)).replace(/,/g, ""), score: p.score, why: p.reasons.join("; ") });
    },
    advance() { const a = advance(); if (a) { const left = rest() + fen(a.value); a.value = left > 0n ? yuan(left) : ""; rest(); } },
    async firm() {
      const select = el("select", { class: "form-select", name: "firm", "aria-label": S.firm, "data-choices": "/api/v1/tenants/firm/_choices" });
      const form = await dialog({ title: S.choose, body: el("div", { class: "bm-firm" }, select), opened: () => { window.PK.remoteSelects(select.parentElement); select.tomselect?.focus(); } });
      const id = form && form.get("firm");
      if (!id) return list.focus();
      const r = row();
      try {
        const p = await api("GET", `/billing/matching/${r.id}/firm/${id}`);
        p.reasons.unshift(S.chosen);
        r.proposals = [p, ...r.proposals.filter((x) => x.firm !== p.firm)]; which = 0; draw(); list.focus();
      } catch (error) { toast(error.message, "danger"); }
    },
    async unknown() { if (!row().amount.startsWith("-") && await dialog({ title: S.unknown, body: "" })) await send("accept", { firm: null }); },
    async ignore() {
      const input = el("input", { class: "form-control", name: "reason", maxlength: 200, "aria-label": S.reason, value: row().fee ? S.fee_reason : "" });
      const form = await dialog({ title: S.leave, body: el("div", {}, el("label", { class: "form-label" }, S.reason), input) });
      if (form) await send("ignore", { reason: form.get("reason") });
    },
    async tie() {
      const answer = await api("GET", `/billing/matching/${row().id}/recorded`);
      if (!answer.rows.length) return toast(S.nothing, "info");
      const select = el("select", { class: "form-select", name: "n", "aria-label": S.recorded }, answer.rows.map((x, i) => el("option", { value: i }, x.label)));
      const form = await dialog({ title: S.recorded, body: select });
      if (form) { const x = answer.rows[Number(form.get("n"))]; await send("tie", x.receipt ? { receipt: x.receipt } : { move: x.move }); }
    },
  };
  const KEYS = { a: "advance", f: "firm", u: "unknown", i: "ignore", r: "tie" };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog,select,textarea,[contenteditable],a,.pk-search,header,nav") || !rows.length) return;
    const typing = event.target.matches("input"), mine = !typing || detail.contains(event.target);
    if (!mine || (event.target.closest("button") && event.key === "Enter")) return;
    if (event.key === "Enter") { event.preventDefault(); acts.accept(); return; }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(at + (event.key === "ArrowDown" ? 1 : -1)); if (typing) list.focus(); return; }
    if (typing) return;
    const n = row().proposals.length;
    if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && n) { event.preventDefault(); which = (which + (event.key === "ArrowRight" ? 1 : n - 1)) % n; draw(); refresh(row(), proposal()); return; }
    const act = KEYS[event.key.toLowerCase()];
    if (act) { event.preventDefault(); acts[act](); }
  });
  host.addEventListener("click", (event) => {
    const line = event.target.closest("[data-line]"), button = event.target.closest("[data-do]");
    if (line) { choose(rows.findIndex((r) => String(r.id) === line.dataset.line)); list.focus(); }
    if (button) acts[button.dataset.do]();
  });
  choose(0); list.focus({ preventScroll: true });
})();
