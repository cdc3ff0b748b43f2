// The booking form: the firm's paying projects to choose from, every problem and the price while one fills it in.
(function () {
  "use strict";
  const form = document.querySelector("form.rec-form"), payer = form?.elements.payer, el = PK.el;
  if (!payer || !form.elements.resource_id) return;
  const list = el("ul", { class: "bk-found bk-form-found", "aria-live": "polite" });
  list.hidden = true;
  payer.closest("fieldset").append(list);
  document.head.append(el("link", { rel: "stylesheet", href: "/static/booking/calendar.css" }));
  const value = (name) => form.elements[name]?.value || "";
  let running = null, timer = null;

  function offer(rows) {
    const chosen = payer.value, known = [...payer.options].map((o) => o.value).filter(Boolean);
    if (rows.map((r) => r.payer).join() === known.join()) return;
    payer.replaceChildren(el("option", { value: "" }, ""), ...rows.map((r) => el("option", { value: r.payer, selected: r.payer === chosen }, r.label)));
  }

  function show(answer) {
    const amount = (n) => Number(n).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const lines = answer.price.map((p) => el("li", {}, p.text + (p.quantity && p.quantity !== "None" ? " " + p.quantity + " × " + amount(p.unit_price) : "") + " = " + amount(p.amount)));
    const total = answer.total === null ? [] : [el("li", {}, el("b", { "data-total": answer.total }, answer.total_text))];
    const wrong = answer.problems.map((p) => el("li", { class: p.overridable ? "bk-soft" : "bk-hard" }, p.text));
    list.replaceChildren(...(wrong.length ? wrong : [el("li", { class: "bk-ok" }, answer.summary)]), ...lines, ...total);
    list.hidden = false;
  }

  // the time asked about; of a series, its first day
  function times() {
    if (form.elements.starts_at) return { starts_at: value("starts_at"), ends_at: value("ends_at") };
    const day = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(value("first_day")), hour = /^(\d{1,2}):(\d{2})$/.exec(value("starts").trim()), minutes = +value("minutes");
    if (!day || !hour || !(minutes > 0)) return {};
    const at = Date.UTC(+day[1], +day[2] - 1, +day[3], +hour[1], +hour[2]), text = (ms) => new Date(ms).toISOString().slice(0, 16);
    return { starts_at: text(at), ends_at: text(at + minutes * 6e4) };
  }

  async function look() {
    running?.abort();
    running = new AbortController();
    const asked = { resource_id: value("resource_id"), ...times() };
    if (!asked.resource_id || !asked.starts_at || !asked.ends_at) { list.hidden = true; return; }
    for (const name of ["firm_id", "contact_id", "people", "payer"]) if (value(name)) asked[name] = value(name);
    try {
      const answer = await PK.api("GET", "/api/v1/booking/check/?" + new URLSearchParams(asked), undefined, { signal: running.signal });
      offer(answer.payers);
      show(answer);
    } catch (error) {
      if (error.name === "AbortError") return;
      list.replaceChildren(el("li", { class: "bk-hard" }, error.message));
      list.hidden = false;
    }
  }
  form.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(look, 200); });
  look();
})();
