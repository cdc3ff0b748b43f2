// The booking calendar: FullCalendar over our events; drag to book with every problem and the price before saving, drag to move.
(function () {
  "use strict";
  const box = document.getElementById("bk-calendar");
  if (!box) return;
  const data = JSON.parse(document.getElementById("bk-data").textContent), t = data.texts, el = PK.el;
  const narrow = matchMedia("(max-width: 900px)").matches;
  const two = (n) => String(n).padStart(2, "0");

  // an instant as the park's wall clock: 2026-03-02T10:00
  function wall(date) {
    const parts = Object.fromEntries(new Intl.DateTimeFormat("en-CA", { timeZone: data.zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(date).map((p) => [p.type, p.value]));
    return parts.year + "-" + parts.month + "-" + parts.day + "T" + parts.hour + ":" + parts.minute;
  }
  const words = (text) => text.replace("T", " ");
  const read = (text) => { const m = /^(\d{4}-\d{1,2}-\d{1,2})[T ]+(\d{1,2}):(\d{2})$/.exec(text.trim()); return m ? m[1] + "T" + two(+m[2]) + ":" + m[3] : text.trim(); };

  function found(list, answer, shortly) {
    const items = answer.problems.map((p) => el("li", { class: p.overridable ? "bk-soft" : "bk-hard" }, (p.overridable ? "△ " : "✕ ") + p.text));
    if (!items.length) items.push(el("li", { class: "bk-ok" }, "✓ " + t.free + (answer.needs_approval ? " " + t.asks : "")));
    for (const line of answer.price) items.push(el("li", {}, line.text + "  " + line.quantity + " × " + line.unit_price + " = ¥" + line.amount));
    items.push(el("li", {}, answer.total === null ? t.no_price : el("b", {}, t.price + " ¥" + answer.total)));
    list.replaceChildren(...(shortly ? items.slice(0, answer.problems.length || 1) : items));
  }
  const check = (values, signal) => PK.api("GET", "/api/v1/booking/check/?" + new URLSearchParams(values), undefined, { signal });

  function field(label, input, wide) {
    const wrap = el("div", { class: wide ? "bk-wide" : "" }, el("label", { for: input.id }, label), input);
    return wrap;
  }
  async function book(start, end, resource) {
    const pick = el("select", { class: "form-select", id: "bk-r", name: "resource_id" }, data.resources.map((r) => el("option", r.id === resource ? { value: r.id, selected: true } : { value: r.id }, r.name)));
    const from = el("input", { class: "form-control", id: "bk-s", type: "datetime-local", name: "starts_at", value: start, step: 60 });
    const until = el("input", { class: "form-control", id: "bk-e", type: "datetime-local", name: "ends_at", value: end, step: 60 });
    const firm = el("select", { class: "form-select", id: "bk-f", name: "firm_id", "data-choices": "/api/v1/tenants/firm/_choices" }, el("option", { value: "" }, t.none));
    const payer = el("select", { class: "form-select", id: "bk-p", name: "payer" }, el("option", { value: "" }, t.itself)), pays = field(t.payer, payer, true);
    pays.hidden = true;
    const memo = el("input", { class: "form-control", id: "bk-m", name: "memo", maxlength: 300 });
    const reason = el("input", { class: "form-control", id: "bk-o", name: "override_reason", maxlength: 300 });
    const list = el("ul", { class: "bk-found bk-wide", "aria-live": "polite" }), why = field(t.override, reason, true);
    const wait = el("button", { type: "button", class: "btn btn-sm", hidden: true }, t.wait), more = el("a", { class: "btn btn-sm", href: "#" }, t.more);
    why.hidden = true;
    const form = el("div", { class: "bk-form" }, field(t.resource, pick, true), field(t.start, from), field(t.end, until), field(t.firm, firm), field(t.memo, memo), pays, list, why, el("div", { class: "bk-wide bk-tools" }, wait, more));
    let last = null, running = null, timer = null;
    const values = () => ({ resource_id: pick.value, starts_at: read(from.value), ends_at: read(until.value), ...(firm.value ? { firm_id: firm.value } : {}), ...(payer.value ? { payer: payer.value } : {}) });
    async function look() {
      running?.abort();
      running = new AbortController();
      more.href = "/booking/booking/new?" + new URLSearchParams({ ...values(), memo: memo.value });
      try {
        last = await check(values(), running.signal);
        found(list, last);
        const chosen = payer.value, named = last.payers.map((p) => p.payer);
        if (named.join() !== [...payer.options].slice(1).map((o) => o.value).join()) payer.replaceChildren(el("option", { value: "" }, t.itself), ...last.payers.map((p) => el("option", { value: p.payer, selected: p.payer === chosen }, p.label)));
        pays.hidden = !named.length;
        why.hidden = !(last.may_override && last.problems.length && last.problems.every((p) => p.overridable));
        wait.hidden = !last.problems.some((p) => p.code === "booking.K-11");
      } catch (error) { if (error.name !== "AbortError") list.replaceChildren(el("li", { class: "bk-hard" }, error.message)); }
    }
    const soon = () => { clearTimeout(timer); timer = setTimeout(look, 250); };
    for (const input of [pick, from, until, firm, payer]) { input.addEventListener("change", soon); input.addEventListener("blur", soon); }
    const body = () => ({ resource_id: +pick.value, starts_at: read(from.value), ends_at: read(until.value), firm_id: firm.value ? +firm.value : null, memo: memo.value || null });
    const paid = () => ({ ...body(), ...(payer.value ? { payer: payer.value } : {}) });
    let box2 = null;
    wait.addEventListener("click", async () => {
      try { await PK.api("POST", "/api/v1/booking/waiting/", paid()); PK.toast(t.waiting); box2?.closest("dialog")?.close(""); } catch (error) { PK.toast(error.message, "danger"); }
    });
    const done = await PK.dialog({ title: t.new, body: form, ok: t.book, opened: (f) => { box2 = f; PK.remoteSelects?.(f); look(); },
      run: () => PK.api("POST", "/api/v1/booking/booking/", { ...paid(), ...(reason.value ? { override_reason: reason.value } : {}) }) });
    calendar.unselect();
    if (done) { PK.toast(done._state === "requested" ? t.approval : t.booked); calendar.refetchEvents(); }
  }

  async function move(info) {
    const event = info.event, p = event.extendedProps, start = wall(event.start), end = wall(event.end);
    const list = el("ul", { class: "bk-found" }), reason = el("input", { class: "form-control", id: "bk-o", maxlength: 300 }), why = field(t.override, reason, true);
    why.hidden = true;
    const body = el("div", {}, el("p", {}, p.name + " · " + event.title), el("p", {}, el("b", {}, t.to + " " + words(start) + "–" + end.slice(11))), list, why);
    const done = await PK.dialog({ title: t.move, body, ok: t.move,
      opened: async () => {
        try { const answer = await check({ resource_id: p.resource, starts_at: start, ends_at: end, booking_id: event.id }); found(list, answer); why.hidden = !(answer.may_override && answer.problems.length && answer.problems.every((x) => x.overridable)); } catch (error) { list.replaceChildren(el("li", { class: "bk-hard" }, error.message)); }
      },
      run: () => PK.api("PUT", "/api/v1/booking/booking/" + event.id, { version: p.version, resource_id: p.resource, starts_at: start, ends_at: end, people: p.people, memo: p.memo || null, ...(reason.value ? { override_reason: reason.value } : {}) }) });
    if (done) { PK.toast(t.moved); calendar.refetchEvents(); } else info.revert();
  }

  const calendar = new FullCalendar.Calendar(box, {
    timeZone: data.zone, locale: data.locale === "zh" ? "zh-cn" : "en-gb", firstDay: 1, now: undefined,
    initialView: narrow ? "timeGridDay" : "timeGridWeek", height: Math.max(narrow ? 420 : 480, innerHeight - box.getBoundingClientRect().top - (narrow ? 90 : 24)),
    headerToolbar: narrow ? { start: "prev,next", center: "title", end: "timeGridDay,listWeek,dayGridMonth" } : { start: "prev,next today", center: "title", end: "timeGridDay,timeGridWeek,dayGridMonth,listWeek" },
    buttons: { timeGridDay: { text: t.day }, timeGridWeek: { text: t.week }, dayGridMonth: { text: t.month }, listWeek: { text: t.list } },
    allDaySlot: false, nowIndicator: true, slotMinTime: "00:00:00", slotMaxTime: "24:00:00", scrollTime: "07:30:00", slotDuration: "00:30:00",
    snapDuration: "00:" + two(Math.min(30, data.step)) + ":00", slotHeaderFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false }, businessHours: data.hours.length ? data.hours : false, dayMaxEvents: 4,
    selectable: data.mayBook, selectMirror: true, selectMinDistance: 3, longPressDelay: 350, editable: data.mayMove, eventClass: "bk-event", backgroundEventClass: "bk-back",
    events: (info, ok, fail) => { PK.api("GET", box.dataset.events + "&start=" + encodeURIComponent(info.start.toISOString()) + "&end=" + encodeURIComponent(info.end.toISOString())).then(ok, (error) => { PK.toast(error.message, "danger"); fail(error); }); },
    select: (info) => book(wall(info.start), info.allDay ? wall(new Date(info.start.getTime() + 9 * 36e5)) : wall(info.end), data.resource || data.resources[0].id),
    eventDrop: move, eventResize: move,
  });
  calendar.render();
  window.bkCalendar = calendar;

  document.querySelector("[data-go]")?.addEventListener("change", (event) => { location.search = event.target.value; });
  document.querySelector("[data-new]")?.addEventListener("click", () => {
    const at = new Date(Math.ceil(Date.now() / 18e5) * 18e5);
    book(wall(at), wall(new Date(at.getTime() + 36e5)), data.resource || data.resources[0].id);
  });
  document.querySelector("[data-link]")?.addEventListener("click", async (event) => {
    try {
      const answer = await PK.api("POST", event.currentTarget.dataset.link, {});
      const input = el("input", { class: "form-control", readonly: true, value: answer.url });
      await PK.dialog({ title: t.link, body: el("div", {}, el("p", {}, t.secret), input), ok: t.close, opened: () => input.select() });
    } catch (error) { PK.toast(error.message, "danger"); }
  });
})();
