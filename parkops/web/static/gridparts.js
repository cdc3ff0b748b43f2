/* Parts of the grid's frame: tabs of views, chips, the columns panel, the foot, the bulk bar, phone cards. */
(function () {
  "use strict";
  const { el, T, api, toast, dialog } = PK;
  const DATA = window.GridData;

  /* Saved views; those that find no room go under "More", the active one stays in sight. */
  function tabs(grid, host, phone) {
    const s = grid.state, make = (key, title, extra) => el("button", { class: "pk-tab" + (s.view === key ? " active" : ""), type: "button", role: "tab", "aria-selected": String(s.view === key), onclick: () => grid.useView(key) }, title, extra);
    const saved = grid.info.saved.map((v) => make("saved:" + v.id, v.title));
    host.replaceChildren(...(grid.info.views.length || saved.length ? [make("", T("all"))] : []), ...grid.info.views.filter((v) => v.code !== "all").map((v) => make(v.code, v.title)), ...saved);
    if (phone) return PK.centre(host);
    const hidden = [], all = [...host.children], more = pop(T("more") + " ▾", T("more"), () => hidden.map((tab) => { tab.className = "pk-menu-item"; return tab; }));
    while (host.scrollWidth > host.clientWidth + 1 && all.length > 2) {
      const at = all.length - (all[all.length - 1].classList.contains("active") ? 2 : 1), [tab] = all.splice(at, 1);
      hidden.unshift(tab); tab.remove();
      if (!more.isConnected) { more.classList.add("pk-more-tabs"); more.firstChild.className = "pk-tab"; }
      host.append(more);
    }
  }
  function chips(grid, host) {
    const s = grid.state;
    const list = s.filters.map(([name, op, value], i) => {
      const column = grid.column(name);
      if (!column && name !== "id") return null;
      const text = name === "id" ? T("these_records", { n: [value].flat().length }) : column.title + " " + DATA.words(column, op, value, grid.prefs.unit, grid.labels);
      return el("span", { class: "pk-chip", title: text }, el("span", {}, text), el("button", { type: "button", "aria-label": T("remove_filter"), title: T("remove_filter"), onclick: () => { s.filters.splice(i, 1); grid.changed(); } }, "×"));
    });
    if (s.text) list.unshift(el("span", { class: "pk-chip" }, el("span", {}, "“" + s.text + "”"), el("button", { type: "button", "aria-label": T("remove_filter"), onclick: () => { s.text = ""; grid.changed(); } }, "×")));
    host.replaceChildren(...list.filter(Boolean));
    if (list.length) host.append(el("button", { class: "pk-link", type: "button", onclick: () => { s.filters = []; s.text = ""; grid.changed(); } }, T("clear_filters")));
    host.hidden = !list.length;
  }
  function pop(label, title, build) {
    const box = el("div", { class: "pk-pop" });
    const button = el("button", { class: "btn btn-sm", type: "button", title, "aria-expanded": "false", onclick: (event) => {
      event.stopPropagation();
      const open = box.querySelector(":scope > div");
      document.querySelectorAll(".pk-pop > div").forEach((d) => d.remove());
      button.setAttribute("aria-expanded", String(!open));
      if (!open) { const panel = el("div", { onclick: (e) => e.stopPropagation() }); panel.append(...build(() => panel.remove())); box.append(panel); }
    } }, label);
    box.append(button);
    return box;
  }
  document.addEventListener("click", () => document.querySelectorAll(".pk-pop > div").forEach((d) => d.remove()));
  document.addEventListener("keydown", (e) => { if (e.key === "Escape") document.querySelectorAll(".pk-pop > div").forEach((d) => d.remove()); });

  const option = (value, label, now) => el("option", { value, selected: value === now }, label);
  function panel(grid) {
    const p = grid.prefs, set = (key) => (event) => { p[key] = event.target.value; grid.keep(); grid.draw(); };
    const money = grid.info.columns.some((c) => c.fmt === "money");
    const groupSelect = (i) => el("select", { class: "form-select form-select-sm", "aria-label": T("group_by"), onchange: (e) => { const g = [...grid.state.group]; g[i] = e.target.value; grid.state.group = g.filter((x, n, all) => x && all.indexOf(x) === n); grid.changed(); } },
      option("", T("no_group"), grid.state.group[i] || ""), ...grid.info.columns.filter((c) => ["choice", "ref", "bool", "text", "month"].includes(c.fmt) && !c.personal).map((c) => option(c.name, c.title, grid.state.group[i])));
    return () => matchMedia("(max-width: 640px)").matches ? phonePanel(grid) : [
      el("h3", {}, T("group_by")), groupSelect(0), groupSelect(1),
      el("h3", {}, T("density")), el("select", { class: "form-select form-select-sm", "aria-label": T("density"), onchange: set("density") }, ...["auto", "compact", "normal"].map((d) => option(d, T(d), p.density || "auto"))),
      ...(money ? [el("h3", {}, T("unit")), el("select", { class: "form-select form-select-sm", "aria-label": T("unit"), onchange: set("unit") }, ...Object.keys(DATA.UNITS).map((u) => option(u, T(u), p.unit || "yuan")))] : []),
      el("h3", {}, T("more")),
      el("button", { class: "pk-menu-item", type: "button", onclick: () => saveView(grid) }, T("save_view")),
      ...(grid.savedView()?.mine ? [el("button", { class: "pk-menu-item", type: "button", onclick: () => deleteView(grid) }, T("delete_view"))] : []),
      el("h3", {}, T("shown_columns")),
      el("div", { class: "pk-columns" }, ...grid.info.columns.map((c) => el("label", {}, el("input", { type: "checkbox", checked: grid.names().includes(c.name), onchange: (e) => grid.toggleColumn(c.name, e.target.checked) }), c.title))),
      el("button", { class: "pk-link", type: "button", onclick: () => grid.resetColumns() }, T("reset")),
      el("p", { class: "pk-muted mb-0" }, T("row_keys"))];
  }
  /* Cards have no heads: what filters and sorts them stands here. */
  function phonePanel(grid) {
    const marked = new Set(cardColumns(grid)), s = grid.state;
    const offered = grid.info.columns.filter((c) => c.filter !== "none" && c.filter !== "ref" && (marked.has(c) || (!c.hidden && c.choices))).slice(0, 8);
    const field = (c) => {
      const control = grid.filterCell(c), own = s.filters.filter((f) => f[0] === c.name);
      control.className = "form-control form-control-sm";
      if (own.length === 1) control.value = control.tagName === "SELECT" ? (own[0][1] === "eq" ? String(own[0][2]) : "@more") : DATA.cell(c, own[0][1], own[0][2], grid.prefs.unit) ?? "";
      return el("label", { class: "pk-stacked" }, c.title, control);
    };
    const sorts = grid.info.columns.filter((c) => c.sortable && !c.hidden);
    return [el("h3", {}, T("filter")), ...offered.map(field), el("h3", {}, T("sort")),
      el("select", { class: "form-select form-select-sm", "aria-label": T("sort"), onchange: (e) => { const [name, way] = e.target.value.split(" "); s.sort = [[name, way]]; grid.changed(); } },
        ...sorts.flatMap((c) => ["asc", "desc"].map((way) => option(c.name + " " + way, c.title + (way === "asc" ? " ▲" : " ▼"), (s.sort[0] || []).join(" "))))),
      el("button", { class: "pk-menu-item", type: "button", onclick: () => saveView(grid) }, T("save_view"))];
  }
  async function saveView(grid) {
    const current = grid.savedView();
    const body = el("div", {}, el("label", { class: "form-label" }, T("view_title"), el("input", { class: "form-control", name: "title", maxlength: 60, value: current ? current.title : "" })),
      grid.info.rights.share ? el("label", {}, el("input", { type: "checkbox", name: "shared", checked: !!current?.shared }), " ", T("share_view")) : null);
    const s = grid.state;
    const done = await dialog({ title: T("save_view"), body, run: (form) => api("POST", grid.api + "_views", { title: form.elements.title.value, shared: !!form.elements.shared?.checked,
      state: { filters: s.filters, sort: s.sort, columns: grid.names(), text: s.text, group: s.group } }) });
    if (!done) return;
    toast(T("saved"), "success");
    grid.info.saved = (await api("GET", grid.api + "_views")).rows;
    s.view = "saved:" + done.id;
    grid.frame();
  }
  async function deleteView(grid) {
    const view = grid.savedView();
    const done = await dialog({ title: T("delete_view"), body: T("delete_view_ask", { title: view.title }), danger: true, ok: T("delete_view"), run: () => api("DELETE", grid.api + "_views/" + view.id) });
    if (!done) return;
    grid.info.saved = grid.info.saved.filter((v) => v.id !== view.id);
    grid.useView("");
  }
  function tools(grid, host) {
    const list = [pop(T("display"), T("display_hint"), panel(grid))];
    if (grid.info.rights.export) list.push(pop(T("export"), T("export"), (close) => ["xlsx", "csv"].map((f) => el("button", { class: "pk-menu-item", type: "button", onclick: () => { close(); exportFile(grid, f); } }, f === "xlsx" ? "Excel (.xlsx)" : "CSV (.csv)"))));
    host.replaceChildren(...list);
  }
  async function exportFile(grid, format, reason) {
    const q = grid.question();
    delete q.page; delete q.size; delete q.totals; delete q.group;
    if (grid.picked.size && !grid.everything) { q.ids = [...grid.picked]; delete q.text; }
    const body = { q, format };
    if (reason) body.reason = reason;
    try {
      const answer = await api("POST", grid.api + "_export", body, { raw: true });
      if (!(answer instanceof Response)) return toast(answer.message);
      const name = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") || "")?.[1] || "export." + format;
      const url = URL.createObjectURL(await answer.blob());
      el("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    } catch (error) {
      const asks = (error.body?.problems || []).find((p) => p.field === "reason");
      if (!asks) return toast(error.message, "danger");
      const given = await dialog({ title: T("export"), body: el("div", {}, el("p", {}, asks.message), el("input", { class: "form-control", name: "reason", maxlength: 200, "aria-label": T("reason") })), run: async (form) => form.elements.reason.value.trim() || Promise.reject(new Error(asks.message)) });
      if (given) await exportFile(grid, format, given);
    }
  }
  function foot(grid, host) {
    const a = grid.answer, s = grid.state, from = s.page * s.size + 1, to = Math.min(a.count, from + a.rows.length - 1);
    const order = grid.info.columns.map((c) => c.name), place = (name) => order.indexOf(name);
    const totals = Object.entries(a.totals || {}).filter(([, v]) => v !== null).sort(([x], [y]) => place(x) - place(y)).map(([name, v]) => { const c = grid.column(name); return el("span", {}, T(c.total === "count" ? "sum" : c.total) + " " + c.title + " ", el("b", {}, c.total === "count" ? String(v) : DATA.shown(c, v, grid.prefs.unit)), grid.unitOf(c) ? " " + grid.unitOf(c) : ""); });
    const step = (n, label, text, off) => el("button", { type: "button", title: label, "aria-label": label, disabled: off, onclick: () => grid.turn(n) }, text);
    host.replaceChildren(el("span", {}, el("b", {}, T("count", { n: a.count.toLocaleString("en-US") }))), el("span", { class: "pk-totals" }, ...totals), el("span", { class: "pk-pager" },
      a.count ? el("span", {}, T("page_of", { from: from.toLocaleString("en-US"), to: to.toLocaleString("en-US"), n: a.count.toLocaleString("en-US") })) : null,
      step(-1, T("previous"), "‹", s.page === 0), step(1, T("next"), "›", to >= a.count),
      el("select", { "aria-label": "25/50/100", onchange: (e) => { s.size = grid.prefs.size = +e.target.value; s.page = 0; grid.keep(); grid.load(); } }, ...[25, 50, 100].map((n) => option(String(n), String(n), String(s.size))))));
  }
  function bulkBar(grid, host) {
    const n = grid.everything ? grid.answer.count : grid.picked.size;
    host.hidden = !n;
    if (!n) return;
    host.replaceChildren(el("b", {}, T("selected", { n: n.toLocaleString("en-US") })),
      !grid.everything && grid.answer.count > grid.picked.size ? el("button", { class: "pk-link", type: "button", onclick: () => { grid.everything = true; grid.paint(); } }, T("select_all", { n: grid.answer.count.toLocaleString("en-US") })) : "",
      ...grid.info.bulk.map((a) => el("button", { class: "btn btn-sm" + (a.danger ? " btn-outline-danger" : ""), type: "button", onclick: () => bulk(grid, a) }, a.title)),
      grid.info.rights.export ? el("button", { class: "btn btn-sm", type: "button", onclick: () => exportFile(grid, "xlsx") }, T("export")) : "",
      el("button", { class: "pk-link", type: "button", onclick: () => { grid.picked.clear(); grid.everything = false; grid.paint(); } }, T("clear_selection")));
  }
  function values(form) {
    const out = {};
    for (const f of form.querySelectorAll("[name]")) {
      if (f.name === "_once" || f.name === "csrf_token" || f.type === "hidden" || f.disabled) continue;
      if (f.type === "checkbox") out[f.name] = f.checked;
      else if (f.multiple) out[f.name] = [...f.selectedOptions].map((o) => o.value);
      else out[f.name] = f.value === "" ? null : f.value;
    }
    return out;
  }
  async function bulk(grid, action) {
    const url = grid.info.url + "bulk/" + action.code;
    const target = grid.everything ? { q: grid.question() } : { ids: [...grid.picked] };
    const body = el("div", {}), preview = el("p", { class: "pk-muted" });
    try {
      if (action.inputs) body.innerHTML = await (await fetch(url, { credentials: "same-origin" })).text();
    } catch (error) { return toast(T("failed"), "danger"); }
    body.append(action.confirm ? el("p", {}, action.confirm) : "", preview);
    const key = body.querySelector('[name="_once"]')?.value || crypto.randomUUID?.() || String(Math.random()).slice(2) + Date.now();
    const tell = async (form) => {
      try { preview.textContent = (await api("POST", url, { ...target, values: values(form), dry_run: true })).message; } catch (error) { preview.textContent = error.message; }
    };
    const done = await dialog({ title: action.title, body, ok: T("run"), danger: action.danger,
      opened: (form) => { PK.remoteSelects(form); form.querySelectorAll("select[data-remote]").forEach((x) => { x.dataset.choices = x.dataset.remote; }); PK.remoteSelects(form); if (action.inputs) form.addEventListener("change", () => tell(form)); else tell(form); },
      run: (form) => api("POST", url, { ...target, values: values(form), key }) });
    if (!done) return;
    if (grid.inner && !done.redirect) { sessionStorage.setItem("pk.said", done.message); return location.reload(); }  // the record's own figures changed too
    toast(done.message, "success");
    if (done.redirect) return location.assign(done.redirect);
    grid.picked.clear(); grid.everything = false;
    grid.load(true);
  }
  /* What an empty list says: why there is nothing, and what to do about it. */
  function nothing(grid) {
    const s = grid.state, own = s.filters.length - grid.parkFilter().length;
    if (own > 0 || s.text) return [T("no_match"), " ", el("button", { class: "btn btn-sm", type: "button", onclick: () => { s.filters = grid.parkFilter(); s.text = ""; grid.changed(); } }, T("clear_filters"))];
    if (grid.inner || !grid.info.rights.add) return [T("nothing_yet")];
    return [T("nothing_yet"), " ", el("a", { class: "btn btn-sm", href: grid.info.url + "new" }, grid.info.new)];
  }
  /* A card's heading and up to three lines: the columns marked important, of those this grid shows. */
  function cardColumns(grid) {
    const pool = grid.inner ? grid.names().map((n) => grid.column(n)) : grid.info.columns, link = pool.includes(grid.linkColumn()) ? grid.linkColumn() : pool[0];
    const rest = pool.filter((c) => c !== link), marked = rest.filter((c) => c.important), seen = rest.filter((c) => !c.hidden && !c.important);
    return [link, ...[...marked, ...(marked.length < 2 ? seen : [])].slice(0, 3)];
  }
  function cards(grid, host) {
    const [link, ...rest] = cardColumns(grid);
    host.replaceChildren(el("div", { class: "pk-cards" }, ...grid.answer.rows.map((row) => el("a", { class: "pk-rowcard", href: grid.info.url + row.id, onclick: () => grid.remember() },
      el("strong", {}, grid.text(link, row) || row._label), el("dl", {}, ...rest.flatMap((c) => [el("dt", {}, c.title, grid.unitOf(c) ? " (" + grid.unitOf(c) + ")" : ""), el("dd", {}, grid.cellNode(c, row))])))),
      ...(grid.answer.rows.length ? [] : [el("p", { class: "pk-nothing" }, ...nothing(grid))])));
  }
  const said = sessionStorage.getItem("pk.said");
  if (said) { sessionStorage.removeItem("pk.said"); toast(said, "success"); }
  window.GridParts = { tabs, chips, tools, foot, bulkBar, cards, cardColumns, nothing };
})();
